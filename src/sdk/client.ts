/**
 * `sumun/client`: the API of Sumun for other applications.
 *
 * Fail-secure by construction: `verify` answers `accept` only for a 200 that says so in full; everything else is a
 * refusal, a challenge, or an exception that means "no decision was made".
 */
import { type CallOptions, call } from './call.ts';

export { SumunProblem, SumunUnavailable } from './call.ts';

export type VerifyRequest = {
  readonly user?: string;
  /** `id+otp`, `id+otp+pin`, `id+pw+otp` …; left out, the policy for `app` decides. */
  readonly auth?: string;
  readonly app?: string;
  readonly password?: string;
  readonly pin?: string;
  readonly otp?: string;
  readonly sms?: string;
  /** Of an earlier challenge, to go on with it. */
  readonly transaction?: string;
  readonly context?: { readonly ip?: string };
};

export type Accepted = {
  readonly result: 'accept';
  readonly transaction: string;
  /** Authentication method references (RFC 8176). */
  readonly amr: readonly string[];
  /** Seconds since 1970. */
  readonly auth_time: number;
  readonly user: { readonly login: string; readonly name: string; readonly groups: readonly string[] };
  /** JWT of 60 seconds for `app`. */
  readonly assertion: string;
};

export type Rejected = {
  readonly result: 'reject';
  readonly reason: 'invalid_credentials' | 'locked';
  /** Seconds. */
  readonly retry_after?: number;
  readonly reason_detail?: string;
};

export type Challenged = {
  readonly result: 'challenge';
  readonly transaction: string;
  /** Seconds since 1970. */
  readonly expires_at: number;
  readonly need: readonly { readonly method: string; readonly target?: string; readonly challenge?: string }[];
};

export type VerifyResult = Accepted | Rejected | Challenged;

export type PageOf<T> = { readonly items: readonly T[]; readonly next_cursor: string | null };

/** A client of one key. Calls are tried again where that is safe; see `CallOptions`. */
export class SumunClient {
  readonly #options: CallOptions;

  constructor(options: CallOptions) {
    if (!/^sk_[^_]+_.+$/.test(options.key)) throw new TypeError('key: sk_<id>_<secret> is expected');
    this.#options = options;
  }

  /** Verifies credentials. Throws where no decision was made. */
  async verify(request: VerifyRequest, signal?: AbortSignal): Promise<VerifyResult> {
    const answer = await this.request('POST', '/verify', { body: request, signal });
    return readVerifyResult(answer);
  }

  /** Any operation of the API document. Answers the JSON of a 2xx, undefined for 204. */
  request(
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    more: {
      readonly body?: unknown;
      readonly query?: Readonly<Record<string, string | number | undefined>>;
      readonly idempotencyKey?: string;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<unknown> {
    const { signal, ...rest } = more;
    return call(this.#options, { method, path, ...rest, ...(signal === undefined ? {} : { signal }) });
  }

  /** Walks a list (`/users`, `/tokens`, `/audit` …) to its end, page by page. */
  async *list<T>(
    path: string,
    query: Readonly<Record<string, string | number | undefined>> = {},
  ): AsyncGenerator<T, void, undefined> {
    let cursor: string | undefined;
    do {
      const page = (await this.request('GET', path, { query: { ...query, cursor } })) as PageOf<T>;
      yield* page.items;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }
}

/** True for an answer that lets somebody in. */
export const isAccepted = (result: VerifyResult): result is Accepted => result.result === 'accept';

function readVerifyResult(answer: unknown): VerifyResult {
  const { result, transaction, user } = (answer ?? {}) as Partial<Omit<Accepted, 'result'>> & { result?: unknown };
  if (result === 'reject' || result === 'challenge') return answer as VerifyResult;
  const isWhole =
    result === 'accept' && typeof transaction === 'string' && typeof user?.login === 'string' && user.login !== '';
  if (isWhole) return answer as Accepted;
  throw new TypeError('the answer is none that this client knows; nobody is let in');
}
