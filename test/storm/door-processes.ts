import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Doors } from '../support/doors.ts';
import type { Order, Told } from './door-process.ts';

const PROCESS = fileURLToPath(new URL('./door-process.ts', import.meta.url));

export type HouseOptions = {
  readonly folder: string;
  readonly key: string;
  readonly secret: string;
  readonly path: string;
};

type Member = { child: ChildProcess; doors: Doors | undefined };

/** Several processes of the product on one database. One that is killed is started again, on ports of its own. */
export class DoorProcesses {
  kills = 0;
  readonly #options: HouseOptions;
  readonly #time: { readonly now: number };
  readonly #members: readonly Member[];
  #isOver = false;

  constructor(options: HouseOptions, size: number, time: { readonly now: number }) {
    this.#options = options;
    this.#time = time;
    this.#members = Array.from({ length: size }, () => ({ child: this.#fork(), doors: undefined }));
  }

  async start(): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#ready(member)));
  }

  /** Moves the clocks of all that are up to now and answers their doors. */
  async atTheTime(): Promise<readonly Doors[]> {
    const up = this.#members.filter(({ doors }) => doors !== undefined);
    await Promise.all(up.map(({ child }) => this.#move(child)));
    return up.flatMap(({ doors }) => (doors === undefined ? [] : [doors]));
  }

  /** Kills one without a warning, as long as two stay. */
  killOne(): void {
    const up = this.#members.filter(({ doors }) => doors !== undefined);
    const member = up[this.kills % Math.max(1, up.length)];
    if (member === undefined || up.length < 3) return;
    this.kills += 1;
    const { doors } = member;
    member.doors = undefined;
    member.child.kill('SIGKILL');
    void once(member.child, 'exit').then(() => {
      doors?.close();
      if (this.#isOver) return undefined;
      member.child = this.#fork();
      return this.#ready(member);
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(
      this.#members.map(async ({ child, doors }) => {
        doors?.close();
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
  }

  #fork(): ChildProcess {
    const words = [this.#options.folder, String(this.#time.now)];
    return fork(PROCESS, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
  }

  async #ready(member: Member): Promise<void> {
    const { child } = member;
    const told = await Promise.race([
      once(child, 'message').then(([message]) => message as Told),
      once(child, 'exit').then(() => undefined),
    ]);
    if (told?.kind !== 'ready') {
      if (this.#isOver) return;
      throw new Error('a process did not start');
    }
    const { key, secret, path } = this.#options;
    const ports = { gatePort: told.gate, apiPort: told.api, radiusPort: told.radius };
    member.doors = await Doors.open({ ...ports, key, secret, path });
  }

  #move(child: ChildProcess): Promise<void> {
    const { now } = this.#time;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        child.off('message', hear);
        child.off('exit', finish);
        resolve();
      };
      const hear = (told: Told): void => {
        if (told.kind === 'moved' && told.now === now) finish();
      };
      child.on('message', hear);
      child.on('exit', finish);
      child.send({ now } satisfies Order, () => undefined);
    });
  }
}
