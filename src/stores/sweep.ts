import { sql, type Transaction } from 'kysely';
import { DAY, type Instant } from '../core/time.ts';
import { HARD_STOP } from '../core/verification/throttle.ts';
import type { SessionStore } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { Tables } from './schema.ts';

/** How long a message is kept: for asking what became of it, and for counting. */
const KEEP_MESSAGES = 30 * DAY;

/**
 * Removes what is over. Sign-ins stay for a day after their end, so that a form that meets an expired one is offered to
 * its owner only; questions and codes stay as long, so that a late answer can be told why it was refused.
 */
export async function sweep(
  context: StoreContext,
  now: Instant,
  limits: Parameters<SessionStore['sweep']>[1],
): Promise<void> {
  await transact<void>(context, async ({ trx }) => {
    await trx
      .deleteFrom('sign_in')
      .where((eb) =>
        eb.or([
          eb('ended_at', '<', now - DAY),
          eb('last_seen', '<', now - DAY - limits.idle),
          eb('started_at', '<', now - DAY - limits.max),
        ]),
      )
      .execute();
    await sweepBrowsers(trx, now);
    await sweepVerifications(trx, now);
  });
}

/**
 * An attempt counter is forgotten after as many quiet days as it has failures, alike for logins that exist and for
 * others; at the hard stop it stays until an administrator unlocks.
 */
async function sweepBrowsers(trx: Transaction<Tables>, now: Instant): Promise<void> {
  await trx
    .deleteFrom('login_transaction')
    .where('expires_at', '<=', now - DAY)
    .execute();
  await trx
    .deleteFrom('hand_over')
    .where('expires_at', '<=', now - DAY)
    .execute();
  await trx.deleteFrom('kept_post').where('expires_at', '<=', now).execute();
  await trx
    .deleteFrom('attempt')
    .where('total', '<', HARD_STOP)
    .where(sql<boolean>`touched_at + max(total, 1) * ${DAY} < ${now}`)
    .execute();
}

async function sweepVerifications(trx: Transaction<Tables>, now: Instant): Promise<void> {
  const yesterday = now - DAY;
  await trx.deleteFrom('challenge').where('expires_at', '<=', yesterday).execute();
  await trx.deleteFrom('pending_verification').where('expires_at', '<=', yesterday).execute();
  await trx.deleteFrom('live_code').where('expires_at', '<=', yesterday).execute();
  await trx.deleteFrom('lookup_code').where('expires_at', '<=', yesterday).execute();
  await trx.deleteFrom('idempotency').where('expires_at', '<=', now).execute();
  await trx
    .deleteFrom('message')
    .where('created_at', '<=', now - KEEP_MESSAGES)
    .execute();
}
