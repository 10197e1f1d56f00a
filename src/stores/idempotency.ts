import type { Milliseconds } from '../core/time.ts';
import type { IdempotencyStore } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { DataKeys } from './data-keys.ts';
import type { IdempotencyTable } from './schema-otp.ts';

/** A call that has not been answered for this long is given up: whoever asks again takes its place. */
const GIVEN_UP: Milliseconds = 60_000;

/** Answers kept so that a repeated call is answered the same. Keys are stored as a digest, answers sealed. */
export function createIdempotency(context: StoreContext, keys: DataKeys): IdempotencyStore {
  const { writer, vault } = context;
  const keyOf = (scope: string, key: string): string => vault.hash(JSON.stringify([scope, key]));
  const take = writer.prepare(`
    INSERT INTO idempotency (key_hash, body_hash, begun_at, expires_at) VALUES (:id, :bodyHash, :now, :expiresAt)
    ON CONFLICT (key_hash) DO UPDATE SET body_hash = excluded.body_hash, begun_at = excluded.begun_at,
      expires_at = excluded.expires_at, status = NULL, body = NULL
    WHERE expires_at <= :now OR (status IS NULL AND begun_at <= :givenUp AND body_hash = excluded.body_hash)`);
  const find = writer.prepare<[string], IdempotencyTable>('SELECT * FROM idempotency WHERE key_hash = ?');
  const keep = writer.prepare('UPDATE idempotency SET status = ?, body = ? WHERE key_hash = ? AND status IS NULL');
  const giveBack = writer.prepare('DELETE FROM idempotency WHERE key_hash = ? AND status IS NULL');
  return {
    begin: (scope, key, bodyHash, now, ttl) =>
      transact<Awaited<ReturnType<IdempotencyStore['begin']>>>(context, async () => {
        const id = keyOf(scope, key);
        const taken = take.run({ id, bodyHash, now, expiresAt: now + ttl, givenUp: now - GIVEN_UP });
        if (taken.changes === 1) return { kind: 'new' };
        const row = find.get(id);
        if (row === undefined || row.body_hash !== bodyHash) return { kind: 'mismatch' };
        if (row.status === null || row.body === null) return { kind: 'in-progress' };
        const body = keys.current(writer).sealer.open(row.body, sealContext(id));
        return { kind: 'stored', status: row.status, body: Buffer.from(body).toString('utf8') };
      }),
    finish: (scope, key, status, body) =>
      transact<void>(context, async () => {
        const id = keyOf(scope, key);
        keep.run(status, keys.current(writer).sealer.seal(Buffer.from(body, 'utf8'), sealContext(id)), id);
      }),
    abandon: (scope, key) =>
      transact<void>(context, async () => {
        giveBack.run(keyOf(scope, key));
      }),
  };
}

const sealContext = (id: string): string => `idempotency|${id}|body`;
