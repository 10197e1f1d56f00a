import { readCidr } from '../../src/core/access/cidr.ts';
import type { Account } from '../../src/core/identity/account.ts';
import type { Policy, RadiusClient, RadiusSettings } from '../../src/core/policy.ts';
import { MINUTE } from '../../src/core/time.ts';
import type { AuthenticationOutcome, AuthenticationRequest } from '../../src/core/verification/authentication.ts';
import type { PendingVerification } from '../../src/core/verification/challenge.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import type { Log } from '../../src/ports.ts';
import type { Verifier } from '../../src/radius/access.ts';
import type { Waiting } from '../../src/radius/access-request.ts';
import { type DoorParts, RadiusDoor } from '../../src/radius/door.ts';
import { sealRequest } from '../../src/radius/integrity.ts';
import { ATTRIBUTE, CODE, decodePacket, type NewAttribute, type Packet } from '../../src/radius/packet.ts';
import { hideUserPassword } from '../../src/radius/user-password.ts';
import { account, NO_ALLOW } from '../support/policies.ts';

export const NOW = Date.UTC(2026, 10, 23, 12);
export const SECRET_TEXT = 'a-secret-of-24-octets-ok';
export const SECRET = Buffer.from(SECRET_TEXT);
export const NAS = '10.0.9.20';

const network = (text: string) => {
  const read = readCidr(text);
  if (!read.ok) throw new Error(`${text} is no network`);
  return read.value;
};

/** A client with the defaults of the configuration reference, at 10.0.9.20 unless told otherwise. */
export const client = (
  changes: Partial<RadiusClient> & { readonly at?: readonly string[]; readonly key?: string } = {},
) => {
  const { at = [`${NAS}/32`], key = SECRET_TEXT, ...more } = changes;
  return {
    name: 'vpn',
    otp: 'any',
    otpRules: [],
    smsFallback: undefined,
    networks: at.map(network),
    secret: { reveal: () => key },
    requirement: { factors: ['pin', 'otp'] },
    allow: NO_ALLOW,
    mode: 'one_field',
    concat: 'pin+otp',
    chap: false,
    requireMessageAuthenticator: true,
    limitProxyState: true,
    softDuplicate: 0,
    foreignState: 'reject',
    realms: {},
    reply: [],
    rate: { client: 1000, user: 1000 },
    challengeTtl: 2 * MINUTE,
    ...more,
  } satisfies RadiusClient;
};

/** What the server reads of a policy. */
export const policyOf = (clients: readonly RadiusClient[], changes: Partial<RadiusSettings> = {}): Policy =>
  ({
    radius: { listen: [], tcp: [], tls: undefined, accounting: false, clients, ...changes },
    pages: { languages: ['en'] },
  }) as unknown as Policy; // the server reads nothing else of it

/** A log that keeps its lines. */
export function keepLog(): Log & { readonly lines: { event: string; fields: Readonly<Record<string, unknown>> }[] } {
  const lines: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const at = (event: string, fields: Readonly<Record<string, unknown>> = {}) => void lines.push({ event, fields });
  return { lines, debug: at, info: at, warn: at, error: at };
}

/**
 * A verifier that knows one person, kim with PIN 1234, and takes each code once: the smallest thing that behaves as the
 * real one does towards this door. What is asked is kept.
 */
export class OnePerson implements Verifier {
  readonly asked: AuthenticationRequest[] = [];
  readonly codes = new Set(['755224', '287082', '359152']);
  readonly account: Account = account({ groups: ['vpn-users', 'staff'] });
  readonly underWay = new Map<string, PendingVerification>();
  /** Held back until it settles. */
  gate: Promise<void> = Promise.resolve();
  breaks: Error | undefined;

  async authenticate(request: AuthenticationRequest): Promise<AuthenticationOutcome> {
    this.asked.push(request);
    await this.gate;
    if (this.breaks !== undefined) throw this.breaks;
    const transaction = `tx_${Buffer.from(systemRandom.bytes(16)).toString('base64url')}`;
    const { credentials, concatenated, otpMatches, pending, wanted } = request;
    if (concatenated !== undefined) {
      const pin = concatenated.text.slice(0, 4);
      return pin === '1234' ? this.#code(request, transaction, concatenated.text.slice(4)) : rejected(transaction);
    }
    if (otpMatches !== undefined) {
      return this.#code(request, transaction, [...this.codes].find(otpMatches) ?? '');
    }
    const knows = pending !== undefined || !request.need.includes('pin') || credentials.pin === '1234';
    if (!knows) return rejected(transaction);
    if (credentials.otp !== undefined) return this.#code(request, transaction, credentials.otp);
    return this.#challenge(request, pending ?? transaction, wanted !== undefined);
  }

