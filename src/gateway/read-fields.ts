import type { Incoming } from './front/message.ts';
import type { RequestFraming } from './upstream/request-head.ts';

/** The fields every request is read for, gathered in one pass over the raw header list. */
export type Fields = {
  readonly hosts: string[];
  /** All Cookie fields as one. */
  cookie: string | undefined;
  /** Every Content-Length and Transfer-Encoding, in order. */
  lengths: readonly string[];
  codings: readonly string[];
  /** The session cookie, once somebody looked for it under this name. */
  session: { readonly name: string; readonly value: string | undefined } | undefined;
};

/** Why a message that the parser let through has more than one reading (RFC 9112 §6.1, §6.3). */
export type FramingFault = 'transfer-coding' | 'content-length' | 'http-version' | 'length-and-coding';

/** Most requests have neither a length nor a coding. */
const NO_VALUES: readonly string[] = [];

/** Gathers host, cookie and framing. `headers` of the message is not touched: it hides repeats and costs time. */
export function readFields(raw: readonly string[]): Fields {
  const fields: Fields = { hosts: [], cookie: undefined, lengths: NO_VALUES, codings: NO_VALUES, session: undefined };
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    switch (name.length) {
      case 4:
        if (is(name, 'host')) fields.hosts.push(raw[index + 1] ?? '');
        break;
      case 6:
        if (is(name, 'cookie')) fields.cookie = join(fields.cookie, raw[index + 1] ?? '');
        break;
      case 14:
        if (is(name, 'content-length')) fields.lengths = [...fields.lengths, raw[index + 1] ?? ''];
        break;
      case 17:
        if (is(name, 'transfer-encoding')) fields.codings = [...fields.codings, raw[index + 1] ?? ''];
        break;
      default:
    }
  }
  return fields;
}

/** How the body of a request is framed, or why that cannot be said without doubt. */
export function readFraming(req: Incoming, { lengths, codings }: Fields): RequestFraming | FramingFault {
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor > 1) return 'http-version';
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked' || req.httpVersionMinor === 0) {
      return 'transfer-coding';
    }
    return lengths.length > 0 ? 'length-and-coding' : { kind: 'chunked' };
  }
  if (lengths.length === 0) return NONE;
  if (lengths.length > 1 || !/^[0-9]{1,15}$/.test(lengths[0] ?? '')) return 'content-length';
  return { kind: 'length', bytes: Number(lengths[0]) };
}

const NONE: RequestFraming = { kind: 'none' };

/** The first value of a field, for what is looked at rarely. */
export function fieldOf(raw: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    if (raw[index]?.length === name.length && is(raw[index] ?? '', name)) return raw[index + 1];
  }
  return undefined;
}

const is = (name: string, folded: string): boolean => name === folded || name.toLowerCase() === folded;

const join = (before: string | undefined, more: string): string => (before === undefined ? more : `${before}; ${more}`);
