import type { Asker } from './question.ts';

/** What was found about a request that another proxy asked about. */
export type Verdict =
  /** It may go on, with these headers for the application. */
  | {
      readonly kind: 'pass';
      readonly identity: readonly string[];
      /** What is left of the browser's cookies without ours; undefined where it sent none. */
      readonly cookie: string | undefined;
      /** Headers in our name that the browser sent. */
      readonly spoofed: readonly string[];
    }
  /** A person has to sign in, or to prove more, on this page. `headers` are cookies. */
  | {
      readonly kind: 'sign-in';
      readonly code: SignInCode;
      readonly location: string;
      readonly headers: readonly string[];
    }
  /** A program met the same; `document` says so. */
  | { readonly kind: 'unauthorised'; readonly code: SignInCode; readonly document: Document | undefined }
  /** It goes no further. `status` is 403, or what a proxy that passes our answers on may tell besides. */
  | { readonly kind: 'refuse'; readonly status: 403 | 429 | 503; readonly document: Document | undefined };

export type SignInCode = 'sign_in_required' | 'step_up_required';

/** A page or problem document of ours. */
export type Document = { readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** An answer to a sub-request: names and values of headers alternating. */
export type Answer = { readonly status: number; readonly headers: readonly string[]; readonly body: string };

/** The answer to a message with more than one reading. */
export const UNREADABLE: Answer = { status: 400, headers: ['Cache-Control', 'no-store'], body: '' };

/** True if the proxy passes our answer on to the browser; nginx takes nothing but its status and its headers. */
export const passesAnswersOn = (asker: Asker): boolean => asker !== 'nginx';

/**
 * Puts a verdict into the words its asker understands. Nothing but `pass` is ever 2xx. nginx knows 200, 401 and 403 and
 * makes 500 of everything else; the others pass on what they are given.
 */
export function forwardAuthAnswer(asker: Asker, verdict: Verdict, requestId: string): Answer {
  const own = ['X-Request-Id', requestId, 'Cache-Control', 'no-store'];
  switch (verdict.kind) {
    case 'pass':
      return { status: 200, headers: [...own, ...verdict.identity, ...changes(asker, verdict)], body: '' };
    case 'sign-in': {
      const cookies = verdict.headers;
      if (passesAnswersOn(asker)) {
        return { status: 303, headers: [...own, ...cookies, 'Location', verdict.location], body: '' };
      }
      const told = ['X-Sumun-Location', verdict.location, 'X-Sumun-Code', verdict.code];
      return { status: 401, headers: [...own, ...cookies, ...told], body: '' };
    }
    case 'unauthorised':
      return withDocument(401, [...own, 'X-Sumun-Code', verdict.code], verdict.document);
    case 'refuse': {
      const status = passesAnswersOn(asker) || verdict.status === 503 ? verdict.status : 403;
      return withDocument(status, own, verdict.document);
    }
  }
}

/**
 * What else changes in the request that goes on: its cookies are those of the answer. Envoy takes headers out that it is
 * told to by name; the others do by their configuration.
 */
function changes(asker: Asker, { identity, cookie, spoofed }: Extract<Verdict, { kind: 'pass' }>): readonly string[] {
  const cookies = cookie === undefined || cookie === '' ? [] : ['Cookie', cookie];
  if (asker !== 'envoy') return cookies;
  const set = new Set(identity.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  const remove = [...(cookie === '' ? ['cookie'] : []), ...spoofed.filter((name) => !set.has(name.toLowerCase()))];
  return remove.length === 0 ? cookies : [...cookies, 'x-envoy-auth-headers-to-remove', remove.join(',')];
}

function withDocument(status: number, own: readonly string[], document: Document | undefined): Answer {
  if (document === undefined) return { status, headers: own, body: '' };
  const theirs = Object.entries(document.headers).filter(([name]) => name.toLowerCase() !== 'cache-control');
  return { status, headers: [...own, ...theirs.flat()], body: document.body };
}
