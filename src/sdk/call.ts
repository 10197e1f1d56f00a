/** How calls of the API travel. */
export type CallOptions = {
  /** Address of the API's listener, `https://otp.corp.example:8443`; the path `/api/v1` is added. */
  readonly url: string;
  /** `sk_…`. Sent in the Authorization header, never in an address. */
  readonly key: string;
  /** Longest time of one call with all its retries, in milliseconds. */
  readonly timeout?: number;
  /** Tries after the first one. */
  readonly retries?: number;
  readonly fetch?: typeof fetch;
};

export type Request = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Sent as Idempotency-Key; made anew for each call (not each try) unless given. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
};

/** The server answered with a problem document (RFC 9457): no decision was made. */
export class SumunProblem extends Error {
  override readonly name = 'SumunProblem';
  readonly status: number;
  readonly code: string;
  /** Short number to tell the operator. */
  readonly request: string;

  constructor(status: number, code: string, request: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.request = request;
  }
}

/** The server could not be asked in time: no decision was made, and nobody is let in on it. */
export class SumunUnavailable extends Error {
  override readonly name = 'SumunUnavailable';
}

const AGAIN = new Set([429, 502, 503, 504]);

/**
 * Makes one call and answers the parsed JSON of a 2xx. What may pass by itself (the network, 429, 502, 503, 504, an
 * equal call still in progress) is tried again with the same Idempotency-Key until the time is over. Throws
 * `SumunProblem` or `SumunUnavailable`.
 */
export async function call(options: CallOptions, request: Request): Promise<unknown> {
  const { timeout = 10_000, retries = 3 } = options;
  const key = request.idempotencyKey ?? crypto.randomUUID();
  const deadline = performance.now() + timeout;
  let last: unknown;
  for (let tried = 0; tried <= retries; tried++) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    request.signal?.throwIfAborted();
    let wait = 100 * 2 ** tried;
    try {
      const response = await send(options, request, key, left);
      if (response.ok) return response.status === 204 ? undefined : await response.json();
      const problem = await problemOf(response);
      if (!mayPass(problem)) throw problem;
      last = problem;
      wait = Math.max(wait, 1000 * Number(response.headers.get('retry-after') ?? 0));
    } catch (error) {
      if (error instanceof SumunProblem || request.signal?.aborted === true) throw error;
      last = error;
    }
    if (tried === retries || performance.now() + wait > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  if (last instanceof SumunProblem) throw last;
  throw new SumunUnavailable('the server could not be asked in time; nobody is let in', { cause: last });
}

const mayPass = ({ status, code }: SumunProblem): boolean =>
  AGAIN.has(status) || (status === 409 && code === 'idempotency_in_progress');

async function send(options: CallOptions, request: Request, key: string, left: number): Promise<Response> {
  const { url, fetch: ask = fetch } = options;
  const target = new URL(`${url.replace(/\/+$/, '')}/api/v1${request.path}`);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) target.searchParams.set(name, String(value));
  }
  const timer = AbortSignal.timeout(Math.max(1, Math.floor(left)));
  return ask(target, {
    method: request.method,
    redirect: 'error',
    headers: {
      authorization: `Bearer ${options.key}`,
      accept: 'application/json, application/problem+json',
      ...(request.method === 'GET' ? {} : { 'idempotency-key': key }),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    signal: request.signal === undefined ? timer : AbortSignal.any([timer, request.signal]),
  });
}

async function problemOf(response: Response): Promise<SumunProblem> {
  const body: unknown = await response.json().catch(() => ({}));
  const told = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>;
  const { code = 'unknown', request = '', detail = '', title = '' } = told;
  return new SumunProblem(response.status, String(code), String(request), String(detail || title || response.status));
}
