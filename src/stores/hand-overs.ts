import { type Selectable, sql, type Transaction } from 'kysely';
import { type HandOverRefusal, refuseHandOver } from '../core/session/hand-over.ts';
import { DAY } from '../core/time.ts';
import type { LoginTransaction, Redeemed, Redemption, SessionStore } from '../ports.ts';
import { transactionOf } from './browsers.ts';
import { isOne, type StoreContext, transact } from './context.ts';
import type { HandOverTable, SignInTable, Tables } from './schema.ts';
import { addHandle, endSignIn } from './sign-ins.ts';

/** One-time codes that carry a sign-in from the portal to another host. */
export function createHandOvers(context: StoreContext): Pick<SessionStore, 'addHandOver' | 'redeem'> {
  return {
    addHandOver: async ({ hash, transaction, signIn, createdAt, expiresAt }) => {
      const row = {
        hash,
        transaction_id: transaction,
        sign_in_id: signIn,
        created_at: createdAt,
        expires_at: expiresAt,
      };
      await transact(context, ({ trx }) =>
        trx
          .insertInto('hand_over')
          .values({ ...row, spent_at: null })
          .execute(),
      );
    },
    redeem: async (redemption, eventOf) => {
      let displaced = false;
      const outcome = await transact<Redeemed>(context, async ({ trx, audit }) => {
        const { redeemed, ...effect } = await redeem(trx, redemption);
        displaced = effect.displaced;
        if (redeemed.kind === 'redeemed' || redeemed.reason !== 'code-unknown') await audit(eventOf(redeemed));
        return redeemed;
      });
      // A cookie that only comes to others changes nothing that anybody could have cached.
      if (displaced) context.changes.tell();
      return outcome;
    },
  };
}

type Effect = { readonly redeemed: Redeemed; readonly displaced: boolean };

async function redeem(trx: Transaction<Tables>, redemption: Redemption): Promise<Effect> {
  const { codeHash, now } = redemption;
  const spending = trx.updateTable('hand_over').set({ spent_at: now });
  const spent = await spending.where('hash', '=', codeHash).where('spent_at', 'is', null).executeTakeFirst();
  const code = await trx.selectFrom('hand_over').selectAll().where('hash', '=', codeHash).executeTakeFirst();
  if (code === undefined) return refusing('code-unknown');
  const transaction = await unspentTransaction(trx, code, now);
  const signIn = await signInOf(trx, code);
  const refused = (reason: HandOverRefusal) => refusing(reason, signIn.login_folded, transaction?.route);
  if (!isOne(spent)) return refused('code-spent');
  const refusal = refuseHandOver({
    now,
    expiresAt: code.expires_at,
    transaction,
    shownAt: redemption,
    signInIsLive: isLive(signIn, now),
  });
  if (refusal !== undefined || transaction === undefined) return refused(refusal ?? 'transaction-gone');
  const write = trx.updateTable('login_transaction').set({ spent_at: now }).where('id', '=', transaction.id);
  if (!isOne(await write.where('spent_at', 'is', null).executeTakeFirst())) return refused('transaction-gone');
  const displaced = await enter(trx, redemption, signIn);
  const { id, account_id: accountId, login_folded: login } = signIn;
  return { redeemed: { kind: 'redeemed', accountId, login, signIn: id, transaction }, displaced };
}

const refusing = (reason: HandOverRefusal, login = '', route = ''): Effect => ({
  redeemed: { kind: 'refused', reason, login, route },
  displaced: false,
});

/** The transaction of a code: one that was left alone for a while is still good, its browser and host are what counts. */
async function unspentTransaction(
  trx: Transaction<Tables>,
  code: Selectable<HandOverTable>,
  now: number,
): Promise<LoginTransaction | undefined> {
  const query = trx.selectFrom('login_transaction').selectAll().where('id', '=', code.transaction_id);
  const row = await query
    .where('spent_at', 'is', null)
    .where('expires_at', '>', now - DAY)
    .executeTakeFirst();
  return row && transactionOf(row);
}

type SignInRow = Selectable<SignInTable> & { readonly login_folded: string; readonly status: string };

/** The sign-in of a code: the code goes where that goes. */
const signInOf = (trx: Transaction<Tables>, code: Selectable<HandOverTable>): Promise<SignInRow> =>
  trx
    .selectFrom('sign_in')
    .innerJoin('account', 'account.id', 'sign_in.account_id')
    .selectAll('sign_in')
    .select(['account.login_folded', 'account.status'])
    .where('sign_in.id', '=', code.sign_in_id)
    .executeTakeFirstOrThrow();

const isLive = (row: SignInRow, now: number): boolean =>
  row.ended_at === null &&
  row.status === 'active' &&
  row.last_seen + row.idle_limit > now &&
  row.started_at + row.max_limit > now;

/**
 * Gives the sign-in a cookie on this host and answers whether anything was displaced. Cookies that are worth less die, as
 * with every rise; those worth the same stay, or tabs that arrive together would throw each other out. Coming here is use
 * of the sign-in.
 */
async function enter(trx: Transaction<Tables>, redemption: Redemption, signIn: SignInRow): Promise<boolean> {
  const { handleHash, host, now, replaces } = redemption;
  const older = trx.deleteFrom('handle').where('sign_in_id', '=', signIn.id).where('host', '=', host);
  const { numDeletedRows } = await older.where('proofs', '<>', signIn.proofs).executeTakeFirstOrThrow();
  await addHandle(trx, { handleHash, host, proofs: JSON.parse(signIn.proofs), startedAt: now, signIn: signIn.id });
  const seen = sql<number>`max(last_seen, ${now})`;
  await trx.updateTable('sign_in').set({ last_seen: seen }).where('id', '=', signIn.id).execute();
  const other = replaces !== undefined && replaces !== signIn.id ? replaces : undefined;
  if (other !== undefined) await endSignIn(trx, other, now);
  return numDeletedRows > 0n || other !== undefined;
}
