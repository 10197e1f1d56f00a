import type { Insertable, Transaction } from 'kysely';
import { type Account, foldLogin } from '../core/identity/account.ts';
import type { AccountStore, NewAccount } from '../ports.ts';
import { createAccountReading } from './account-reading.ts';
import { isOne, newId, type StoreContext, transact } from './context.ts';
import type { AccountTable, Tables } from './schema.ts';

/** Accounts of one database. */
export function createAccounts(context: StoreContext): AccountStore {
  return {
    ...createAccountReading(context),
    add: (account, event) => addAccount(context, account, event),
    update: (id, changes, event) => updateAccount(context, id, changes, event),
    setStatus: (id, status, event) => setStatus(context, id, status, event),
    delete: (id, event) => deleteAccount(context, id, event),
    setSecret: (id, kind, hash, event) => setSecret(context, id, kind, hash, event),
  };
}

/** Ends every sign-in of an account that has not ended. */
export async function endSignIns(trx: Transaction<Tables>, accountId: string, now: number): Promise<void> {
  await trx
    .updateTable('sign_in')
    .set({ ended_at: now })
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .execute();
}

async function addAccount(
  context: StoreContext,
  account: NewAccount,
  event: Parameters<AccountStore['add']>[1],
): Promise<Account | 'exists'> {
  const row: Insertable<AccountTable> = {
    id: newId(context),
    login: account.login,
    login_folded: fold(account.login),
    name: account.name,
    email: account.email,
    phone: account.phone,
    attributes: JSON.stringify(account.attributes),
    status: 'active',
    created_at: context.clock.now(),
  };
  return transact<Account | 'exists'>(context, async ({ trx, audit, refuse }) => {
    const added = await trx
      .insertInto('account')
      .values(row)
      .onConflict((conflict) => conflict.column('login_folded').doNothing())
      .executeTakeFirst();
    if (added.numInsertedOrUpdatedRows !== 1n) refuse('exists');
    const groups = await replaceGroups(trx, row.id, account.groups);
    await audit(event);
    return { ...account, id: row.id, groups, status: 'active', createdAt: row.created_at };
  });
}

async function updateAccount(
  context: StoreContext,
  id: string,
  changes: Partial<NewAccount>,
  event: Parameters<AccountStore['update']>[2],
): Promise<'updated' | 'missing' | 'exists'> {
  const { login, groups, attributes, ...plain } = changes;
  const columns = {
    id,
    ...plain,
    ...(login === undefined ? {} : { login, login_folded: fold(login) }),
    ...(attributes === undefined ? {} : { attributes: JSON.stringify(attributes) }),
  };
  const answer = await transact<'updated' | 'missing' | 'exists'>(context, async ({ trx, audit, refuse }) => {
    const changed = await trx
      .updateTable('account')
      .set(columns)
      .where('id', '=', id)
      .executeTakeFirst()
      .catch((error: unknown) => (isTaken(error) ? refuse('exists') : Promise.reject(error)));
    if (!isOne(changed)) refuse('missing');
    if (groups !== undefined) await replaceGroups(trx, id, groups);
    await audit(event);
    return 'updated';
  });
  context.changes.tell();
  return answer;
}

async function setStatus(
  context: StoreContext,
  id: string,
  status: Account['status'],
  event: Parameters<AccountStore['setStatus']>[2],
): Promise<'updated' | 'missing'> {
  const answer = await transact<'updated' | 'missing'>(context, async ({ trx, audit, refuse }) => {
    const changed = await trx.updateTable('account').set({ status }).where('id', '=', id).executeTakeFirst();
    if (!isOne(changed)) refuse('missing');
    if (status === 'suspended') await endSignIns(trx, id, context.clock.now());
    await audit(event);
    return 'updated';
  });
  context.changes.tell();
  return answer;
}

async function deleteAccount(
  context: StoreContext,
  id: string,
  event: Parameters<AccountStore['delete']>[1],
): Promise<'deleted' | 'missing'> {
  const answer = await transact<'deleted' | 'missing'>(context, async ({ trx, audit, refuse }) => {
    if (!isOne(await trx.deleteFrom('account').where('id', '=', id).executeTakeFirst())) refuse('missing');
    await forgetNumber(trx, id);
    await audit(event);
    return 'deleted';
  });
  context.changes.tell();
  return answer;
}

/** Messages are counted on, without the number; what was not sent yet is not sent any more. */
async function forgetNumber(trx: Transaction<Tables>, accountId: string): Promise<void> {
  const messages = trx.updateTable('message').where('account_id', '=', accountId);
  await messages.set({ state: 'failed' }).where('state', 'in', ['queued', 'sending']).execute();
  await messages.set({ number: '' }).execute();
}

async function setSecret(
  context: StoreContext,
  id: string,
  kind: 'pw' | 'pin',
  hash: string,
  event: Parameters<AccountStore['setSecret']>[3],
): Promise<void> {
  const now = context.clock.now();
  await transact<void>(context, async ({ trx, audit }) => {
    await trx
      .insertInto('account_secret')
      .values({ account_id: id, kind, hash, changed_at: now })
      .onConflict((conflict) => conflict.columns(['account_id', 'kind']).doUpdateSet({ hash, changed_at: now }))
      .execute();
    await endSignIns(trx, id, now);
    await audit(event);
  });
  context.changes.tell();
}

async function replaceGroups(
  trx: Transaction<Tables>,
  id: string,
  groups: readonly string[],
): Promise<readonly string[]> {
  const names = [...new Set(groups)].sort();
  await trx.deleteFrom('account_group').where('account_id', '=', id).execute();
  for (const name of names) await trx.insertInto('account_group').values({ account_id: id, name }).execute();
  return names;
}

function fold(login: string): string {
  const folded = foldLogin(login);
  if (folded === undefined) throw new RangeError('not a login name');
  return folded;
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'SQLITE_CONSTRAINT_UNIQUE';
