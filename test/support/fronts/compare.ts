import { isDeepStrictEqual } from 'node:util';
import type { Both, Case, Outcome } from './run.ts';
import { type Answer, readRest } from './transcript.ts';

/** A way in which the product may differ from the reference, and why that is wanted. */
export type KnownDifference = {
  readonly name: string;
  readonly why: string;
  readonly holds: (both: Both, drawn: Case) => boolean;
};

/** What a difference is about, in the words of the one who has to find it. */
export type Difference = { readonly what: string; readonly both: Both };

/** Undefined where both fronts said and passed on the same. */
export function compare(both: Both): Difference | undefined {
  const { product, reference } = both;
  const differs = (what: string): Difference => ({ what, both });
  if (product.end === 'hung' || reference.end === 'hung') return differs('a connection that never ends');
  if ([...product.upstream, ...reference.upstream].some((entry) => entry.startsWith('AMBIGUOUS'))) {
    return differs('an ambiguous request to the application');
  }
  if (!isDeepStrictEqual(statuses(product), statuses(reference))) return differs('status');
  if (product.end !== reference.end) return differs('end of the connection');
  if (!isDeepStrictEqual([...product.upstream].sort(), [...reference.upstream].sort())) return differs('upstream');
  const pairs = product.answers.map((answer, index) => [answer, reference.answers[index]] as const);
  if (!pairs.every(([one, other]) => other !== undefined && isSame(one, other))) return differs('answer');
  if (!isPrefix(readRest(product.rest), readRest(reference.rest))) return differs('a response that breaks off');
  if (!isPrefix(product.tunnelled, reference.tunnelled)) return differs('tunnel');
  if (!isPrefix(...unfinished(both))) return differs('an unfinished request');
  return undefined;
}

/** Why a message is refused is told by whoever sees it first; that it is, and that the connection ends, is the same. */
const isSame = (one: Answer, other: Answer): boolean =>
  isDeepStrictEqual(one, other) || (isRefusal(one) && isRefusal(other) && one.status === other.status);

const isRefusal = ({ status, keepAlive, head }: Answer): boolean =>
  [400, 405, 413, 431].includes(status) && !keepAlive && /^x-request-id: \(number\)$/im.test(head);

const statuses = ({ answers }: Outcome): readonly number[] => answers.map(({ status }) => status);

/** How much arrives of what breaks off is not the same twice; what does is. */
const isPrefix = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);

/** Of a request that is not whole only the head is compared: chunks come as they were read. */
const unfinished = ({ product, reference }: Both): [string, string] => [
  product.unfinished.map((text) => text.split('\r\n\r\n')[0]).join(''),
  reference.unfinished.map((text) => text.split('\r\n\r\n')[0]).join(''),
];