  async waiting(id: string): Promise<Waiting | undefined> {
    const verification = this.underWay.get(id);
    return verification === undefined ? undefined : { verification, asks: undefined };
  }

  #code(request: AuthenticationRequest, transaction: string, code: string): AuthenticationOutcome {
    const login =
      (request.pending === undefined ? undefined : this.underWay.get(request.pending)?.login) ?? request.login;
    if (login !== 'kim' || !this.codes.delete(code)) return rejected(transaction);
    if (request.pending !== undefined) this.underWay.delete(request.pending);
    return { kind: 'accepted', transaction, account: this.account, proofs: { pin: NOW, otp: NOW } };
  }

  #challenge(request: AuthenticationRequest, id: string, sent: boolean): AuthenticationOutcome {
    const { boundTo, login, need, place } = request;
    const expiresAt = NOW + MINUTE;
    this.underWay.set(id, {
      id,
      boundTo,
      app: place.name,
      login,
      accountId: undefined,
      need,
      proofs: {},
      remaining: ['otp'],
      challengeId: undefined,
      createdAt: NOW,
      expiresAt,
    });
    const offer = { target: undefined, question: undefined, resendAfter: undefined };
    const way = sent
      ? ({ method: 'sms', challenge: 'ch_1' } as const)
      : ({ method: 'otp', challenge: undefined } as const);
    return { kind: 'challenge', transaction: id, expiresAt, need: [{ ...offer, ...way }] };
  }
}

const rejected = (transaction: string): AuthenticationOutcome => ({
  kind: 'rejected',
  transaction,
  reason: 'otp-wrong',
  knowledgeProved: false,
});

/** A door on a clock set by hand, with everything it said and asked. */
export function openDoor(first: Policy, changes: Partial<DoorParts> = {}) {
  const time = { now: NOW };
  const log = keepLog();
  const verifier = new OnePerson();
  const audited: string[] = [];
  const current = { policy: first };
  const door = new RadiusDoor({
    policy: () => current.policy,
    verifier,
    audit: { append: async (event) => void audited.push(`${event.kind} ${event.route} ${event.reason}`) },
    clock: { now: () => time.now },
    random: systemRandom,
    log,
    ...changes,
  });
  const send = async (bytes: Buffer, address: string = NAS): Promise<Buffer | undefined> => {
    const received = await door.receive(bytes, { address });
    return received.kind === 'reply' ? received.bytes : undefined;
  };
  return { door, verifier, time, log, audited, current, send };
}

export type Opened = ReturnType<typeof openDoor>;

/** An Access-Request of kim with PIN and the first code, and whatever a test changes. */
export function request(
  changes: {
    readonly login?: string;
    readonly password?: string;
    readonly secret?: Buffer;
    readonly id?: number;
    readonly state?: Buffer | undefined;
    readonly more?: readonly NewAttribute[];
  } = {},
): Buffer {
  const { login = 'kim', password = '1234755224', secret = SECRET, id = 7, state, more = [] } = changes;
  const authenticator = Buffer.from(systemRandom.bytes(16));
  return sealRequest(CODE.accessRequest, id, authenticator, secret, [
    { type: ATTRIBUTE.userName, value: Buffer.from(login, 'utf8') },
    { type: ATTRIBUTE.userPassword, value: hideUserPassword(password, secret, authenticator) },
    ...(state === undefined ? [] : [{ type: ATTRIBUTE.state, value: state }]),
    ...more,
  ]);
}

/** The same packet without its Message-Authenticator. */
export function withoutMessageAuthenticator(bytes: Buffer): Buffer {
  const stripped = Buffer.concat([bytes.subarray(0, 20), bytes.subarray(38)]);
  stripped.writeUInt16BE(stripped.length, 2);
  return stripped;
}

/** A packet that is known to be of sound form. */
export function decoded(bytes: Buffer | undefined): Packet {
  const packet = bytes === undefined ? undefined : decodePacket(bytes);
  if (packet === undefined) throw new Error('no packet');
  return packet;
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** Waits until something is so, for at most ten seconds. */
export async function until(what: () => boolean): Promise<void> {
  for (let round = 0; !what(); round++) {
    if (round === 1000) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
