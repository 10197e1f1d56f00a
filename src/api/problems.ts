import { Problem } from './operation.ts';

type Entry = { readonly status: number; readonly title: string; readonly meaning: string };

/**
 * Every refusal of the API by its code: the only source of the problem documents, of `docs/api-problems.md` and of the
 * page behind their `type`. Codes are for programs and never change; titles are for the people who write programs.
 */
export const PROBLEMS = {
  bad_request: {
    status: 400,
    title: 'The request is not understood',
    meaning: '`errors` names every field and what is wrong with it. No decision was made, no attempt was counted.',
  },
  not_available: {
    status: 400,
    title: 'Not available here',
    meaning: 'What was asked for is not offered by this version or by this configuration.',
  },
  bad_api_key: {
    status: 401,
    title: 'The API key is not accepted',
    meaning:
      'No key was sent, or it is unknown, ended or past its date: `Authorization: Bearer sk_<id>_<secret>`. All of these look the same.',
  },
  scope: {
    status: 403,
    title: 'The API key may not do this',
    meaning: 'The key has none of the scopes that `scopes` names.',
  },
  network: {
    status: 403,
    title: 'The API key may not be used from this address',
    meaning: 'The key, or `console.networks`, does not contain the address the call came from.',
  },
  app: {
    status: 403,
    title: 'The API key is for another application',
    meaning: 'The key is bound to one application and the call names another.',
  },
  grant: {
    status: 403,
    title: 'A key cannot grant more than it has',
    meaning: 'The client to be made or rotated would have rights that the calling key has not.',
  },
  auth_too_weak: {
    status: 403,
    title: 'Weaker than the policy asks',
    meaning: 'The call asks for less than the policy asks of the application it names.',
  },
  not_found: { status: 404, title: 'Nothing is here', meaning: 'The address or what it names does not exist.' },
  method_not_allowed: {
    status: 405,
    title: 'Not with this method',
    meaning: 'The header `Allow` lists the methods of the address.',
  },
  timeout: { status: 408, title: 'The request came too slowly', meaning: 'The body was not complete in time.' },
  exists: { status: 409, title: 'It exists already', meaning: 'Something else has this name.' },
  conflict: {
    status: 409,
    title: 'Its state does not allow this',
    meaning: 'What the call wants to change is in a state that does not allow the change, or was changed meanwhile.',
  },
  idempotency_mismatch: {
    status: 409,
    title: 'The Idempotency-Key belongs to another call',
    meaning: 'The same key came with another body. Nothing was done.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first call is still under way',
    meaning: 'A call with the same Idempotency-Key is not finished; ask again after `retry_after` seconds.',
  },
  tx_mismatch: {
    status: 409,
    title: 'The transaction was changed',
    meaning: 'The fields are not those that were confirmed. The transaction is void.',
  },
  already_decided: {
    status: 409,
    title: 'The transaction is decided',
    meaning: 'It was approved, rejected or cancelled before.',
  },
  transaction_gone: {
    status: 410,
    title: 'The transaction is gone',
    meaning: 'It never was, was used, has ended, or belongs to another client. All of these look the same.',
  },
  challenge_gone: {
    status: 410,
    title: 'The challenge is gone',
    meaning: 'It never was, was used, has ended, or belongs to another client. All of these look the same.',
  },
  too_large: { status: 413, title: 'The body is too large', meaning: 'A body holds 64 KiB at most.' },
  unsupported_media_type: {
    status: 415,
    title: 'The body has to be JSON',
    meaning: 'Send `Content-Type: application/json`, in UTF-8, without content coding.',
  },
  host: {
    status: 421,
    title: 'Not under this host name',
    meaning: 'Without `console.networks` this listener answers to IP addresses and localhost only.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many calls',
    meaning: 'Ask again after `retry_after` seconds. Nothing was done.',
  },
  internal: { status: 500, title: 'Something broke', meaning: 'No decision was made. The log has the request number.' },
  busy: {
    status: 503,
    title: 'Too much at once',
    meaning: 'No decision was made; ask again after `retry_after` seconds.',
  },
  clock_unsafe: {
    status: 503,
    title: 'The clock cannot be trusted',
    meaning: 'The clock of the server lies behind its own records. No decision is made until it has caught up.',
  },
  db_unavailable: {
    status: 503,
    title: 'The database does not answer',
    meaning: 'No decision was made; ask again after `retry_after` seconds.',
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A refusal by its code, to be thrown. `detail` is a sentence for whoever writes the program; it holds no secret. */
export const problem = (code: ProblemCode, detail: string, more: Readonly<Record<string, unknown>> = {}): Problem =>
  new Problem(PROBLEMS[code].status, code, detail, more);

/** The problem document of a refusal (RFC 9457). */
export function problemDocument(refusal: Problem, request: string): Readonly<Record<string, unknown>> {
  const entry: Entry | undefined = isProblemCode(refusal.code) ? PROBLEMS[refusal.code] : undefined;
  return {
    type: `/api/problems#${refusal.code}`,
    title: entry?.title ?? 'Refused',
    status: refusal.status,
    code: refusal.code,
    request,
    detail: refusal.message,
    ...refusal.more,
  };
}

const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
