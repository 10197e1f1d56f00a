import { join } from 'node:path';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createVault } from '../../src/crypto/vault.ts';
import type { BoundAuthenticator } from '../../src/ports.ts';
import { openStores, type Stores } from '../../src/stores/open.ts';
import { event } from '../stores/fixture.ts';

/** What the conductor sends: submit these codes, in this order, from this moment on. */
export type Batch = {
  readonly number: number;
  /** The time the submitters live in. */
  readonly now: number;
  /** Milliseconds since 1970 of the machine: the barrier. */
  readonly startAt: number;
  readonly submissions: readonly Submission[];
};

export type Submission = { readonly account: string; readonly code: string };

/** What comes back for each submission, as soon as it is known. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly batch: number; readonly index: number; readonly accepted: boolean }
  | { readonly kind: 'done'; readonly batch: number };

const time = { now: 0 };
const send = (answer: Answer): void => void process.send?.(answer);

async function open(folder: string): Promise<Stores> {
  const quiet = () => undefined;
  return openStores({
    path: join(folder, 'sumun.db'),
    vault: createVault(loadMasterKey(join(folder, 'master.key')), systemRandom),
    signing: { status: () => [], rotate: async () => undefined },
    clock: { now: () => time.now },
    random: systemRandom,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    clockTolerance: 15_000,
  });
}

/** Looks for the code in the window around now, and commits it. Whether it was used is left to the commit alone. */
async function submit(
  stores: Stores,
  authenticator: BoundAuthenticator,
  code: string,
  batch: number,
): Promise<boolean> {
  const step = Math.floor(time.now / 30_000);
  const to = [step - 1, step, step + 1].find((each) => authenticator.codeAt(each) === code);
  if (to === undefined) return false;
  const change = { kind: 'advance-moving-factor', authenticator: authenticator.id, to, drift: 0 } as const;
  const accepted = event('signin.accepted', time.now, { login: authenticator.accountId, detail: { step: to, batch } });
  return (await stores.verifications.commit([change], accepted)) === 'committed';
}

async function run(stores: Stores, bound: Map<string, BoundAuthenticator>, batch: Batch): Promise<void> {
  time.now = batch.now;
  while (Date.now() < batch.startAt) await new Promise((resolve) => setImmediate(resolve));
  for (const [index, { account, code }] of batch.submissions.entries()) {
    const known = bound.get(account) ?? (await stores.authenticators.bind(account))[0];
    if (known === undefined) throw new Error(`no authenticator for ${account}`);
    bound.set(account, known);
    send({ kind: 'result', batch: batch.number, index, accepted: await submit(stores, known, code, batch.number) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  send({ kind: 'done', batch: batch.number });
}

const stores = await open(process.argv[2] ?? '');
const bound = new Map<string, BoundAuthenticator>();
process.on('message', (batch: Batch) => void run(stores, bound, batch));
process.on('disconnect', () => process.exit(0));
send({ kind: 'ready' });
