import { DAY, type Instant } from '../time.ts';

/** What a certificate says of itself. */
export type CertificateFacts = {
  /** DNS names and addresses it is for, in lower case; wildcards as they are written. */
  readonly names: readonly string[];
  readonly from: Instant;
  readonly until: Instant;
};

/**
 * True if a name of a certificate covers the host (RFC 9525 §6.3): the same name, or `*.` in place of exactly one label
 * on the left. Both in lower case, without a trailing dot. A wildcard directly above a top-level name covers nothing.
 */
export function coversHost(names: readonly string[], host: string): boolean {
  const wildcard = wildcardOf(host);
  return names.some((name) => name === host || name === wildcard);
}

/** The wildcard name that would cover the host, `*.corp.example` for `hr.corp.example`; undefined if none may. */
export function wildcardOf(host: string): string | undefined {
  const dot = host.indexOf('.');
  return dot > 0 && host.indexOf('.', dot + 1) > 0 ? `*${host.slice(dot)}` : undefined;
}

/**
 * The names in a subject alternative name as Node writes it: `DNS:hr.corp.example, IP Address:10.0.0.1`. A name that it
 * puts in quotes holds characters that no host has, and is left out.
 */
export const subjectNames = (subjectAltName: string): readonly string[] =>
  subjectAltName.split(', ').flatMap((entry) => {
    const name = /^(?:DNS|IP Address):([^"]+)$/.exec(entry)?.[1];
    return name === undefined ? [] : [name.toLowerCase()];
  });

/** True in the last third of a certificate's life, but not earlier than two weeks before its end. */
export const endsSoon = ({ from, until }: CertificateFacts, now: Instant): boolean =>
  until - now < Math.min(14 * DAY, (until - from) / 3);
