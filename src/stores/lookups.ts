import type { AuditEvent } from '../core/audit.ts';
import type { Instant } from '../core/time.ts';
import type { LookupCode } from '../core/verification/challenge.ts';
import type { LookupStore } from '../ports.ts';
import { newId, type StoreContext, transact } from './context.ts';
import type { LookupCodeTable } from './schema-otp.ts';

/** Recovery codes and temporary codes, as keyed digests. They are spent by a state change. */
export function createLookups(context: StoreContext): LookupStore {
  const unused = context.reader.prepare<[string, number], LookupCodeTable>(`
    SELECT * FROM lookup_code
    WHERE account_id = ? AND used_at IS NULL AND (expires_at IS NULL OR expires_at > ?) ORDER BY id`);
  return {
    list: async (accountId, now) => unused.all(accountId, now).map(lookupCodeOf),
    replaceRecovery: (accountId, macs, event) =>
      replace(context, { accountId, kind: 'recovery', macs, expiresAt: null, event }),
    addTemporary: (accountId, mac, expiresAt, event) =>
      replace(context, { accountId, kind: 'temporary', macs: [mac], expiresAt, event }),
  };
}

type Replacement = {
  readonly accountId: string;
  readonly kind: LookupCode['kind'];
  readonly macs: readonly string[];
  readonly expiresAt: Instant | null;
  readonly event: AuditEvent;
};

const replace = (context: StoreContext, { accountId, kind, macs, expiresAt, event }: Replacement): Promise<void> =>
  transact<void>(context, async ({ trx, audit }) => {
    await trx.deleteFrom('lookup_code').where('account_id', '=', accountId).where('kind', '=', kind).execute();
    const created_at = context.clock.now();
    for (const mac of macs) {
      const row = { id: newId(context), account_id: accountId, kind, mac, created_at, expires_at: expiresAt };
      await trx
        .insertInto('lookup_code')
        .values({ ...row, used_at: null })
        .execute();
    }
    await audit(event);
  });

const lookupCodeOf = (row: LookupCodeTable): LookupCode => ({
  id: row.id,
  kind: row.kind,
  mac: row.mac,
  expiresAt: row.expires_at ?? undefined,
});
