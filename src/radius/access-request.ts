import { readAddress } from '../core/access/cidr.ts';
import { type Factor, isKnowledge } from '../core/identity/factors.ts';
import type { RadiusClient } from '../core/policy.ts';
import type { AuthenticationRequest } from '../core/verification/authentication.ts';
import type { ChallengeMethod, PendingVerification } from '../core/verification/challenge.ts';
import { normaliseCode, normalisePassword, readLookupCode } from '../core/verification/code.ts';
import { readChap } from './chap.ts';
import type { KnownClient } from './clients.ts';
import { ATTRIBUTE, everyValue, firstValue, type Packet } from './packet.ts';
import { loginOf } from './user-name.ts';
import { openUserPassword, readText } from './user-password.ts';

/** What a person proved themselves with: a password in clear, or CHAP. */
export type Typed =
  | { readonly kind: 'pap'; readonly text: string }
  | { readonly kind: 'chap'; readonly matches: (candidate: string) => boolean };

/** An Access-Request that can be evaluated. */
export type AccessRequest = {
  /** Folded. */
  readonly login: string;
  readonly typed: Typed;
  readonly state: Buffer | undefined;
  /** The person's own address where the client tells it, else the client's. */
  readonly address: string;
};

/** Why an Access-Request is not evaluated. The first is discarded in silence, the others are rejected. */
export type AccessFault = 'malformed' | 'eap' | 'login' | 'password' | 'chap';

/**
 * Reads an Access-Request (RFC 2865 §4.1). 'malformed' without User-Name or any credential, or with two of them. EAP is
 * not spoken. A password that cannot be opened as text is a fault: with a wrong secret it is noise.
 */
export function readAccessRequest(
  packet: Packet,
  { client, secret }: KnownClient,
  source: string,
): AccessRequest | AccessFault {
  if (firstValue(packet, ATTRIBUTE.eapMessage) !== undefined) return 'eap';
  const userName = firstValue(packet, ATTRIBUTE.userName);
  const passwords = everyValue(packet, ATTRIBUTE.userPassword);
  const chaps = everyValue(packet, ATTRIBUTE.chapPassword);
  if (userName === undefined || passwords.length + chaps.length !== 1) return 'malformed';
  const typed = chaps.length === 1 ? readChapPassword(packet, client) : readPap(packet, passwords[0], secret);
  if (typeof typed === 'string') return typed;
  const login = loginOf(userName, client.realms);
  if (login === undefined) return 'login';
  return { login, typed, state: firstValue(packet, ATTRIBUTE.state), address: callingAddress(packet) ?? source };
}

/** Methods that are asked for by typing their name in the place of a code. */
const WANTED: Readonly<Record<string, ChallengeMethod>> = { sms: 'sms', push: 'server', ocra: 'ocra' };

const wantedBy = (text: string): ChallengeMethod | undefined => {
  const word = text.trim().toLowerCase();
  return Object.hasOwn(WANTED, word) ? WANTED[word] : undefined;
};

/** The part of an authentication that says what was given. */
export type Given = Pick<AuthenticationRequest, 'credentials' | 'concatenated' | 'otpMatches' | 'wanted'>;

/**
 * What a first packet gives. In `one_field` the password holds everything in the order of `concat`; in `challenge` the
 * knowledge factor, or the code itself where no knowledge is asked for. The name of a method is given in the place of
 * the code: alone, or with a comma beside the knowledge factor (`1234,sms`).
 */
export function givenFirst(client: RadiusClient, typed: Typed): Given {
  if (typed.kind === 'chap') return { credentials: {}, otpMatches: typed.matches };
  const { text } = typed;
  const factors = client.requirement.factors;
  const knowledge = factors.filter(isKnowledge);
  const [only] = knowledge;
  if (only === undefined) return givenCode(factors, text);
  if (client.mode === 'challenge' || !factors.includes('otp'))
    return { credentials: { [only]: normalised(only, text) } };
  return wantedBeside(client, only, text) ?? { credentials: {}, concatenated: { text, order: client.concat } };
}

/** A verification under way, and the method of the question it last asked. */
export type Waiting = {
  readonly verification: PendingVerification;
  readonly asks: ChallengeMethod | undefined;
};

/** What an answer to an Access-Challenge gives: a code for what is still missing, or the name of a method. */
export function givenNext({ verification: { need, remaining }, asks }: Waiting, typed: Typed): Given {
  if (typed.kind === 'chap') return { credentials: {}, otpMatches: typed.matches };
  // Where a message stands in for an OTP its code is what was asked for; where both are needed the OTP comes first.
  const standsIn = asks === 'sms' && !(need.includes('sms') && remaining.includes('otp'));
  return givenCode(standsIn ? ['sms'] : remaining, typed.text);
}

function givenCode(factors: readonly Factor[], text: string): Given {
  const wanted = wantedBy(text);
  if (wanted !== undefined) return { credentials: {}, wanted };
  const code = readLookupCode(text) ?? normaliseCode(text);
  if (code === '') return { credentials: {} };
  const asked = factors.includes('otp') ? 'otp' : factors.find((factor) => !isKnowledge(factor));
  return { credentials: asked === undefined ? {} : { [asked]: code } };
}

/** The knowledge factor and a method's name, on the side where the code stands, with a comma between them. */
function wantedBeside({ concat }: RadiusClient, knowledge: Factor, text: string): Given | undefined {
  const codeFirst = concat.startsWith('otp');
  const comma = codeFirst ? text.indexOf(',') : text.lastIndexOf(',');
  if (comma < 0) return undefined;
  const [before, after] = [text.slice(0, comma), text.slice(comma + 1)];
  const wanted = wantedBy(codeFirst ? before : after);
  if (wanted === undefined) return undefined;
  return { credentials: { [knowledge]: normalised(knowledge, codeFirst ? after : before) }, wanted };
}

const normalised = (factor: Factor, text: string): string =>
  factor === 'pw' ? normalisePassword(text) : normaliseCode(text);

function readChapPassword(packet: Packet, { chap }: RadiusClient): Typed | AccessFault {
  const matches = chap ? readChap(packet) : undefined;
  return matches === undefined ? 'chap' : { kind: 'chap', matches };
}

function readPap(packet: Packet, hidden: Buffer | undefined, secret: Buffer): Typed | AccessFault {
  const text = hidden === undefined ? undefined : openUserPassword(hidden, secret, packet.authenticator);
  return text === undefined ? 'password' : { kind: 'pap', text };
}

/** Calling-Station-Id where it is an IP address, as VPN gateways send it (RFC 2865 §5.31). */
function callingAddress(packet: Packet): string | undefined {
  const value = firstValue(packet, ATTRIBUTE.callingStationId);
  const text = value === undefined ? undefined : readText(value);
  return text === undefined ? undefined : readAddress(text)?.text;
}
