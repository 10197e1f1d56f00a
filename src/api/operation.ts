import type { z } from 'zod';
import type { ApiClient, Scope } from '../core/identity/api-client.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { Origin } from '../flows/origin.ts';
import type { House } from '../ports.ts';

/** What every operation works with. */
export type ApiParts = {
  readonly house: House;
  readonly policy: () => Policy;
  /** The cache in front of the sessions: told which account's sign-ins changed. */
  readonly live: { forget(accountId: string): void };
};

/** One authorised call, its input read and checked. */
export type Call<Path, Query, Body> = {
  readonly parts: ApiParts;
  /** The policy at the beginning of the call. */
  readonly policy: Policy;
  readonly client: ApiClient;
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  readonly now: Instant;
  /** Who acts, for the audit trail: actor `api:<client name>`. */
  readonly by: Origin;
  /** The Accept header, or the empty string: some answers have a second form. */
  readonly accept: string;
  /** Language of texts for people, from Accept-Language. */
  readonly language: 'ko' | 'en' | 'ja';
  /** Aborted when the caller goes away. */
  readonly gone: AbortSignal;
};

/**
 * What an operation answers: a status it declares with a body its schema describes, or a stream of events. The body is
 * sent as JSON; where `headers` name another `content-type`, it is a text and sent as it is.
 */
export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: 200; readonly events: AsyncIterable<{ readonly event: string; readonly data: unknown }> };

/** An answer an operation may give, for the OpenAPI document and for the contract test. */
export type Declared = {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Media type of the second form of the answer, by Accept. */
  readonly also?: 'text/event-stream' | 'text/csv';
};

/**
 * One operation of the API. The schemas are the only source: requests are validated by them (unknown fields refused),
 * handlers are typed by them, the OpenAPI document is made of them.
 */
export type Operation<
  Path extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> = {
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below `/api/v1`: `/tokens/{id}:resync`. */
  readonly path: string;
  /** The key needs one of these. */
  readonly scopes: readonly [Scope, ...Scope[]];
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly pathSchema?: Path;
  readonly querySchema?: Query;
  readonly bodySchema?: Body;
  /** Most bytes of a body; absent = 64 KiB. */
  readonly maxBody?: number;
  /** How long an answer is kept for its Idempotency-Key; absent = the key is not taken. */
  readonly idempotentFor?: number;
  /** Answers besides the problem documents every operation may give (400, 401, 403, 429, 503). */
  readonly answers: Readonly<Record<number, Declared>>;
  handle(call: Call<z.output<Path>, z.output<Query>, z.output<Body>>): Promise<Answer>;
};

/** Declares an operation with the types of its schemas. */
export const operation = <Path extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  declared: Operation<Path, Query, Body>,
): Operation => declared as unknown as Operation; // the router validates before it calls, with these very schemas

/** A refusal an operation throws: answered as a problem document (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  /** Stable name for programs, from the catalogue in `problems.ts`. */
  readonly code: string;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, detail: string, more: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}
