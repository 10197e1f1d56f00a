import type { Transaction } from 'kysely';
import type { Authenticator } from '../core/identity/account.ts';
import type { AuthenticatorStore, NewAuthenticator } from '../ports.ts';
import { type AuthenticatorRow, authenticatorOf, bindRows, FIRST_FACTOR, makeDecoy } from './authenticator-rows.ts';
import { isOne, newId, type StoreContext, transact } from './context.ts';
import { type DataKeys, seedContext } from './data-keys.ts';
import { authenticatorPageQuery, pageOf } from './pages.ts';
import type { Tables } from './schema.ts';

/** OTP authenticators of one database. */
export function createAuthenticators(context: StoreContext, keys: DataKeys): AuthenticatorStore {
  const decoy = makeDecoy(context);
  const { reader } = context;
  const active = reader.prepare<[string], AuthenticatorRow>(
    `SELECT * FROM authenticator INDEXED BY authenticator_account
     WHERE account_id = ? AND status = 'active' ORDER BY id`,
  );
  const one = reader.prepare<[string], AuthenticatorRow>('SELECT * FROM authenticator WHERE id = ?');
  const all = reader.prepare<[string], AuthenticatorRow>(
    'SELECT * FROM authenticator WHERE account_id = ? ORDER BY id',
  );
  const numbered = reader.prepare<[string], AuthenticatorRow>(
    "SELECT * FROM authenticator WHERE serial = ? AND serial <> ''",
  );
  return {
    list: async (accountId) => all.all(accountId).map(authenticatorOf),
    find: async (id) => one.all(id).map(authenticatorOf)[0],
    findBySerial: async (serial) => numbered.all(serial).map(authenticatorOf)[0],
    bind: async (accountId) => bindRows(context, keys, active.all(accountId)),
    bindOne: async (id) => bindRows(context, keys, one.all(id))[0],
    decoy: () => decoy,
    page: async (filter) => {
      const { text, values } = authenticatorPageQuery(filter);
      const rows = reader.prepare<[typeof values], AuthenticatorRow>(text).all(values);
      return pageOf(rows.map(authenticatorOf), filter.limit, (authenticator) => authenticator.id);
    },
    add: (authenticator, event) => addAuthenticator(context, keys, authenticator, event),
    relabel: (id, label, event) => relabel(context, id, label, event),
    delete: (id, event) => deleteAuthenticator(context, id, event),
    setStatus: (id, status, event) => setStatus(context, id, status, event),
    resynchronise: (id, to, drift, event) => resynchronise(context, id, { to, drift }, event),
  };
}

async function addAuthenticator(
  context: StoreContext,
  keys: DataKeys,
  { seed, ...authenticator }: NewAuthenticator,
  event: Parameters<AuthenticatorStore['add']>[1],
): Promise<Authenticator | 'exists'> {
  const id = newId(context);
  return transact<Authenticator | 'exists'>(context, async ({ trx, audit, refuse }) => {
    const { sealer, keyId } = keys.current(context.writer);
    const row: AuthenticatorRow = {
      id,
      account_id: authenticator.accountId,
      kind: authenticator.kind,
      label: authenticator.label,
      algorithm: authenticator.algorithm,
      digits: authenticator.digits,
      period: authenticator.period,
      suite: authenticator.suite ?? '',
      serial: authenticator.serial ?? '',
      seed: sealer.seal(seed, seedContext(id)),
      key_id: keyId,
      moving_factor: authenticator.movingFactor ?? FIRST_FACTOR[authenticator.kind],
      drift: 0,
      status: 'active',
      created_at: context.clock.now(),
      last_used_at: null,
      seed_digest: seedDigest(context, authenticator, seed),
    };
    row.moving_factor = Math.max(row.moving_factor, await spentBySiblings(trx, row));
    const added = await trx
      .insertInto('authenticator')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (added.numInsertedOrUpdatedRows !== 1n) refuse('exists');
    await audit(event);
    return authenticatorOf(row);
  });
}

/** How far tokens of the account with the same secret are, revoked ones included; -1 where there is none. */
async function spentBySiblings(trx: Transaction<Tables>, row: AuthenticatorRow): Promise<number> {
  const { newest } = await trx
    .selectFrom('authenticator')
    .select(({ fn }) => fn.max('moving_factor').as('newest'))
    .where('account_id', '=', row.account_id)
    .where('seed_digest', '=', row.seed_digest)
    .where('seed_digest', '<>', '')
    .executeTakeFirstOrThrow();
  return Number(newest ?? -1);
}

/** Equal for two tokens whose codes are the same: moved apart, a code used with one would count with the other. */
const seedDigest = (context: StoreContext, form: Omit<NewAuthenticator, 'seed'>, seed: Uint8Array): string =>
  context.vault.mac(
    'seed',
    [form.kind, form.algorithm, form.digits, form.period, form.suite ?? '', Buffer.from(seed).toString('hex')].join(
      '|',
    ),
  );

const relabel = (
  context: StoreContext,
  id: string,
  label: string,
  event: Parameters<AuthenticatorStore['relabel']>[2],
): Promise<'updated' | 'missing'> =>
  transact<'updated' | 'missing'>(context, async ({ trx, audit, refuse }) => {
    const changed = await trx.updateTable('authenticator').set({ label }).where('id', '=', id).executeTakeFirst();
    if (!isOne(changed)) refuse('missing');
    await audit(event);
    return 'updated';
  });

const deleteAuthenticator = (
  context: StoreContext,
  id: string,
  event: Parameters<AuthenticatorStore['delete']>[1],
): Promise<'deleted' | 'missing'> =>
  transact<'deleted' | 'missing'>(context, async ({ trx, audit, refuse }) => {
    if (!isOne(await trx.deleteFrom('authenticator').where('id', '=', id).executeTakeFirst())) refuse('missing');
    await audit(event);
    return 'deleted';
  });

const setStatus = (
  context: StoreContext,
  id: string,
  status: Authenticator['status'],
  event: Parameters<AuthenticatorStore['setStatus']>[2],
): Promise<'updated' | 'missing'> =>
  transact<'updated' | 'missing'>(context, async ({ trx, audit, refuse }) => {
    let query = trx.updateTable('authenticator').set({ status }).where('id', '=', id);
    // What was revoked stays revoked: it may be in somebody else's hands.
    if (status !== 'revoked') query = query.where('status', '!=', 'revoked');
    if (!isOne(await query.executeTakeFirst())) refuse('missing');
    await audit(event);
    return 'updated';
  });

const resynchronise = (
  context: StoreContext,
  id: string,
  found: { readonly to: number; readonly drift: number },
  event: Parameters<AuthenticatorStore['resynchronise']>[3],
): Promise<'updated' | 'conflict'> =>
  transact<'updated' | 'conflict'>(context, async ({ trx, audit, refuse }) => {
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
