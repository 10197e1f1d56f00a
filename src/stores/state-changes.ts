import type SqliteDatabase from 'better-sqlite3';
import type { Instant } from '../core/time.ts';
import { LIVE_CODE_TRIES } from '../core/verification/challenge.ts';
import type { StateChange, VerificationStore } from '../ports.ts';
import { keyHash } from './attempts.ts';
import { isOneRow, prepareClockCheck, type StoreContext, transact } from './context.ts';
import { rowOfPending } from './pending.ts';

/** Applies every change under its condition. False as soon as one no longer holds: the caller rolls all of it back. */
export type ApplyChanges = (changes: readonly StateChange[], now: Instant) => boolean;

/** Commits of verifications that open no session. */
export function createVerifications(context: StoreContext, apply: ApplyChanges): VerificationStore {
  const checkClock = prepareClockCheck(context);
  return {
    commit: (changes, event) =>
      transact<'committed' | 'conflict'>(context, async ({ audit, refuse }) => {
        checkClock();
        if (!apply(changes, event.at)) refuse('conflict');
        await audit(event);
        return 'committed';
      }),
  };
}

/**
 * Everything that may happen once happens here, each by one conditional statement that has to meet exactly one row.
 * They run in the transaction that is under way on the writing connection.
 */
export function prepareChanges(context: StoreContext): ApplyChanges {
  const statements = prepareStatements(context.writer);
  return (changes, now) => changes.every((change) => applyChange(context, statements, change, now));
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(writer: SqliteDatabase.Database) {
  return {
    advanceFactor: writer.prepare(`
      UPDATE authenticator SET moving_factor = :to, drift = :drift, last_used_at = :now
      WHERE id = :authenticator AND status = 'active' AND moving_factor < :to`),
    advanceSiblings: writer.prepare(`
      UPDATE authenticator SET moving_factor = :to
      WHERE (account_id, seed_digest) = (SELECT account_id, seed_digest FROM authenticator WHERE id = :authenticator)
        AND seed_digest <> '' AND moving_factor < :to`),
    clearAttempts: writer.prepare('DELETE FROM attempt WHERE key_hash = ?'),
    useChallenge: writer.prepare(`
      UPDATE challenge SET state = 'used' WHERE id = :id AND state = 'open' AND expires_at > :now`),
    voidSiblings: writer.prepare(`
      UPDATE challenge SET state = 'voided' WHERE state = 'open'
        AND (bound_to, login) = (SELECT bound_to, login FROM challenge WHERE id = :id)`),
    useLiveCode: writer.prepare(`
      UPDATE live_code SET used_at = :now
      WHERE id = :id AND used_at IS NULL AND voided_at IS NULL AND expires_at > :now AND attempts < ${LIVE_CODE_TRIES}
        AND EXISTS (SELECT 1 FROM authenticator WHERE id = live_code.authenticator_id AND status = 'active')`),
    noteLiveUse: writer.prepare(`
      UPDATE authenticator SET last_used_at = :now
      WHERE id = (SELECT authenticator_id FROM live_code WHERE id = :id)`),
    useLookupCode: writer.prepare(`
      UPDATE lookup_code SET used_at = :now
      WHERE id = :id AND used_at IS NULL AND (expires_at IS NULL OR expires_at > :now)`),
    spendPending: writer.prepare(`
      UPDATE pending_verification SET spent_at = :now WHERE id = :id AND spent_at IS NULL AND expires_at > :now`),
    addPending: writer.prepare(`
      INSERT INTO pending_verification (id, bound_to, app, login, account_id, need, proofs, remaining, challenge_id,
        created_at, expires_at, spent_at)
      VALUES (:id, :bound_to, :app, :login, :account_id, :need, :proofs, :remaining, :challenge_id,
        :created_at, :expires_at, :spent_at)`),
    advancePending: writer.prepare(`
      UPDATE pending_verification SET remaining = :remaining, proofs = :proofs, challenge_id = :challenge
      WHERE id = :id AND spent_at IS NULL AND expires_at > :now AND remaining = :was`),
    decidePayment: writer.prepare(`
      UPDATE payment SET state = :state, evidence = :evidence, decided_at = :now
      WHERE id = :id AND state = 'pending' AND expires_at > :now`),
  };
}

function applyChange(context: StoreContext, statements: Statements, change: StateChange, now: Instant): boolean {
  switch (change.kind) {
    case 'advance-moving-factor': {
      const { authenticator, to, drift } = change;
      if (!isOneRow(statements.advanceFactor.run({ authenticator, to, drift, now }))) return false;
      statements.advanceSiblings.run({ authenticator, to });
      return true;
    }
    case 'clear-attempts':
      statements.clearAttempts.run(keyHash(context, change.key));
      return true;
    case 'use-challenge':
      if (!isOneRow(statements.useChallenge.run({ id: change.challenge, now }))) return false;
      statements.voidSiblings.run({ id: change.challenge });
      return true;
    case 'use-live-code':
      if (!isOneRow(statements.useLiveCode.run({ id: change.code, now }))) return false;
      statements.noteLiveUse.run({ id: change.code, now });
      return true;
    case 'use-lookup-code':
      return isOneRow(statements.useLookupCode.run({ id: change.code, now }));
    case 'spend-pending':
      return isOneRow(statements.spendPending.run({ id: change.pending, now }));
    case 'add-pending':
      return isOneRow(statements.addPending.run(rowOfPending(change.pending)));
    case 'advance-pending':
      return isOneRow(
        statements.advancePending.run({
          id: change.pending,
          was: change.was.join(','),
          remaining: change.remaining.join(','),
          proofs: JSON.stringify(change.proofs),
          challenge: change.challengeId ?? null,
          now,
        }),
      );
    case 'decide-payment': {
      const { payment: id, state, evidence = null } = change;
      return isOneRow(statements.decidePayment.run({ id, state, evidence, now }));
    }
  }
}
