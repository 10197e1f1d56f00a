import { isDeepStrictEqual } from 'node:util';
import { compare, type KnownDifference } from './compare.ts';
import type { Both, Case, Outcome } from './run.ts';
import type { Answer } from './transcript.ts';

/** Where the product differs from `node:http`, and means to. Stricter, never laxer. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'request line',
    why: 'Node reads several spaces in a request line as one; RFC 9112 §3 knows exactly one, and so do we: 400.',
    holds: (both) => refusesMore(both, 'request_line'),
  },
  {
    name: 'head limit',
    why: 'The limit of a head counts every octet of it here, and the texts of fields alone in Node: 431 comes earlier.',
    holds: (both, { requests }) =>
      refusesMore(both, 'hpe_header_overflow') &&
      requests.pieces
        .join('')
        .split('\r\n\r\n')
        .some((part) => part.length > HEAD_MAX - 4),
  },
  {
    name: 'early answer',
    why: 'Whether a body had come whole when it was answered early depends on the reads; if not, the connection ends.',
    holds: (both, { requests }) => {
      const { sooner, at } = endsSooner(both) ?? { at: -1 };
      const status = sooner?.answers[at]?.status ?? 0;
      const text = requests.pieces.join('');
      return EARLY.includes(status) && (/chunked/i.test(text) || text.length > DRAIN_MAX);
    },
  },
  {
    name: 'HEAD in HTTP/1.0',
    why: 'An answer to HEAD needs no length for the connection to go on; Node ends it where HTTP/1.0 asked to keep it.',
    holds: (both, { requests }) => {
      const { sooner, at } = endsSooner(both) ?? { at: -1 };
      const asks = /HTTP\/1\.0\r\n[\s\S]*connection: .*keep-alive/i.test(requests.pieces.join(''));
      return asks && sooner === both.reference && sooner.answers[at]?.framing === 'none';
    },
  },
  {
    name: 'which refusal',
    why: 'Both refuse. A method nobody knows is 405 here wherever it stands, and the first fault of several is told.',
    holds: ({ product, reference }) => {
      const last = [product, reference].map(({ answers }) => answers.at(-1));
      return (
        isDeepStrictEqual(product.answers.slice(0, -1), reference.answers.slice(0, -1)) &&
        last.every((answer) => answer?.keepAlive === false && EARLY.includes(answer.status)) &&
        last.some((answer) => REFUSALS.includes(answer?.status ?? 0)) &&
        isDeepStrictEqual(product.upstream, reference.upstream)
      );
    },
  },
  {
    name: 'trailer',
    why: 'A trailer says nothing about the connection (RFC 9110 §6.5.1); Node reads `Connection: close` even there.',
    holds: ({ product, reference }, { requests }) =>
      /\r\n0[^\r\n]*\r\n(?:[^\r\n]+\r\n)*connection:[^\r\n]*close/i.test(requests.pieces.join('')) &&
      reference.answers.at(-1)?.status === 400 &&
      isDeepStrictEqual(product.answers.slice(0, reference.answers.length - 1), reference.answers.slice(0, -1)),
  },
  {
    name: 'expectation',
    why: 'Only `Expect: 100-continue` in front of a body is one (RFC 9110 §10.1.1); Node finds the word anywhere.',
    holds: (both, { requests }) => /^expect:/im.test(requests.pieces.join('')) && isSameOutcome(both),
  },
  {
    name: 'upgrade that is none',
    why: 'Behind a message that names an upgrade Node drops what it has read, though it does not upgrade; we read on.',
    holds: ({ product, reference }, { requests }) =>
      /^connection:.*upgrade/im.test(requests.pieces.join('')) &&
      isDeepStrictEqual(product.answers.slice(0, reference.answers.length), reference.answers) &&
      reference.upstream.every((entry, index) => entry === product.upstream[index]),
  },
  {
    name: 'hands off',
    why: 'At CONNECT or Upgrade Node takes its hands off a connection, though an earlier response still waits for it.',
    holds: ({ product, reference }, { requests }) =>
      /^(?:CONNECT |upgrade:)/im.test(requests.pieces.join('')) && reference.end === 'hung' && product.end === 'closed',
  },
  {
    name: 'flushed head',
    why: 'A head that leaves before its body is written as UTF-8 by Node; octets beyond ASCII stay octets here.',
    holds: isSameOutcome,
  },
  {
    name: 'cut without a length',
    why: 'How much of a response that breaks off reaches a client of HTTP/1.0 is not the same twice.',
    holds: ({ product, reference }) => {
      const [one, other] = [product.answers.at(-1), reference.answers.at(-1)];
      if (![one, other].some((answer) => answer !== undefined && isUntilClose(answer))) return false;
      const head = ({ answers, end }: Outcome): unknown => [answers.slice(0, whole), end];
      const whole = Math.max(product.answers.length, reference.answers.length) - 1;
      return (
        isDeepStrictEqual(head(product), head(reference)) && isDeepStrictEqual(product.upstream, reference.upstream)
      );
    },
  },
];

/**
 * Both without what two of the differences are about, so that each of the others is found beside them: no 100, no Expect,
 * and a head that Node wrote as UTF-8 in its own octets.
 */
