import { readRequestNumber } from '../core/request-number.ts';
import { DAY, HOUR, type Milliseconds } from '../core/time.ts';
import type { RecordedRequest, RequestLog } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { RecordedRequestTable } from './schema.ts';

const QUEUE = 1000;
const WRITE_EVERY: Milliseconds = 200;
const KEEP_COUNT = 200_000;
const KEEP: Milliseconds = 30 * DAY;

/**
 * Requests that did not simply pass. Recording only puts into a bounded queue, which is written five times a second;
 * what does not fit is dropped, because answering comes first.
 */
export class Requests implements RequestLog {
  readonly #context: StoreContext;
  #queue: RecordedRequest[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #trimmedAt: number | undefined;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  record(request: RecordedRequest): void {
    if (this.#queue.length >= QUEUE) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push(request);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_EVERY).unref();
  }

  async find(number: string): Promise<RecordedRequest | undefined> {
    const wanted = readRequestNumber(number);
    if (wanted === undefined) return undefined;
    const query = this.#context.read.selectFrom('recorded_request').selectAll().where('number', '=', wanted);
    const row = await query.orderBy('at', 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst();
    return row === undefined ? undefined : requestOf(row);
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const batch = this.#queue;
    this.#queue = [];
    if (batch.length === 0) return;
    try {
      await transact<void>(this.#context, async ({ trx }) => {
        for (const request of batch) {
          await trx
            .insertInto('recorded_request')
            .values(rowOf(request))
            .onConflict((c) => c.column('id').doNothing())
            .execute();
        }
      });
      if (this.#dropped > 0) this.#context.log.warn('requests.dropped', { count: this.#dropped });
      this.#dropped = 0;
      await this.#trim();
    } catch (error) {
      this.#context.log.error('requests.not-written', { count: batch.length, error: String(error) });
    }
  }

  /** Once an hour: what is too old, and the oldest beyond the number that is kept. */
  async #trim(): Promise<void> {
    const now = this.#context.clock.now();
    if (this.#trimmedAt !== undefined && Math.abs(now - this.#trimmedAt) < HOUR) return;
    this.#trimmedAt = now;
    await transact<void>(this.#context, async ({ trx }) => {
      await trx
        .deleteFrom('recorded_request')
        .where('at', '<', now - KEEP)
        .execute();
      const surplus = trx
        .selectFrom('recorded_request')
        .select('id')
        .orderBy('at', 'desc')
        .limit(-1)
        .offset(KEEP_COUNT);
      await trx.deleteFrom('recorded_request').where('id', 'in', surplus).execute();
    });
  }
}

const rowOf = (request: RecordedRequest): RecordedRequestTable => ({
  ...request,
  number: request.id.slice(-8),
  have: JSON.stringify(request.have),
});

function requestOf(row: RecordedRequestTable): RecordedRequest {
  const { number: _, have, ...rest } = row;
  return { ...rest, have: JSON.parse(have) };
}
