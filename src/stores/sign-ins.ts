import type { Transaction } from 'kysely';
import type { Proofs } from '../core/identity/factors.ts';
import type { SessionStore, SignInWrite } from '../ports.ts';
import { isOne, newId, prepareClockCheck, type StoreContext, transact } from './context.ts';
import type { Tables } from './schema.ts';
import type { ApplyChanges } from './state-changes.ts';

type Outcome = 'committed' | 'conflict' | 'too-many';

/** The state changes that earned a sign-in, the sign-in itself and its audit record: all of it or nothing. */
export function createCommitSignIn(context: StoreContext, apply: ApplyChanges): SessionStore['commitSignIn'] {
  const checkClock = prepareClockCheck(context);
  return async (changes, signIn, event) => {
    let displaced = signIn.riseFrom !== undefined || signIn.replaces !== undefined;
    const outcome = await transact<Outcome>(context, async ({ trx, audit, refuse }) => {
      checkClock();
      if (!apply(changes, signIn.startedAt)) refuse('conflict');
      if (!(await spendTransaction(trx, signIn))) refuse('conflict');
      if (!(await isActive(trx, signIn.accountId))) refuse('conflict');
      if (signIn.replaces !== undefined) await endSignIn(trx, signIn.replaces, signIn.startedAt);
      if (signIn.riseFrom === undefined) {
        const ended = await makeRoom(trx, signIn);
        if (ended === 'refused') return refuse('too-many');
        displaced ||= ended > 0;
        await begin(context, trx, signIn);
      } else if (!(await rise(trx, signIn, signIn.riseFrom))) refuse('conflict');
      await audit(event);
      return 'committed';
    });
    // A sign-in that only adds a handle changes nothing that anybody could have cached.
    if (outcome === 'committed' && displaced) context.changes.tell();
    return outcome;
  };
}

async function spendTransaction(trx: Transaction<Tables>, signIn: SignInWrite): Promise<boolean> {
  const spent = await trx
    .updateTable('login_transaction')
    .set({ spent_at: signIn.startedAt })
    .where('id', '=', signIn.transaction)
    .where('spent_at', 'is', null)
    .where('expires_at', '>', signIn.startedAt)
    .executeTakeFirst();
  return isOne(spent);
}

async function isActive(trx: Transaction<Tables>, accountId: string): Promise<boolean> {
  const row = await trx.selectFrom('account').select('status').where('id', '=', accountId).executeTakeFirst();
  return row?.status === 'active';
}

async function begin(context: StoreContext, trx: Transaction<Tables>, signIn: SignInWrite): Promise<void> {
  const id = newId(context);
  await trx
    .insertInto('sign_in')
    .values({
      id,
      account_id: signIn.accountId,
      proofs: JSON.stringify(signIn.proofs),
      started_at: signIn.startedAt,
      auth_time: authTime(signIn.proofs, signIn.startedAt),
      last_seen: signIn.startedAt,
      idle_limit: signIn.limits.idle,
      max_limit: signIn.limits.max,
      address: signIn.address,
      user_agent: signIn.userAgent,
      host: signIn.host,
      ended_at: null,
    })
    .execute();
  await addHandle(trx, { ...signIn, signIn: id });
}

/** Ends the oldest live sign-ins until one more fits and says how many; 'refused' where the policy wants none ended. */
async function makeRoom(trx: Transaction<Tables>, signIn: SignInWrite): Promise<number | 'refused'> {
  const live = await liveSignIns(trx, signIn).select('id').orderBy('started_at').orderBy('id').execute();
  const surplus = live.slice(0, Math.max(0, live.length + 1 - signIn.concurrent.max));
  if (surplus.length === 0) return 0;
  if (signIn.concurrent.then === 'refuse') return 'refused';
  const ids = surplus.map((row) => row.id);
  await trx.updateTable('sign_in').set({ ended_at: signIn.startedAt }).where('id', 'in', ids).execute();
  return ids.length;
}

/** Step-up: the sign-in keeps its identity, gains the new proofs and gets a new handle; the old ones on this host die. */
async function rise(trx: Transaction<Tables>, signIn: SignInWrite, id: string): Promise<boolean> {
  const row = await liveSignIns(trx, signIn).select('proofs').where('id', '=', id).executeTakeFirst();
  if (row === undefined) return false;
  const proofs: Proofs = { ...JSON.parse(row.proofs), ...signIn.proofs };
  const risen = await trx
    .updateTable('sign_in')
    .set({
      proofs: JSON.stringify(proofs),
      auth_time: authTime(proofs, signIn.startedAt),
      last_seen: signIn.startedAt,
      idle_limit: signIn.limits.idle,
      max_limit: signIn.limits.max,
    })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (!isOne(risen)) return false;
  await trx.deleteFrom('handle').where('sign_in_id', '=', id).where('host', '=', signIn.host).execute();
  await addHandle(trx, { ...signIn, proofs, signIn: id });
  return true;
}

/** Sign-ins of the account that neither ended nor timed out. */
const liveSignIns = (trx: Transaction<Tables>, signIn: SignInWrite) =>
  trx
    .selectFrom('sign_in')
    .where('account_id', '=', signIn.accountId)
    .where('ended_at', 'is', null)
    .where('last_seen', '>', signIn.startedAt - signIn.limits.idle)
    .where('started_at', '>', signIn.startedAt - signIn.limits.max);

/** A cookie value for a sign-in on a host, worth what was proved by then and no more, whatever is proved elsewhere. */
export async function addHandle(
  trx: Transaction<Tables>,
  handle: Pick<SignInWrite, 'handleHash' | 'host' | 'proofs' | 'startedAt'> & { readonly signIn: string },
): Promise<void> {
  const { handleHash: hash, host, startedAt, proofs, signIn } = handle;
  const row = { hash, sign_in_id: signIn, host, created_at: startedAt, proofs: JSON.stringify(proofs) };
  await trx.insertInto('handle').values(row).execute();
}

/** Ends one sign-in, with every cookie on every host. */
export async function endSignIn(trx: Transaction<Tables>, signIn: string, now: number): Promise<void> {
  await trx
    .updateTable('sign_in')
    .set({ ended_at: now })
    .where('id', '=', signIn)
    .where('ended_at', 'is', null)
    .execute();
}

/** When a factor was last proved (OpenID Connect Core §2, `auth_time`). */
export const authTime = (proofs: Proofs, otherwise: number): number =>
  Math.max(...Object.values(proofs), 0) || otherwise;
