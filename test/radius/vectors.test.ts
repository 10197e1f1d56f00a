import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAccessRequest } from '../../src/radius/access-request.ts';
import { readChap } from '../../src/radius/chap.ts';
import { readReply } from '../../src/radius/client.ts';
import { checkMessageAuthenticator, isResponseAuthentic, sealReply, sealRequest } from '../../src/radius/integrity.ts';
import { ATTRIBUTE, CODE, firstValue } from '../../src/radius/packet.ts';
import { hideUserPassword, openUserPassword } from '../../src/radius/user-password.ts';
import { client, decoded, hex, openDoor, policyOf } from './parts.ts';

const vectors = JSON.parse(readFileSync('test/vectors/radius.json', 'utf8')) as Record<
  'pap' | 'chap' | 'challenge' | 'status' | 'own',
  Record<string, string>
> & { secret: string };
const secret = Buffer.from(vectors.secret);
const packetOf = (group: 'pap' | 'chap' | 'challenge' | 'status' | 'own', name: string) =>
  decoded(hex(vectors[group][name] ?? ''));
const known = (changes: Parameters<typeof client>[0] = {}) => ({ client: client(changes), secret });
const text = (value: string) => Buffer.from(value, 'utf8');

describe('examples of the RFCs', () => {
  test('User-Password of RFC 2865 §7.1 and §7.3 opens, and hides to the same octets', () => {
    for (const group of ['pap', 'challenge'] as const) {
      const packet = packetOf(group, 'request');
      const hidden = firstValue(packet, ATTRIBUTE.userPassword) ?? Buffer.alloc(0);
      const password = vectors[group]['password'] ?? '';
      expect(openUserPassword(hidden, secret, packet.authenticator)).toBe(password);
      expect(hideUserPassword(password, secret, packet.authenticator)).toEqual(hidden);
      expect(readAccessRequest(packet, known(), '192.168.1.16')).toMatchObject({ login: vectors[group]['user'] });
    }
  });

  test('Response Authenticator of RFC 2865 §7.1 belongs to its request', () => {
    const [request, accept] = [packetOf('pap', 'request'), packetOf('pap', 'accept')];
    expect(isResponseAuthentic(accept, request.authenticator, secret)).toBe(true);
    expect(isResponseAuthentic(accept, accept.authenticator, secret)).toBe(false);
  });

  test('CHAP of RFC 2865 §7.2 is the hash of its password and of no other', () => {
    const matches = readChap(packetOf('chap', 'request'));
    expect(matches?.('arctangent')).toBe(true);
    expect(matches?.('arctangenT')).toBe(false);
  });

  test('Message-Authenticator of the Status-Server of RFC 5997 §6.1 is right', () => {
    expect(checkMessageAuthenticator(packetOf('status', 'request'), secret)).toBe('right');
  });
});

describe('examples with Message-Authenticator in front', () => {
  const request = packetOf('own', 'request');
  const [accept, reject, challenge, answer] = (['accept', 'reject', 'challenge', 'answer'] as const).map((name) =>
    hex(vectors.own[name] ?? ''),
  );
  const state = hex('00112233445566778899aabbccddeeff');

  test('requests are made octet for octet', () => {
    const packet = (id: number, authenticator: Buffer, password: string, more: Parameters<typeof sealRequest>[4]) =>
      sealRequest(CODE.accessRequest, id, authenticator, secret, [
        { type: ATTRIBUTE.userName, value: text('kim') },
        { type: ATTRIBUTE.userPassword, value: hideUserPassword(password, secret, authenticator) },
        ...more,
      ]);
    const nas = { type: ATTRIBUTE.nasIpAddress, value: hex('c000020a') };
    expect(packet(7, request.authenticator, '1234755224', [nas])).toEqual(request.bytes);
    const second = decoded(answer);
    expect(packet(8, second.authenticator, '287082', [{ type: ATTRIBUTE.state, value: state }])).toEqual(answer);
  });

  test('replies are made octet for octet', () => {
    expect(
      sealReply(request, secret, CODE.accessAccept, [
        { type: ATTRIBUTE.replyMessage, value: text('ok') },
        { type: 25, value: text('vpn-users') },
      ]),
    ).toEqual(accept);
    expect(
      sealReply(request, secret, CODE.accessReject, [{ type: ATTRIBUTE.replyMessage, value: text('denied') }]),
    ).toEqual(reject);
    expect(
      sealReply(request, secret, CODE.accessChallenge, [
        { type: ATTRIBUTE.replyMessage, value: text('Enter OTP') },
        { type: ATTRIBUTE.state, value: state },
        { type: ATTRIBUTE.sessionTimeout, value: hex('0000003c') },
      ]),
    ).toEqual(challenge);
  });

  test('PIN and OTP in one field arrive at the verifier', async () => {
    const { send, verifier } = openDoor(policyOf([client({ key: vectors.secret })]));
    expect(decoded(await send(request.bytes)).code).toBe(CODE.accessAccept);
    expect(verifier.asked[0]).toMatchObject({
      channel: 'radius',
      login: 'kim',
      need: ['pin', 'otp'],
      concatenated: { text: '1234755224', order: 'pin+otp' },
      credentials: {},
      pending: undefined,
    });
  });

  const flipped = (bytes: Buffer): readonly Buffer[] =>
    Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return copy;
    });

  test('G123 a request with any one bit changed is discarded without a reply', async () => {
    const { send, verifier } = openDoor(policyOf([client({ key: vectors.secret })]));
    for (const bytes of [request.bytes, answer ?? request.bytes].flatMap(flipped)) {
      expect(await send(bytes)).toBeUndefined();
    }
    expect(verifier.asked).toEqual([]);
  });

  test('G123 a reply with any one bit changed is none', () => {
    for (const reply of [accept, reject, challenge]) {
      expect(readReply(reply ?? Buffer.alloc(0), request, secret)).toBeDefined();
      for (const bytes of flipped(reply ?? Buffer.alloc(0))) expect(readReply(bytes, request, secret)).toBeUndefined();
    }
  });
});
