import type { AuditEvent } from '../core/audit.ts';
import type { Instant } from '../core/time.ts';
import type { Challenge } from '../core/verification/challenge.ts';
import type { ChallengeStore, MessageLimits } from '../ports.ts';
import { isOne, newId, type StoreContext, transact } from './context.ts';
import { type CheckLimits, type Counted, prepareLimits } from './message-limits.ts';
import type { ChallengeTable, MessageTable } from './schema-otp.ts';

type NewMessage = NonNullable<Parameters<ChallengeStore['add']>[1]>;

/** Outstanding questions. They are spent by a state change. */
export function createChallenges(context: StoreContext): ChallengeStore {
  const { writer } = context;
  const checkLimits = prepareLimits(writer);
  const one = context.reader.prepare<[string], ChallengeTable>('SELECT * FROM challenge WHERE id = ?');
  const tried = writer.prepare(`
    UPDATE challenge SET attempts = attempts + 1
    WHERE id = ? AND state = 'open' AND expires_at > ? AND attempts < max_attempts`);
  const again = writer.prepare<[string], ChallengeTable>('SELECT * FROM challenge WHERE id = ?');
  return {
    add: (challenge, message, limits, event) => add(context, checkLimits, { challenge, message, limits, event }),
    find: async (id) => one.all(id).map(challengeOf)[0],
    reserveTry: (id, now) =>
      transact(context, async () => {
        if (tried.run(id, now).changes === 1) return 'tried';
        const row = again.get(id);
        if (row === undefined || row.state !== 'open') return 'none';
        return row.expires_at <= now ? 'expired' : 'exhausted';
      }),
    resend: (id, resend, message, limits, event) =>
      transact<Awaited<ReturnType<ChallengeStore['resend']>>>(context, async ({ trx, audit, refuse }) => {
        const row = again.get(id);
        if (row === undefined || row.state !== 'open' || row.expires_at <= event.at) return refuse({ kind: 'gone' });
        if (row.resend_after > event.at) refuse({ kind: 'limited', until: row.resend_after });
        const queued = queue(context, checkLimits, challengeOf(row), { message, limits, event });
        if (typeof queued === 'number') return refuse({ kind: 'limited', until: queued });
        if (queued !== undefined) await trx.insertInto('message').values(queued).execute();
        const resendAfter = event.at + resend;
        await trx.updateTable('challenge').set({ resend_after: resendAfter }).where('id', '=', id).execute();
        await audit(event);
        return { kind: 'queued' };
      }),
    cancel: (id, event) =>
      transact<'cancelled' | 'gone'>(context, async ({ trx, audit, refuse }) => {
        const open = trx.updateTable('challenge').set({ state: 'voided' }).where('id', '=', id);
        const changed = await open.where('state', '=', 'open').where('expires_at', '>', event.at).executeTakeFirst();
        if (!isOne(changed)) refuse('gone');
        await audit(event);
        return 'cancelled';
      }),
  };
}

type Asked = {
  readonly message: NewMessage | undefined;
  readonly limits: MessageLimits;
  readonly event: AuditEvent;
};

const add = (
  context: StoreContext,
  checkLimits: CheckLimits,
  { challenge, ...asked }: Asked & { readonly challenge: Challenge },
): ReturnType<ChallengeStore['add']> =>
  transact<Awaited<ReturnType<ChallengeStore['add']>>>(context, async ({ trx, audit, refuse }) => {
    const queued = queue(context, checkLimits, challenge, asked);
    if (typeof queued === 'number') return refuse({ kind: 'limited', until: queued });
    const { boundTo, login, method } = challenge;
    const older = trx.updateTable('challenge').set({ state: 'voided' }).where('state', '=', 'open');
    await older.where('bound_to', '=', boundTo).where('login', '=', login).where('method', '=', method).execute();
    await trx.insertInto('challenge').values(rowOf(challenge)).execute();
    if (queued !== undefined) await trx.insertInto('message').values(queued).execute();
    await audit(asked.event);
    return { kind: 'added' };
  });

/**
 * The row of a message, or the moment until which there may be none. Where a code by SMS goes to nobody, a row that is
 * never sent counts for the name that was given, so that limits do not tell names that exist from others.
 */
function queue(
  context: StoreContext,
  checkLimits: CheckLimits,
  challenge: Challenge,
  { message, limits, event }: Asked,
): MessageTable | Instant | undefined {
  if (challenge.method !== 'sms') return undefined;
  const counted = countedFor(context, challenge, message, event);
  const until = checkLimits(counted, limits, event.at);
  if (until !== undefined) return until;
  return {
    id: newId(context),
    challenge_id: challenge.id,
    account_id: counted.accountId,
    number: message?.to ?? '',
    number_digest: counted.numberDigest,
    address: counted.address,
    language: message?.language ?? 'ko',
    host: message?.host ?? '',
    state: message === undefined ? 'none' : 'queued',
    tries: 0,
    next_at: event.at,
    provider: '',
    reference: '',
    error: '',
    created_at: event.at,
  };
}

function countedFor(
  { vault }: StoreContext,
  { accountId, login }: Challenge,
  message: NewMessage | undefined,
  event: AuditEvent,
): Counted {
  const name = vault.mac('message-number', JSON.stringify([login]));
  return {
    numberDigest: message === undefined ? name : vault.mac('message-number', message.to),
    accountId: accountId ?? name,
    address: message?.address ?? event.address,
  };
}

const rowOf = (challenge: Challenge): ChallengeTable => ({
  id: challenge.id,
  account_id: challenge.accountId ?? null,
  login: challenge.login,
  method: challenge.method,
  bound_to: challenge.boundTo,
  authenticator_id: challenge.authenticatorId ?? null,
  question: challenge.question,
  attempts: challenge.attempts,
  max_attempts: challenge.maxAttempts,
  state: challenge.state,
  created_at: challenge.createdAt,
  expires_at: challenge.expiresAt,
  resend_after: challenge.resendAfter,
});

const challengeOf = (row: ChallengeTable): Challenge => ({
  id: row.id,
  accountId: row.account_id ?? undefined,
  login: row.login,
  method: row.method,
  boundTo: row.bound_to,
  authenticatorId: row.authenticator_id ?? undefined,
  question: row.question,
  attempts: row.attempts,
  maxAttempts: row.max_attempts,
  state: row.state,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  resendAfter: row.resend_after,
});
