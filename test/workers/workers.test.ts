import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditEvent } from '../../src/flows/origin.ts';
import type { RawClient } from '../support/raw-client.ts';
import { newConnections } from './newcomers.ts';
import { Site } from './site.ts';

const WORKERS = [1, 2, 3] as const;
const ORIGIN = { actor: 'cli', address: '', request: '' };

let site: Site;
beforeAll(async () => {
  site = await Site.open({ workers: 3 });
}, 120_000);
afterAll(() => site.remove());

type Kept = { readonly client: RawClient; readonly worker: number };

/** Kept connections, at least two on each worker. */
async function keptConnections(mark: string): Promise<Kept[]> {
  const kept: Kept[] = [];
  const has = (worker: number): boolean => kept.filter((each) => each.worker === worker).length >= 2;
  for (let index = 0; !WORKERS.every(has); index++) {
    const client = await site.connect();
    const path = `/open/${mark}-${index}-`;
    await site.get(client, path);
    await site.until(() => site.workerOf(path) !== undefined);
    kept.push({ client, worker: site.workerOf(path) ?? 0 });
  }
  return kept;
}

/** True once the other side has ended the connection. */
const isOver = (client: RawClient): boolean => client.closed || client.socket.readableEnded;

const countOf = (event: string): number => site.lines.filter((line) => line.event === event).length;

describe('several workers', () => {
  test('share one port, and each of them carries requests', async () => {
    const before = await site.metric('sumun_gateway_requests_total');
    const kept = await keptConnections('share');
    expect(new Set(kept.map(({ worker }) => worker))).toEqual(new Set(WORKERS));
    expect([await site.readiness(), await site.metric('sumun_workers')]).toEqual([200, 3]);
    // Figures are those of all workers together, at most a second old.
    await site.until(async () => (await site.metric('sumun_gateway_requests_total')) === before + kept.length, 3000);
    for (const { client } of kept) client.destroy();
  });

  test('a rate holds over all of them together, to the request', async () => {
    const kept = await keptConnections('rate');
    const rounds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const statuses: number[] = [];
    const ask = async ({ client }: Kept): Promise<void> => {
      for (const _ of rounds) statuses.push((await site.get(client, '/rated')).status);
    };
    await Promise.all(kept.map(ask));
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    for (const { client } of kept) client.destroy();
  });

  test('limits.per_address holds over all of them together', async () => {
    const clients = await Promise.all(Array.from({ length: 90 }, () => site.connect('127.0.0.2')));
    await site.until(() => clients.filter(isOver).length >= 50, 3000);
    const statuses = clients.filter(isOver).map(({ text }) => text.slice(0, 12));
    expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 429']));
    const left = clients.filter((client) => !isOver(client));
    const answers = await Promise.all(left.map((client) => site.get(client, '/word')));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 200));
    for (const client of clients) client.destroy();
    // Places come back when connections end.
    await site.until(async () => {
      const again = await site.connect('127.0.0.2');
      const answer = await site.get(again, '/word').catch(() => undefined);
      again.destroy();
      return answer?.status === 200;
    }, 3000);
  });
});

describe('a reload', () => {
  const words = async (clients: readonly Kept[]): Promise<Set<string>> =>
    new Set(await Promise.all(clients.map(async ({ client }) => (await site.get(client, '/word')).body)));

  test('takes effect in every worker, or in none', async () => {
    const kept = await keptConnections('reload');
    expect(await words(kept)).toEqual(new Set(['one']));
    site.configure('two');
    await site.until(() => countOf('config.loaded') === 1);
    await site.until(async () => (await words(kept)).has('two'), 1000);
    expect(await words(kept)).toEqual(new Set(['two']));
    site.configure('three', 'nonsense');
    await site.until(() => countOf('config.refused') === 1);
    expect(await words(kept)).toEqual(new Set(['two']));
    for (const { client } of kept) client.destroy();
  });

  test('that was refused does not reach a worker that is started later', async () => {
    const lost = countOf('server.worker-lost');
    process.kill(site.pidOf(2), 'SIGKILL');
    await site.until(() => countOf('server.worker-lost') === lost + 1);
    await site.until(async () => (await site.metric('sumun_workers')) === 3);
    const kept = await keptConnections('later');
    expect(await words(kept)).toEqual(new Set(['two']));
    for (const { client } of kept) client.destroy();
    site.configure('four');
    site.child.kill('SIGHUP');
    await site.until(() => countOf('config.loaded') === 2);
  });
});

describe('F6 revocation', () => {
  test('ends requests and WebSockets in every worker within one second', async () => {
    const taken: number[] = [];
    for (let round = 0; round < 5; round++) {
      const people = await Promise.all(Array.from({ length: 4 }, (_, index) => arrive(`p${round}-${index}`)));
      const workers = new Set(people.flatMap((person) => person.workers));
      expect(workers).toEqual(new Set(WORKERS));
      taken.push(...(await Promise.all(people.map(async (person, index) => leave(person, index % 2 === 0)))).flat());
    }
    process.stdout.write(`revocation: ${taken.length} connections, at most ${Math.ceil(Math.max(...taken))} ms\n`);
    expect(taken.length).toBeGreaterThanOrEqual(100);
    expect(Math.max(...taken)).toBeLessThan(1000);
  }, 120_000);
});