export function withoutSmallOnes({ product, reference }: Both, drawn: Case): Both {
  const expects = /^expect:/im.test(drawn.requests.pieces.join(''));
  const clean = (outcome: Outcome): Outcome => ({
    ...outcome,
    answers: expects ? outcome.answers.filter(({ status }) => status !== 100) : outcome.answers,
    upstream: expects
      ? outcome.upstream.map((entry) => entry.replace('\r\nExpect: 100-continue', ''))
      : outcome.upstream,
  });
  const [one, other] = [clean(product), clean(reference)];
  const heads = one.answers.map(({ head }) => head);
  const answers = other.answers.map((answer, index) => {
    const head = heads[index] ?? '';
    return answer.head === Buffer.from(head).toString('latin1') ? { ...answer, head } : answer;
  });
  return { product: one, reference: { ...other, answers } };
}

function isSameOutcome(both: Both): boolean {
  return compare(both) === undefined;
}

/** The default of `limits.header_bytes`, and how much of a body nobody wants is read. */
const HEAD_MAX = 32_768;
const DRAIN_MAX = 64 * 1024;

/** The side whose connection ended with an answer behind which the other went on, all else being equal up to there. */
function endsSooner({ product, reference }: Both): { readonly sooner: Outcome; readonly at: number } | undefined {
  const at = Math.min(product.answers.length, reference.answers.length) - 1;
  const [one, other] = [product.answers[at], reference.answers[at]];
  if (one === undefined || other === undefined || one.keepAlive === other.keepAlive) return undefined;
  const isSame = isDeepStrictEqual(
    [...product.answers.slice(0, at), { ...one, keepAlive: true }],
    [...reference.answers.slice(0, at), { ...other, keepAlive: true }],
  );
  const [sooner, later] = one.keepAlive ? [reference, product] : [product, reference];
  const isPart = sooner.upstream.every((entry, index) => entry === later.upstream[index]);
  return isSame && isPart && sooner.answers.length === at + 1 ? { sooner, at } : undefined;
}

/** Ends with its connection, and so may have been cut. */
function isUntilClose({ framing, keepAlive, head }: Answer): boolean {
  return framing === 'close' || (framing === 'none' && !keepAlive && !/^content-length:/im.test(head));
}

/** What octets that are no request are answered with, and what may be answered before a body has come. */
const REFUSALS: readonly number[] = [400, 405, 413, 431];
const EARLY: readonly number[] = [...REFUSALS, 303, 401, 403, 404, 421];

/** The same up to a refusal of the product with this code; nothing reached the application that does not there. */
function refusesMore({ product, reference }: Both, code: string): boolean {
  const last = product.answers.at(-1);
  const before = product.answers.slice(0, -1);
  return (
    product.end === 'closed' &&
    last?.body.includes(`"code":"${code}"`) === true &&
    isDeepStrictEqual(before, reference.answers.slice(0, before.length)) &&
    product.upstream.every((entry) => reference.upstream.includes(entry))
  );
}
