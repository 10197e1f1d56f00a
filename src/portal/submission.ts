import { isForeign, isOwnForm } from '../http/csrf.ts';
import { type Form, type FormFault, readForm } from '../http/form.ts';
import { plain, toStart } from '../http/notices.ts';
import { type Answer, showNotice } from './answer.ts';
import type { Visit } from './visit.ts';

/** A form that reached us from a browser of ours, or the answer to what did not. */
export type Submitted<Field extends string> =
  | { readonly kind: 'form'; readonly form: Form<Field>; readonly browserSecret: string }
  | { readonly kind: 'refused'; readonly answer: Answer };

/**
 * Reads a submission: not from another site, a form of ours, and from a browser that keeps cookies. The token is
 * checked by the caller, who knows what the form is about.
 */
export async function readSubmitted<Field extends string>(
  visit: Visit,
  fields: readonly Field[],
): Promise<Submitted<Field>> {
  const { request, context } = visit;
  const { origin, host: hostField } = request.headers;
  const fetchSite = request.headers['sec-fetch-site'];
  const site = Array.isArray(fetchSite) ? fetchSite.join() : fetchSite;
  if (isForeign({ origin, fetchSite: site, scheme: context.scheme, host: context.host, hostField })) {
    return refuse(
      showNotice(visit, 403, (reader) => ({
        ...plain(reader, 'foreign_origin', 'foreign'),
        actions: [toStart(reader)],
      })),
    );
  }
  const read = await readForm(request, fields);
  if (!read.ok) return refuse(formFault(visit, read.error));
  if (visit.browserSecret === undefined) {
    return refuse(
      showNotice(visit, 403, (reader) => ({
        ...plain(reader, 'cookies_blocked', 'cookies'),
        actions: [toStart(reader)],
      })),
    );
  }
  return { kind: 'form', form: read.value, browserSecret: visit.browserSecret };
}

const refuse = (answer: Answer): { readonly kind: 'refused'; readonly answer: Answer } => ({ kind: 'refused', answer });

/** True if the form carries the token this browser was given for it. */
export const hasOwnToken = (visit: Visit, browserSecret: string, about: string, token: string | undefined): boolean =>
  token !== undefined && isOwnForm(visit.parts.house.digests, browserSecret, about, token);

const FAULTS = {
  'too-large': { status: 413, code: 'body_too_large' },
  'media-type': { status: 415, code: 'unsupported_media_type' },
  malformed: { status: 400, code: 'malformed_form' },
} as const;

/** What was not read stays in the connection, so it cannot carry another request. */
function formFault(visit: Visit, fault: FormFault): Answer {
  const { status, code } = FAULTS[fault];
  const answer = showNotice(visit, status, (reader) => {
    if (fault === 'media-type') return plain(reader, code, 'mediaType');
    if (fault === 'malformed') return plain(reader, code, 'badRequest');
    return { ...plain(reader, code, 'tooLarge'), lead: [reader.t('tooLarge.lead', { size: '64 KB' })] };
  });
  return { ...answer, headers: { ...answer.headers, connection: 'close' } };
}
