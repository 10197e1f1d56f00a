import { createSocket } from 'node:dgram';
import type { SecretValue } from '../core/policy.ts';
import type { Milliseconds } from '../core/time.ts';
import type { Clock, Random } from '../ports.ts';
import { checkMessageAuthenticator, isResponseAuthentic, type SharedSecret, sealRequest } from './integrity.ts';
import { ATTRIBUTE, CODE, decodePacket, type NewAttribute, type Packet } from './packet.ts';
import { hideUserPassword } from './user-password.ts';

/** A question to a RADIUS server, as a NAS would ask it. */
export type RadiusQuestion = {
  readonly host: string;
  readonly port: number;
  readonly secret: SharedSecret;
  readonly login: string;
  /** Up to 128 octets. */
  readonly password: string;
  /** Of the Access-Challenge that is answered. */
  readonly state?: Buffer;
  /** Other attributes, NAS-Identifier for example. */
  readonly attributes?: readonly NewAttribute[];
  /** How long to wait before each repetition, and how often the same octets are sent. */
  readonly wait: Milliseconds;
  readonly tries: number;
};

/**
 * Asks with PAP and waits for the reply. Undefined where none comes. A reply whose Response Authenticator or
 * Message-Authenticator is missing or wrong is as good as none. Rejects where the datagram cannot be sent.
 */
export const askRadius = (question: RadiusQuestion, random: Random): Promise<Packet | undefined> =>
  exchange(accessRequest(question, random), question);

/** Sends a request until its reply comes. */
async function exchange(
  request: Packet,
  { host, port, secret, wait, tries }: Pick<RadiusQuestion, 'host' | 'port' | 'secret' | 'wait' | 'tries'>,
): Promise<Packet | undefined> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      let left = tries;
      const send = (): void => {
        if (left === 0) {
          resolve(undefined);
          return;
        }
        left -= 1;
        socket.send(request.bytes, port, host, (error) => (error === null ? undefined : reject(error)));
        timer = setTimeout(send, wait);
      };
      socket.on('error', reject);
      socket.on('message', (datagram) => {
        const reply = readReply(datagram, request, secret);
        if (reply !== undefined) resolve(reply);
      });
      send();
    });
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

/** An Access-Request with a random identifier and Request Authenticator (RFC 2865 §3), its password hidden. */
export function accessRequest(
  { secret, login, password, state, attributes = [] }: RadiusQuestion,
  random: Random,
): Packet {
  const authenticator = Buffer.from(random.bytes(16));
  const bytes = sealRequest(CODE.accessRequest, random.bytes(1)[0] ?? 0, authenticator, secret, [
    { type: ATTRIBUTE.userName, value: Buffer.from(login, 'utf8') },
    { type: ATTRIBUTE.userPassword, value: hideUserPassword(password, secret, authenticator) },
    ...(state === undefined ? [] : [{ type: ATTRIBUTE.state, value: state }]),
    ...attributes,
  ]);
  const packet = decodePacket(bytes);
  if (packet === undefined) throw new Error('a packet made here is of sound form');
  return packet;
}

/** The reply to a request, or undefined where it is not one: another identifier, or not made with the secret. */
export function readReply(datagram: Buffer, request: Packet, secret: SharedSecret): Packet | undefined {
  const reply = decodePacket(datagram);
  if (reply === undefined || reply.identifier !== request.identifier) return undefined;
  if (!isResponseAuthentic(reply, request.authenticator, secret)) return undefined;
  return checkMessageAuthenticator(reply, secret, request.authenticator) === 'right' ? reply : undefined;
}

/** What `askRadius` is told and tells by the command line, which knows no packets. */
export async function testRadius(
  question: Omit<RadiusQuestion, 'secret' | 'state' | 'attributes'> & {
    readonly secret: SecretValue;
    readonly state?: Uint8Array;
  },
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<
  | {
      readonly code: number;
      readonly attributes: readonly { readonly type: number; readonly value: Uint8Array }[];
      readonly sent: number;
      readonly received: number;
      readonly milliseconds: number;
    }
  | undefined
> {
  const { secret, state, ...rest } = question;
  const asked = {
    ...rest,
    secret: Buffer.from(secret.reveal(), 'utf8'),
    attributes: [{ type: ATTRIBUTE.nasIdentifier, value: Buffer.from('sumun', 'ascii') }],
    ...(state === undefined ? {} : { state: Buffer.from(state) }),
  };
  const request = accessRequest(asked, random);
  const begun = clock.now();
  const reply = await exchange(request, asked);
  if (reply === undefined) return undefined;
  const { code, attributes, bytes } = reply;
  const milliseconds = clock.now() - begun;
  return { code, attributes, sent: request.bytes.length, received: bytes.length, milliseconds };
}
