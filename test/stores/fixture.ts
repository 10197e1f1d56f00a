import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent, AuditKind } from '../../src/core/audit.ts';
import type { Account, Authenticator } from '../../src/core/identity/account.ts';
import { createMasterKey, loadMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openSigner } from '../../src/crypto/signer.ts';
import { createVault } from '../../src/crypto/vault.ts';
import type { Log, LoginTransaction, NewAuthenticator, SignInWrite } from '../../src/ports.ts';
import { openStores, type StoreOptions, type Stores } from '../../src/stores/open.ts';

export const START = Date.UTC(2026, 10, 23, 12);

export type Logged = { readonly level: string; readonly event: string };

/** Stores over a database in a folder of their own, with a clock that is set by hand. */
export type Fixture = {
  readonly folder: string;
  readonly path: string;
  readonly time: { now: number };
  readonly logged: Logged[];
  readonly options: StoreOptions;
  readonly stores: Stores;
  reopen(changes?: Partial<StoreOptions>): Promise<Stores>;
  remove(): Promise<void>;
};

export async function openFixture(): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-stores-'));
  const time = { now: START };
  const logged: Logged[] = [];
  const path = join(folder, 'data', 'sumun.db');
  createMasterKey(join(folder, 'data', 'master.key'), systemRandom);
  const signing = openSigner(
    { folder: join(folder, 'data', 'signing'), algorithm: 'ES256', rotateEvery: 1e12, overlap: 1e9 },
    START,
  );
  const options: StoreOptions = {
    path,
    vault: createVault(loadMasterKey(join(folder, 'data', 'master.key')), systemRandom),
    signing,
    clock: { now: () => time.now },
    random: systemRandom,
    log: collect(logged),
    clockTolerance: 15_000,
  };
  const stores = await openStores(options);
  const opened = new Set([stores]);
  return {
    folder,
    path,
    time,
    logged,
    options,
    stores,
    reopen: async (changes) => {
      const again = await openStores({ ...options, ...changes });
      opened.add(again);
      return again;
    },
    remove: async () => {
      for (const each of opened) await each.close().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function collect(logged: Logged[]): Log {
  const at = (level: string) => (event: string) => void logged.push({ level, event });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export const event = (kind: AuditKind, at = START, more: Partial<AuditEvent> = {}): AuditEvent => ({
  at,
  kind,
  login: 'kim',
  actor: 'system',
  address: '192.0.2.1',
  route: '',
  request: '',
  reason: '',
  detail: {},
  ...more,
});

export async function addAccount(
  stores: Stores,
  login = 'kim',
  groups: readonly string[] = ['staff'],
): Promise<Account> {
  const added = await stores.accounts.add(
    { login, name: '김', email: `${login}@example.com`, phone: '', groups, attributes: { dept: '1' } },
    event('user.added'),
  );
  if (added === 'exists') throw new Error(`${login} exists`);
  return added;
}

export const totp = (accountId: string, more: Partial<NewAuthenticator> = {}): NewAuthenticator => ({
  accountId,
  kind: 'totp',
  label: 'phone',
  algorithm: 'SHA1',
  digits: 6,
  period: 30,
  seed: Buffer.from('12345678901234567890'),
  ...more,
});

export async function addToken(stores: Stores, token: NewAuthenticator): Promise<Authenticator> {
  const added = await stores.authenticators.add(token, event('token.enrolled'));
  if (added === 'exists') throw new Error('a token with this serial exists');
  return added;
}

export const transaction = (id: string, at = START, more: Partial<LoginTransaction> = {}): LoginTransaction => ({
  id,
  browserHash: 'browser',
  host: 'a.example.com',
  route: 'r',
  returnTo: '/',
  need: ['pw', 'otp'],
  riseFrom: undefined,
  keptPost: undefined,
  createdAt: at,
  expiresAt: at + 600_000,
  ...more,
});

export const atMost = (max: number, then: SignInWrite['concurrent']['then']): SignInWrite['concurrent'] => ({
  max,
  then,
});

export const signIn = (accountId: string, id: string, at = START, more: Partial<SignInWrite> = {}): SignInWrite => ({
  accountId,
  proofs: { otp: at },
  host: 'a.example.com',
  handleHash: `handle-${id}`,
  startedAt: at,
  address: '192.0.2.1',
  userAgent: 'test',
  concurrent: atMost(5, 'end_oldest'),
  limits: { idle: 1_800_000, max: 36_000_000 },
  transaction: id,
  ...more,
});

/** A login transaction and the sign-in that spends it. */
export async function begin(
  stores: Stores,
  accountId: string,
  id: string,
  more: Partial<SignInWrite> = {},
): Promise<string> {
  await stores.browsers.addTransaction(transaction(id, more.startedAt ?? START));
  return stores.sessions.commitSignIn(
    [],
    signIn(accountId, id, more.startedAt ?? START, more),
    event('signin.accepted', more.startedAt),
  );
}