type Person = {
  readonly accountId: string;
  readonly cookie: string;
  readonly sockets: readonly RawClient[];
  readonly kept: readonly RawClient[];
  readonly workers: readonly number[];
};

/** Somebody with three kept connections and three WebSockets, on several workers. */
async function arrive(login: string): Promise<Person> {
  const { accountId, cookie } = await site.signIn(login);
  const kept: RawClient[] = [];
  const sockets: RawClient[] = [];
  for (const index of [0, 1, 2]) {
    const client = await site.connect();
    expect((await site.get(client, `/here/${login}-${index}-`, cookie)).status).toBe(200);
    kept.push(client);
    sockets.push(await site.socket(`/socket/${login}-${index}-`, cookie));
  }
  const paths = [0, 1, 2].map((index) => `/here/${login}-${index}-`);
  await site.until(() => paths.every((path) => site.workerOf(path) !== undefined));
  return { accountId, cookie, kept, sockets, workers: paths.map((path) => site.workerOf(path) ?? 0) };
}

/** Suspends the account, or ends its sign-ins, in another process than any worker; answers how long each thing took. */
async function leave({ accountId, cookie, kept, sockets }: Person, isSuspended: boolean): Promise<readonly number[]> {
  const { accounts, sessions } = site.house;
  const now = Date.now();
  if (isSuspended) await accounts.setStatus(accountId, 'suspended', auditEvent('user.suspended', now, ORIGIN));
  else await sessions.revoke({ accountId }, auditEvent('session.revoked', now, ORIGIN));
  const since = performance.now();
  const untilRefused = async (client: RawClient): Promise<number> => {
    // A request that is in hand when the session ends is cut.
    const status = () =>
      site.get(client, '/again', cookie).then(
        (answer) => answer.status,
        () => 0,
      );
    while ((await status()) === 200) {
      if (performance.now() - since > 3000) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.destroy();
    return performance.now() - since;
  };
  const untilCut = async (client: RawClient): Promise<number> => {
    await client.untilClosed(3000);
    client.destroy();
    return performance.now() - since;
  };
  return Promise.all([...kept.map(untilRefused), ...sockets.map(untilCut)]);
}

describe('a worker that is killed', () => {
  test('takes only its own connections with it; new ones are served within a second', async () => {
    const { cookie } = await site.signIn('survivor');
    for (const victim of WORKERS) {
      const kept = await keptConnections(`crash-${victim}`);
      const sockets = await Promise.all(WORKERS.map(() => site.socket('/socket', cookie)));
      const bystanders = kept.filter(({ worker }) => worker !== victim);
      const faults: string[] = [];
      let isDone = false;
      const keepAsking = async ({ client }: Kept): Promise<void> => {
        while (!isDone && !isOver(client)) {
          const answer = await site.get(client, '/word').catch(String);
          if (typeof answer === 'string' || answer.status !== 200) faults.push(JSON.stringify(answer));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const asking = bystanders.map(keepAsking);
      const lost = countOf('server.worker-lost');
      process.kill(site.pidOf(victim), 'SIGKILL');
      const newcomers = await newConnections(site, 20);
      await site.until(() => countOf('server.worker-lost') === lost + 1);
      await site.until(() => kept.filter(({ worker }) => worker === victim).every(({ client }) => isOver(client)));
      await site.until(async () => (await site.metric('sumun_workers')) === 3);
      isDone = true;
      await Promise.all(asking);
      expect(faults).toEqual([]);
      // The one that was on its way to the victim is among its own.
      expect(newcomers.lost).toBeLessThanOrEqual(1);
      expect(newcomers.slowest).toBeLessThan(1000);
      // One WebSocket was opened for each worker in turn; those of the others are still open.
      expect(sockets.filter((socket) => !isOver(socket)).length).toBeGreaterThanOrEqual(1);
      for (const client of [...kept.map((each) => each.client), ...sockets]) client.destroy();
    }
    const audited = await site.house.audit.read({ limit: 100, kind: 'server.worker-lost' });
    expect(audited).toHaveLength(countOf('server.worker-lost'));
  }, 120_000);

  test('while others open connections leaves nobody waiting, and the audit trail whole', async () => {
    const waits: number[] = [];
    let isDone = false;
    const churn = async (): Promise<void> => {
      while (!isDone) {
        const begun = performance.now();
        // A refusal, so that each of them is written into the trail. What was on its way to the victim is cut.
        const client = await site.connect();
        await site.get(client, '/none/').catch(() => undefined);
        client.destroy();
        await new Promise((resolve) => setTimeout(resolve, 10));
        waits.push(performance.now() - begun);
      }
    };
    const churning = Promise.all(Array.from({ length: 8 }, churn));
    for (const victim of WORKERS) {
      await site.until(async () => (await site.metric('sumun_workers')) === 3);
      const lost = countOf('server.worker-lost');
      process.kill(site.pidOf(victim), 'SIGKILL');
      await site.until(() => countOf('server.worker-lost') === lost + 1);
    }
    isDone = true;
    await churning;
    expect(Math.max(...waits)).toBeLessThan(2000);
    await site.until(async () => (await site.metric('sumun_workers')) === 3);
    expect(await site.house.audit.verify()).toMatchObject({ ok: true });
  }, 120_000);
});
