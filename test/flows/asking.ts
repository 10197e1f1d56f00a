import { createHmac } from 'node:crypto';
import type { Authenticator } from '../../src/core/identity/account.ts';
import type { Policy } from '../../src/core/policy.ts';
import type { AuthenticationOutcome, AuthenticationRequest } from '../../src/core/verification/authentication.ts';
import type { LiveCode } from '../../src/core/verification/challenge.ts';
import type { OtpPlace } from '../../src/core/verification/demand.ts';
import { truncate } from '../../src/core/verification/hotp.ts';
import { type OcraInput, ocraMessage, parseOcraSuite } from '../../src/core/verification/ocra.ts';
import { serverQuestion } from '../../src/core/verification/server-code.ts';
import { authenticate } from '../../src/flows/authenticate.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { enrolToken } from '../../src/flows/tokens.ts';
import type { House } from '../../src/ports.ts';
import { BY, codeOf, type Opened, PASSWORD, PIN, policy, SEED } from './house.ts';

/** A place that takes any OTP. */
export const PLACE: OtpPlace = { name: 'vpn-hq', otp: 'any', otpRules: [], smsFallback: undefined };

/** What a key of the API named `portal` would ask. */
export function asking(
  house: Pick<House, 'clock'>,
  changes: Partial<AuthenticationRequest> = {},
): AuthenticationRequest {
  return {
    channel: 'api',
    boundTo: 'api:portal',
    place: PLACE,
    allow: undefined,
    login: 'kim',
    need: ['otp'],
    credentials: { otp: codeOf(house.clock.now()) },
    pending: undefined,
    address: '192.0.2.7',
    request: 'K7QF-2M9D',
    language: 'ko',
    host: '',
    ...changes,
  };
}

export const ask = (
  { house }: Pick<Opened, 'house'>,
  changes: Partial<AuthenticationRequest> = {},
  settings: Policy = policy,
): Promise<AuthenticationOutcome> => authenticate(house, settings, asking(house, changes));

/** A challenge outcome, or the test has failed. */
export function challenged(outcome: AuthenticationOutcome) {
  if (outcome.kind !== 'challenge') throw new Error(`not a challenge: ${JSON.stringify(outcome)}`);
  return outcome;
}

/** The code that the message of a challenge says. */
export async function texted(house: Pick<House, 'challenges' | 'digests'>, id: string | undefined): Promise<string> {
  const challenge = await house.challenges.find(id ?? '');
  if (challenge === undefined) throw new Error('no challenge');
  return smsCodeOf(challenge, 6, house.digests);
}

/** Six digits that are not the ones given. */
export const wrong = (code: string): string => `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`;

/** Enrols a token of the test seed. */
export async function enrol(
  house: Opened['house'],
  kind: Authenticator['kind'],
  more: { readonly login?: string; readonly suite?: string; readonly digits?: 6 | 8; readonly seed?: Uint8Array } = {},
): Promise<Authenticator> {
  const enrolled = await enrolToken(house, policy, { login: 'kim', kind, seed: SEED, ...more }, BY);
  if (enrolled.kind !== 'enrolled') throw new Error(enrolled.kind);
  return enrolled.authenticator;
}

/** An OCRA response as an authenticator computes it (RFC 6287), by node:crypto. */
export function ocra(suite: string, input: OcraInput, seed: Uint8Array = SEED): string {
  const read = parseOcraSuite(suite);
  if (!read.ok) throw new Error(read.error);
  const message = ocraMessage(read.value, input);
  if (!message.ok) throw new Error(JSON.stringify(message.error));
  const mac = createHmac(read.value.algorithm, seed).update(message.value).digest();
  return truncate(mac, read.value.digits === 8 ? 8 : 6);
}

/** The code an app computes from what the server issued. It looks at no clock. */
export const appCode = (
  house: Pick<House, 'digests'>,
  { suite }: Authenticator,
  { authenticatorId, nonce, contextHash, counter }: LiveCode,
  seed: Uint8Array = SEED,
): string =>
  ocra(suite, { question: serverQuestion(house.digests.hash, authenticatorId, nonce, contextHash), counter }, seed);

export { PASSWORD, PIN };

/** The same house with every call of a port written down, without what was said. */
export function recording(house: Opened['house']) {
  const calls: string[] = [];
  const wrap = (name: string, port: object) =>
    new Proxy(port, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          calls.push(`${name}.${String(key)}`);
          return Reflect.apply(member, target, given);
        };
      },
    });
  const seen = [
    'hasher',
    'accounts',
    'authenticators',
    'attempts',
    'sessions',
    'browsers',
    'audit',
    'challenges',
    'pending',
    'liveCodes',
    'lookups',
    'switches',
    'verifications',
  ] as const;
  const ports = { ...house, ...Object.fromEntries(seen.map((name) => [name, wrap(name, house[name])])) };
  return { ports: ports as Opened['house'], calls };
}
