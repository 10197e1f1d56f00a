import type { Selectable } from 'kysely';
import { type Factor, isFactor } from '../core/identity/factors.ts';
import type { BrowserStore, KeptPost, LoginTransaction } from '../ports.ts';
import { isOne, type StoreContext, transact } from './context.ts';
import type { KeptPostTable, LoginTransactionTable } from './schema.ts';

/** What a browser holds that is not a session: login transactions, kept posts, and whom it signed in before. */
export function createBrowsers(context: StoreContext): BrowserStore {
  const { read } = context;
  const known = context.reader
    .prepare<[string, string], number>('SELECT 1 FROM known_browser WHERE browser_hash = ? AND account_id = ?')
    .pluck();
  return {
    addTransaction: async (transaction) => {
      await transact(context, ({ trx }) =>
        trx.insertInto('login_transaction').values(rowOfTransaction(transaction)).execute(),
      );
    },
    findTransaction: async (id, now) => {
      const query = read.selectFrom('login_transaction').selectAll().where('id', '=', id).where('spent_at', 'is', null);
      const row = await query.where('expires_at', '>', now).executeTakeFirst();
      return row === undefined ? undefined : transactionOf(row);
    },
    keep: async (post) => {
      await transact(context, ({ trx }) => trx.insertInto('kept_post').values(rowOfPost(post)).execute());
    },
    findKept: async (id, now) => {
      const query = read.selectFrom('kept_post').selectAll().where('id', '=', id).where('spent_at', 'is', null);
      const row = await query.where('expires_at', '>', now).executeTakeFirst();
      return row === undefined ? undefined : postOf(row);
    },
    spendKept: (id, now) =>
      transact<'spent' | 'gone'>(context, async ({ trx }) => {
        const query = trx.updateTable('kept_post').set({ spent_at: now, sealed_body: new Uint8Array() });
        const spent = await query
          .where('id', '=', id)
          .where('spent_at', 'is', null)
          .where('expires_at', '>', now)
          .executeTakeFirst();
        return isOne(spent) ? 'spent' : 'gone';
      }),
    isKnown: async (browserHash, accountId) => known.get(browserHash, accountId) !== undefined,
    remember: async (browserHash, accountId, now) => {
      const row = { browser_hash: browserHash, account_id: accountId, seen_at: now };
      await transact(context, ({ trx }) =>
        trx
          .insertInto('known_browser')
          .values(row)
          .onConflict((conflict) => conflict.columns(['browser_hash', 'account_id']).doUpdateSet({ seen_at: now }))
          .execute(),
      );
    },
  };
}

const rowOfTransaction = (transaction: LoginTransaction): LoginTransactionTable => ({
  id: transaction.id,
  browser_hash: transaction.browserHash,
  host: transaction.host,
  route: transaction.route,
  return_to: transaction.returnTo,
  need: transaction.need.join(','),
  rise_from: transaction.riseFrom ?? null,
  kept_post: transaction.keptPost ?? null,
  created_at: transaction.createdAt,
  expires_at: transaction.expiresAt,
  spent_at: null,
  method: transaction.method ?? '',
  origin: transaction.origin ?? '',
  on_behalf_of: transaction.onBehalfOf ?? '',
});

/** A login transaction as its row has it. */
export const transactionOf = (row: LoginTransactionTable): LoginTransaction => ({
  id: row.id,
  browserHash: row.browser_hash,
  host: row.host,
  route: row.route,
  returnTo: row.return_to,
  need: row.need.split(',').filter((word): word is Factor => isFactor(word)),
  riseFrom: row.rise_from ?? undefined,
  keptPost: row.kept_post ?? undefined,
  method: row.method === '' ? undefined : row.method,
  origin: row.origin === '' ? undefined : row.origin,
  onBehalfOf: row.on_behalf_of === '' ? undefined : row.on_behalf_of,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

const rowOfPost = (post: KeptPost): KeptPostTable => ({
  id: post.id,
  browser_hash: post.browserHash,
  account_id: post.accountId ?? null,
  host: post.host,
  target: post.target,
  content_type: post.contentType,
  sealed_body: post.sealedBody,
  size: post.size,
  expires_at: post.expiresAt,
  spent_at: null,
});

const postOf = (row: Selectable<KeptPostTable>): KeptPost => ({
  id: row.id,
  browserHash: row.browser_hash,
  accountId: row.account_id ?? undefined,
  host: row.host,
  target: row.target,
  contentType: row.content_type,
  sealedBody: row.sealed_body,
  size: row.size,
  expiresAt: row.expires_at,
});
