import { sql } from 'kysely';
import type { AuditEvent } from '../core/audit.ts';
import { amrOf, type Proofs } from '../core/identity/factors.ts';
import type { Session } from '../core/session/session.ts';
import type { ExpiredSessions, SessionStore, SignInSummary } from '../ports.ts';
import { accountOf } from './account-rows.ts';
import { type StoreContext, transact } from './context.ts';
import { createHandOvers } from './hand-overs.ts';
import { pageOf } from './pages.ts';
import type { SignInTable } from './schema.ts';
import { authTime, createCommitSignIn } from './sign-ins.ts';
import type { ApplyChanges } from './state-changes.ts';
import { sweep } from './sweep.ts';

/** Sign-ins and their handles. The look-up of a handle is one prepared statement on the reading connection. */
export function createSessions(context: StoreContext, apply: ApplyChanges): SessionStore & ExpiredSessions {
  const find = prepareFind(context);
  const live = context.reader
    .prepare<[number, number], number>(
      `SELECT count(*) FROM sign_in
       WHERE ended_at IS NULL AND last_seen + idle_limit > ? AND started_at + max_limit > ?`,
    )
    .pluck();
  return {
    find: async (handleHash) => find(handleHash),
    commitSignIn: createCommitSignIn(context, apply),
    ...createHandOvers(context),
    touch: (lastSeen) => touch(context, lastSeen),
    list: async (filter, now) =>
      (await liveSignIns(context, filter, now).orderBy('started_at').execute()).map(summaryOf),
    page: (filter, now) => pageSignIns(context, filter, now),
    findLive: async (id, now) => {
      const row = await liveSignIns(context, {}, now).where('sign_in.id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : summaryOf(row);
    },
    countLive: async (now) => live.get(now, now) ?? 0,
    revoke: (which, event) => revoke(context, which, event),
    sweep: (now, limits) => sweep(context, now, limits),
    ownerOf: async (handleHash) => {
      const row = await context.read
        .selectFrom('handle')
        .innerJoin('sign_in', 'sign_in.id', 'handle.sign_in_id')
        .select(['sign_in.account_id', 'sign_in.ended_at'])
        .where('handle.hash', '=', handleHash)
        .executeTakeFirst();
      return row === undefined ? undefined : { accountId: row.account_id, revoked: row.ended_at !== null };
    },
  };
}

type FoundRow = Parameters<typeof accountOf>[0] & {
  readonly sid: string;
  readonly proofs: string;
  readonly started_at: number;
  readonly last_seen: number;
  readonly handle_host: string;
};

function prepareFind(context: StoreContext): (handleHash: string) => Session | undefined {
  const statement = context.reader.prepare<[string], FoundRow>(`
    SELECT account.*, sign_in.id AS sid, sign_in.started_at, sign_in.last_seen,
      handle.proofs, handle.host AS handle_host, (SELECT json_group_array(name) FROM
        (SELECT name FROM account_group WHERE account_id = account.id ORDER BY name)) AS groups
    FROM handle JOIN sign_in ON sign_in.id = handle.sign_in_id JOIN account ON account.id = sign_in.account_id
    WHERE handle.hash = ? AND sign_in.ended_at IS NULL AND account.status = 'active'`);
  return (handleHash) => {
    const row = statement.get(handleHash);
    if (row === undefined) return undefined;
    const proofs: Proofs = JSON.parse(row.proofs);
    return {
      id: row.sid,
      account: accountOf(row),
      proofs,
      startedAt: row.started_at,
      authTime: authTime(proofs, row.started_at),
      lastSeen: row.last_seen,
      host: row.handle_host,
    };
  };
}

async function touch(context: StoreContext, lastSeen: ReadonlyMap<string, number>): Promise<void> {
  if (lastSeen.size === 0) return;
  await transact<void>(context, async ({ trx }) => {
    for (const [id, at] of lastSeen) {
      const query = trx.updateTable('sign_in').set({ last_seen: at }).where('id', '=', id);
      await query.where('last_seen', '<', at).where('ended_at', 'is', null).execute();
    }
  });
}

const liveSignIns = (context: StoreContext, { accountId }: { readonly accountId?: string }, now: number) => {
  const query = context.read
    .selectFrom('sign_in')
    .innerJoin('account', 'account.id', 'sign_in.account_id')
    .selectAll('sign_in')
    .select('account.login')
    .where('ended_at', 'is', null)
    .where(sql<boolean>`last_seen + idle_limit > ${now}`)
    .where(sql<boolean>`started_at + max_limit > ${now}`);
  return accountId === undefined ? query : query.where('account_id', '=', accountId);
};

async function pageSignIns(
  context: StoreContext,
  { after = '', limit, ...filter }: Parameters<SessionStore['page']>[0],
  now: number,
): ReturnType<SessionStore['page']> {
  const query = liveSignIns(context, filter, now).where('sign_in.id', '>', after).orderBy('sign_in.id');
  const rows = await query.limit(limit + 1).execute();
  return pageOf(rows.map(summaryOf), limit, (signIn) => signIn.id);
}

const summaryOf = (row: SignInTable & { readonly login: string }): SignInSummary => ({
  id: row.id,
  accountId: row.account_id,
  login: row.login,
  amr: amrOf(JSON.parse(row.proofs)),
  startedAt: row.started_at,
  lastSeen: row.last_seen,
  address: row.address,
  userAgent: row.user_agent,
  host: row.host,
});

async function revoke(
  context: StoreContext,
  which: Parameters<SessionStore['revoke']>[0],
  event: AuditEvent,
): Promise<number> {
  const ended = await transact<number>(context, async ({ trx, audit }) => {
    let query = trx.updateTable('sign_in').set({ ended_at: context.clock.now() }).where('ended_at', 'is', null);
    if (which !== 'all' && 'id' in which) query = query.where('id', '=', which.id);
    if (which !== 'all' && 'accountId' in which) query = query.where('account_id', '=', which.accountId);
    const { numUpdatedRows } = await query.executeTakeFirstOrThrow();
    await audit({ ...event, detail: { ...event.detail, ended: Number(numUpdatedRows) } });
    return Number(numUpdatedRows);
  });
  context.changes.tell();
  return ended;
}
