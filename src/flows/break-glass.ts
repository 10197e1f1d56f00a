import { encodeBits } from '../core/alphabet.ts';
import { DAY, HOUR, type Instant, type Milliseconds } from '../core/time.ts';
import type { House } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';

type BreakGlassPorts = Pick<House, 'clock' | 'random' | 'digests' | 'switches' | 'audit'>;

/** A route stays open no longer than this. */
export const OPEN_MAX: Milliseconds = 4 * HOUR;

/** An envelope nobody opened is worth nothing after this. */
const SEAL_LIFE: Milliseconds = 400 * DAY;

/** Stands for every route that may be opened at all. */
export const EVERY_ROUTE = '*';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A code for an envelope, shown once, and what it is called in lists and in the audit trail. */
export type Sealed = { readonly code: string; readonly id: string; readonly until: Instant };

/** Makes a code of 125 random bits that opens one of these routes once. Only its hash is kept. */
export async function sealCode(house: BreakGlassPorts, routes: readonly string[], by: Origin): Promise<Sealed> {
  const code = encodeBits(house.random.bytes(16), CROCKFORD, 5).slice(0, 25);
  const hash = house.digests.hash(code);
  const now = house.clock.now();
  const until = now + SEAL_LIFE;
  const detail = { code: sealName(hash), routes: routes.join(' '), until };
  await house.switches.sealCode({ hash, routes, until }, auditEvent('break-glass.sealed', now, by, { detail }));
  return { code: code.replace(/.{5}(?=.)/g, '$&-'), id: sealName(hash), until };
}

/** What a code is called where it must not stand itself. */
export const sealName = (hash: string): string => hash.slice(0, 8);

/** Takes a code in an envelope out of force. */
export async function voidCode(house: BreakGlassPorts, id: string, by: Origin): Promise<'voided' | 'missing'> {
  const now = house.clock.now();
  const found = (await house.switches.sealedCodes(now)).find(({ hash }) => sealName(hash) === id);
  if (found === undefined) return 'missing';
  return house.switches.voidCode(found.hash, auditEvent('break-glass.voided', now, by, { detail: { code: id } }));
}

/** A route to open, why, for how long, and the code from the envelope as it was typed. */
export type OpenRequest = {
  readonly route: string;
  readonly span: Milliseconds;
  readonly reason: string;
  readonly code: string;
};

/** Opens a route without sign-in for a time. A code opens once; one that does not fit is noted in the audit trail. */
export async function openRoute(
  house: BreakGlassPorts,
  { route, span, reason, code }: OpenRequest,
  by: Origin,
): Promise<Instant | 'refused'> {
  const now = house.clock.now();
  const until = now + Math.min(span, OPEN_MAX);
  const codeHash = house.digests.hash(foldCode(code));
  const detail = { code: sealName(codeHash), because: reason, until };
  const event = auditEvent('break-glass.opened', now, by, { route, detail });
  if ((await house.switches.openRoute({ codeHash, route, until }, event)) === 'opened') return until;
  await house.audit.append(auditEvent('break-glass.refused', now, by, { route, reason: 'wrong-code' }));
  return 'refused';
}

/** Closes an opened route before its time. */
export const closeRoute = (house: BreakGlassPorts, route: string, by: Origin): Promise<'closed' | 'not-open'> =>
  house.switches.closeRoute(route, auditEvent('break-glass.closed', house.clock.now(), by, { route }));

/** A code as Crockford's base32 reads it: any case, without hyphens and spaces, `O` for `0`, `I` and `L` for `1`. */
const foldCode = (typed: string): string =>
  typed.normalize('NFKC').toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
