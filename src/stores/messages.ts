import type { Message, MessageStore } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { MessageTable } from './schema-otp.ts';

/** Messages that wait to be sent, in the words of the index over them. */
const DUE = `state IN ('queued', 'sending')`;

/** The queue of text messages. They are put into it with the challenge whose code they carry. */
export function createMessages(context: StoreContext): MessageStore {
  const { writer, reader } = context;
  const claim = writer.prepare<[{ now: number; until: number; limit: number }], MessageTable>(`
    UPDATE message SET state = 'sending', tries = tries + 1, next_at = :until
    WHERE id IN (SELECT id FROM message WHERE ${DUE} AND next_at <= :now ORDER BY next_at LIMIT :limit) RETURNING *`);
  const one = reader.prepare<[string], MessageTable>(`SELECT * FROM message WHERE id = ? AND state <> 'none'`);
  const sent = writer.prepare(`
    UPDATE message SET state = 'sent', provider = ?, reference = ?, error = '' WHERE id = ? AND ${DUE}`);
  const failed = writer.prepare(`
    UPDATE message SET state = :state, next_at = coalesce(:again, next_at), error = :error WHERE id = :id AND ${DUE}`);
  const receive = writer.prepare(`
    UPDATE message SET state = :state
    WHERE provider = :provider AND reference = :reference AND reference <> '' AND state IN ('sent', :state)`);
  const known = writer.prepare(`SELECT 1 FROM message WHERE provider = ? AND reference = ? AND reference <> ''`);
  return {
    claim: async (limit, now, lease) => {
      const rows = await transact(context, async () => claim.all({ now, until: now + lease, limit }));
      // RETURNING promises no order.
      return rows.map(messageOf).sort((left, right) => (left.id < right.id ? -1 : 1));
    },
    sent: (id, provider, reference, event) =>
      transact<void>(context, async ({ audit }) => {
        sent.run(provider, reference, id);
        await audit(event);
      }),
    failed: (id, error, again, event) =>
      transact<void>(context, async ({ audit }) => {
        const state = again === undefined ? 'failed' : 'queued';
        failed.run({ id, state, again: again ?? null, error: error.slice(0, 200) });
        await audit(event);
      }),
    receipt: (provider, reference, delivered) =>
      transact<'noted' | 'unknown'>(context, async () => {
        receive.run({ provider, reference, state: delivered ? 'delivered' : 'failed' });
        return known.get(provider, reference) === undefined ? 'unknown' : 'noted';
      }),
    find: async (id) => one.all(id).map(messageOf)[0],
    counts: (since) => counts(context, since),
  };
}

async function counts(context: StoreContext, since: number): Promise<Readonly<Record<Message['state'], number>>> {
  const rows = context.reader
    .prepare<[number], { state: Message['state']; count: number }>(
      `SELECT state, count(*) AS count FROM message WHERE state <> 'none' AND created_at >= ? GROUP BY state`,
    )
    .all(since);
  const found = Object.fromEntries(rows.map((row) => [row.state, row.count]));
  return { queued: 0, sending: 0, sent: 0, delivered: 0, failed: 0, ...found };
}

/** The rows that are not for sending are never read by those who send. */
const messageOf = (row: MessageTable): Message => ({
  id: row.id,
  challengeId: row.challenge_id,
  accountId: row.account_id,
  to: row.number,
  language: row.language,
  host: row.host,
  state: row.state === 'none' ? 'failed' : row.state,
  tries: row.tries,
  nextAt: row.next_at,
  provider: row.provider,
  reference: row.reference,
  createdAt: row.created_at,
});
