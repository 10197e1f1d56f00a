import type { Kysely, Selectable } from 'kysely';
import type { Authenticator } from '../core/identity/account.ts';
import type { AuthenticatorStore, BoundAuthenticator, NewAuthenticator } from '../ports.ts';
import { isOne, newId, type StoreContext, transact } from './context.ts';
import { type DataKeys, seedContext } from './key-ring.ts';
import type { AuthenticatorTable, Tables } from './schema.ts';

type Row = Selectable<AuthenticatorTable>;

/** OTP authenticators of one database. */
export function createAuthenticators(context: StoreContext, keys: DataKeys): AuthenticatorStore {
  const decoy = makeDecoy(context);
  return {
    list: async (accountId) => {
      const rows = await context.db
        .selectFrom('authenticator')
        .selectAll()
        .where('account_id', '=', accountId)
        .orderBy('id')
        .execute();
      return rows.map(authenticatorOf);
    },
    find: async (id) => {
      const row = await findRow(context.db, id);
      return row === undefined ? undefined : authenticatorOf(row);
    },
    bind: async (accountId) => {
      const query = context.db.selectFrom('authenticator').selectAll().where('account_id', '=', accountId);
      return bindAll(context, keys, await query.where('status', '=', 'active').orderBy('id').execute());
    },
    bindOne: async (id) => {
      const row = await findRow(context.db, id);
      return row === undefined ? undefined : (await bindAll(context, keys, [row]))[0];
    },
    decoy: () => decoy,
    add: (authenticator, event) => addAuthenticator(context, keys, authenticator, event),
    setStatus: (id, status, event) => setStatus(context, id, status, event),
    resynchronise: (id, to, drift, event) => resynchronise(context, id, { to, drift }, event),
  };
}

const findRow = (db: Kysely<Tables>, id: string): Promise<Row | undefined> =>
  db.selectFrom('authenticator').selectAll().where('id', '=', id).executeTakeFirst();

async function bindAll(
  context: StoreContext,
  keys: DataKeys,
  rows: readonly Row[],
): Promise<readonly BoundAuthenticator[]> {
  const { sealer } = await keys.current(context.db);
  return rows.map((row) => {
    const codeAt = context.vault.bindCode(sealer.open(row.seed, seedContext(row.id)), row);
    return { ...authenticatorOf(row), codeAt };
  });
}

/** Its seed is random and forgotten with the process, so nobody can ever answer for it. */
function makeDecoy(context: StoreContext): BoundAuthenticator {
  const parameters = { algorithm: 'SHA1', digits: 6 } as const;
  return {
    id: '',
    accountId: '',
    kind: 'totp',
    label: '',
    ...parameters,
    period: 30,
    movingFactor: -1,
    drift: 0,
    status: 'active',
    createdAt: 0,
    lastUsedAt: undefined,
    codeAt: context.vault.bindCode(context.random.bytes(20), parameters),
  };
}

async function addAuthenticator(
  context: StoreContext,
  keys: DataKeys,
  { seed, ...authenticator }: NewAuthenticator,
  event: Parameters<AuthenticatorStore['add']>[1],
): Promise<Authenticator> {
  const id = newId(context);
  return transact<Authenticator>(context, async ({ trx, audit }) => {
    const { sealer, keyId } = await keys.current(trx);
    const row: Row = {
      id,
      account_id: authenticator.accountId,
      kind: authenticator.kind,
      label: authenticator.label,
      algorithm: authenticator.algorithm,
      digits: authenticator.digits,
      period: authenticator.period,
      seed: sealer.seal(seed, seedContext(id)),
      key_id: keyId,
      // The next counter of a new HOTP authenticator is 0 (RFC 4226 §5.1); time step 0 could be accepted by a TOTP one.
      moving_factor: authenticator.kind === 'hotp' ? 0 : -1,
      drift: 0,
      status: 'active',
      created_at: context.clock.now(),
      last_used_at: null,
    };
    await trx.insertInto('authenticator').values(row).execute();
    await audit(event);
    return authenticatorOf(row);
  });
}

async function setStatus(
  context: StoreContext,
  id: string,
  status: Authenticator['status'],
  event: Parameters<AuthenticatorStore['setStatus']>[2],
): Promise<'updated' | 'missing'> {
  return transact<'updated' | 'missing'>(context, async ({ trx, audit, refuse }) => {
    let query = trx.updateTable('authenticator').set({ status }).where('id', '=', id);
    // What was revoked stays revoked: it may be in somebody else's hands.
    if (status !== 'revoked') query = query.where('status', '!=', 'revoked');
    const changed = await query.executeTakeFirst();
    if (!isOne(changed)) refuse('missing');
    await audit(event);
    return 'updated';
  });
}

async function resynchronise(
  context: StoreContext,
  id: string,
  found: { readonly to: number; readonly drift: number },
  event: Parameters<AuthenticatorStore['resynchronise']>[3],
): Promise<'updated' | 'conflict'> {
  return transact<'updated' | 'conflict'>(context, async ({ trx, audit, refuse }) => {
    const moved = await trx
      .updateTable('authenticator')
      .set({ moving_factor: found.to, drift: found.drift })
      .where('id', '=', id)
      .where('moving_factor', '<', found.to)
      .executeTakeFirst();
    if (!isOne(moved)) refuse('conflict');
    await audit(event);
    return 'updated';
  });
}

function authenticatorOf(row: Row): Authenticator {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind,
    label: row.label,
    algorithm: row.algorithm,
    digits: row.digits,
    period: row.period,
    movingFactor: row.moving_factor,
    drift: row.drift,
    status: row.status,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
