import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createVault } from '../../src/crypto/vault.ts';
import { openStores, type Stores } from '../../src/stores/open.ts';
import { addAccount, event, START, totp } from '../stores/fixture.ts';
import { checkHistory, type Round, wasRaced } from './history.ts';
import type { Answer, Batch } from './submitter.ts';

export type StormOptions = {
  /** A round is one valid code of one account, raced by several submitters. */
  readonly rounds: number;
  readonly processes: number;
  /** How many submitters race for one code: each in a process of its own as far as there are enough. */
  readonly submitters: number;
  /** Milliseconds between two kills; 0 for none. */
  readonly killEvery: number;
  readonly accounts?: number;
};

export type StormReport = {
  readonly rounds: number;
  readonly submissions: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly unknown: number;
  readonly kills: number;
  readonly seconds: number;
  readonly problems: readonly string[];
};

const SUBMITTER = fileURLToPath(new URL('./submitter.ts', import.meta.url));

/** Races codes until all rounds are run, killing a process now and then, and checks what came of it. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-storm-'));
  const time = { now: START };
  const stores = await openHouse(folder, time);
  const troupe = new Troupe(folder, options.processes);
  try {
    await troupe.start();
    const names = Array.from({ length: Math.min(options.accounts ?? 100, options.rounds) }, (_, n) => `user${n}`);
    const actors = await Promise.all(names.map((name) => enrol(stores, name)));
    const nemesis = options.killEvery > 0 ? setInterval(() => troupe.killOne(), options.killEvery) : undefined;
    const before = performance.now();
    const history: Round[] = [];
    for (let number = 1, raced = 0; raced < options.rounds; number++) {
      time.now = START + number * 30_000;
      const rounds = await runBatch(troupe, actors, number, time.now, options.submitters);
      raced += rounds.filter(wasRaced).length;
      history.push(...rounds);
    }
    clearInterval(nemesis);
    const seconds = (performance.now() - before) / 1000;
    return { ...(await checkHistory(stores, history)), kills: troupe.kills, seconds };
  } finally {
    await troupe.stop();
    await stores.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Actor = { readonly account: string; readonly codeAt: (step: number) => string };

async function openHouse(folder: string, time: { now: number }): Promise<Stores> {
  const quiet = () => undefined;
  return openStores({
    path: join(folder, 'sumun.db'),
    vault: createVault(createMasterKey(join(folder, 'master.key'), systemRandom), systemRandom),
    signing: { status: () => [], rotate: async () => undefined },
    clock: { now: () => time.now },
    random: systemRandom,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    clockTolerance: 15_000,
  });
}

async function enrol(stores: Stores, name: string): Promise<Actor> {
  const { id } = await addAccount(stores, name);
  await stores.authenticators.add(totp(id, { seed: systemRandom.bytes(20) }), event('token.enrolled'));
  const [bound] = await stores.authenticators.bind(id);
  if (bound === undefined) throw new Error('the authenticator was not added');
  return { account: id, codeAt: bound.codeAt };
}

/** One code of each account, and the code before it once more: that one is within the window and used up. */
async function runBatch(
  troupe: Troupe,
  actors: readonly Actor[],
  number: number,
  now: number,
  submitters: number,
): Promise<readonly Round[]> {
  const step = Math.floor(now / 30_000);
  const rounds = actors.map((actor): Round => ({ ...actor, step, fresh: [], replayed: [] }));
  const startAt = Date.now() + 5;
  const members = troupe.members.filter((member) => !member.isDown);
  const plays = members.map((member, place) => {
    const parts = rounds.flatMap((round, index) => {
      // Who races for which code changes from round to round and batch to batch.
      const offset = (place + index + number) % members.length;
      const copies = Math.ceil((submitters - offset) / members.length);
      const fresh = Array.from({ length: Math.max(0, copies) }, () => ({ round, step, seen: round.fresh }));
      return offset === 0 && number > 1 ? [...fresh, { round, step: step - 1, seen: round.replayed }] : fresh;
    });
    const ordered = number % 2 === 0 && place % 2 === 1 ? parts.toReversed() : parts;
    const submissions = ordered.map((part) => ({ account: part.round.account, code: codeOf(actors, part) }));
    const batch: Batch = { number, now, startAt, submissions };
    return troupe.play(member, batch).then((results) => {
      for (const [index, part] of ordered.entries()) part.seen.push(results.get(index) ?? 'unknown');
    });
  });
  await Promise.all(plays);
  return rounds;
}

const codeOf = (actors: readonly Actor[], part: { readonly round: Round; readonly step: number }): string => {
  const actor = actors.find((each) => each.account === part.round.account);
  if (actor === undefined) throw new Error('no such account');
  return actor.codeAt(part.step);
};

type Member = { child: ChildProcess; isDown: boolean };

/** The submitting processes. One that is killed is started again. */
class Troupe {
  readonly members: readonly Member[];
  kills = 0;
  readonly #folder: string;
  #isOver = false;

  constructor(folder: string, size: number) {
    this.#folder = folder;
    this.members = Array.from({ length: size }, () => ({ child: this.#fork(), isDown: true }));
  }

  async start(): Promise<void> {
    await Promise.all(this.members.map((member) => this.#ready(member)));
  }

  killOne(): void {
    const up = this.members.filter((member) => !member.isDown);
    const member = up[this.kills % Math.max(1, up.length)];
    // At least two stay, so that every code is raced for and somebody can win it.
    if (member === undefined || up.length < 3) return;
    this.kills += 1;
    member.isDown = true;
    member.child.kill('SIGKILL');
    void once(member.child, 'exit').then(() => {
      if (this.#isOver) return undefined;
      member.child = this.#fork();
      return this.#ready(member);
    });
  }

  /** Sends a batch and collects results until it is done or its process is gone; what is missing then is unknown. */
  play(member: Member, batch: Batch): Promise<ReadonlyMap<number, 'accepted' | 'rejected'>> {
    const results = new Map<number, 'accepted' | 'rejected'>();
    const { child } = member;
    if (member.isDown || child.exitCode !== null || child.signalCode !== null) return Promise.resolve(results);
    return new Promise((resolve) => {
      const finish = () => {
        child.off('message', hear);
        child.off('exit', finish);
        resolve(results);
      };
      const hear = (answer: Answer) => {
        if (answer.kind === 'result' && answer.batch === batch.number) {
          results.set(answer.index, answer.accepted ? 'accepted' : 'rejected');
        }
        if (answer.kind === 'done' && answer.batch === batch.number) finish();
      };
      child.on('message', hear);
      child.on('exit', finish);
      child.send(batch, () => undefined);
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.members.map(({ child }) => gone(child)));
  }

  #fork(): ChildProcess {
    return fork(SUBMITTER, [this.#folder], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
  }

  async #ready(member: Member): Promise<void> {
    await once(member.child, 'message');
    member.isDown = false;
  }
}

async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
