import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkMessageAuthenticator, isResponseAuthentic } from '../../src/radius/integrity.ts';
import { ATTRIBUTE, CODE, decodePacket, encodePacket, everyValue, firstValue } from '../../src/radius/packet.ts';
import { seeded } from '../support/seeded.ts';
import {
  client,
  decoded,
  NAS,
  openDoor,
  policyOf,
  request,
  SECRET,
  SECRET_TEXT,
  withoutMessageAuthenticator,
} from './parts.ts';

/** More with `RADIUS_FUZZ_ROUNDS=1000000`, as the reliability goal says. */
const ROUNDS = Number(process.env['RADIUS_FUZZ_ROUNDS'] ?? 20_000);

const lax = client({ requireMessageAuthenticator: false });
const proxyState = (text: string) => ({ type: ATTRIBUTE.proxyState, value: Buffer.from(text) });

/** The packet with its Message-Authenticator as the last attribute. */
function movedLast(bytes: Buffer): Buffer {
  const moved = Buffer.concat([bytes.subarray(0, 20), bytes.subarray(38), Buffer.of(80, 18), Buffer.alloc(16)]);
  createHmac('md5', SECRET)
    .update(moved)
    .digest()
    .copy(moved, moved.length - 16);
  return moved;
}

function withLastOctetChanged(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
  return changed;
}

describe('RAD-1 G123 Message-Authenticator (CVE-2024-3596)', () => {
  test.each([
    ['is missing', withoutMessageAuthenticator(request())],
    ['is made with another secret', request({ secret: Buffer.from('another-secret-of-24-oct') })],
    ['is there twice', request({ more: [{ type: ATTRIBUTE.messageAuthenticator, value: Buffer.alloc(16) }] })],
    ['is 17 octets long', encodePacket(1, 1, Buffer.alloc(16), [{ type: 80, value: Buffer.alloc(15) }])],
    ['is 19 octets long', encodePacket(1, 1, Buffer.alloc(16), [{ type: 80, value: Buffer.alloc(17) }])],
    ['is empty', encodePacket(1, 1, Buffer.alloc(16), [{ type: 80, value: Buffer.alloc(0) }])],
    ['is last and wrong', withLastOctetChanged(movedLast(request()))],
  ])('G123 a packet whose Message-Authenticator %s is discarded and counted', async (_, bytes) => {
    const { send, verifier, door } = openDoor(policyOf([client()]));
    expect(await send(bytes)).toBeUndefined();
    expect(verifier.asked).toEqual([]);
    expect(door.counts.message_authenticator_missing + door.counts.message_authenticator_wrong).toBe(1);
  });

  test('G123 it may stand anywhere in a request', async () => {
    const { send } = openDoor(policyOf([client()]));
    expect(decoded(await send(movedLast(request()))).code).toBe(CODE.accessAccept);
  });

  test('G123 it is first in every reply, and both authenticators are right', async () => {
    const { send } = openDoor(policyOf([client({ mode: 'challenge' })]));
    const challenge = await send(request({ password: '1234' }));
    const state = firstValue(decoded(challenge), ATTRIBUTE.state);
    const asked = [
      [request({ password: '1234', id: 1 }), CODE.accessChallenge],
      [request({ password: '755224', id: 2, state }), CODE.accessAccept],
      [request({ password: '9999', id: 3 }), CODE.accessReject],
    ] as const;
    for (const [bytes, code] of asked) {
      const [question, reply] = [decoded(bytes), decoded(await send(bytes))];
      expect([reply.code, reply.identifier]).toEqual([code, question.identifier]);
      expect(reply.attributes[0]?.type).toBe(ATTRIBUTE.messageAuthenticator);
      expect(checkMessageAuthenticator(reply, SECRET, question.authenticator)).toBe('right');
      expect(isResponseAuthentic(reply, question.authenticator, SECRET)).toBe(true);
    }
  });

  test('G123 Proxy-State comes back unmodified and in order, after everything else', async () => {
    const { send } = openDoor(policyOf([client()]));
    const states = ['b', '', 'a', 'b'];
    const reply = decoded(await send(request({ more: states.map(proxyState) })));
    expect(everyValue(reply, ATTRIBUTE.proxyState).map(String)).toEqual(states);
    expect(reply.attributes.at(-5)?.type).not.toBe(ATTRIBUTE.proxyState);
  });

  test('G123 where a client need not send it, a packet with Proxy-State has to', async () => {
    const { send, door } = openDoor(policyOf([lax]));
    const forwarded = request({ more: [proxyState('1')] });
    expect(await send(withoutMessageAuthenticator(forwarded))).toBeUndefined();
    expect(door.counts.proxy_state_unprotected).toBe(1);
    expect(decoded(await send(withoutMessageAuthenticator(request()))).code).toBe(CODE.accessAccept);
    expect(decoded(await send(forwarded)).code).toBe(CODE.accessReject); // its code is spent by now
    const wrong = request({ secret: Buffer.from('another-secret-of-24-oct') });
    expect(await send(wrong)).toBeUndefined();
  });

  test('G123 EAP without it is discarded everywhere, and with it rejected', async () => {
    const { send, verifier } = openDoor(policyOf([lax]));
    const eap = request({ more: [{ type: ATTRIBUTE.eapMessage, value: Buffer.from('0200000501', 'hex') }] });
    expect(await send(withoutMessageAuthenticator(eap))).toBeUndefined();
    expect(decoded(await send(eap)).code).toBe(CODE.accessReject);
    expect(verifier.asked).toEqual([]);
  });

  test('RAD-7 Status-Server needs it, whatever the client may do else (RFC 5997 §3)', async () => {
    const { send } = openDoor(policyOf([lax]));
    const status = (bytes: Buffer): Buffer => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(CODE.statusServer, 0);
      return copy;
    };
    expect(await send(status(withoutMessageAuthenticator(request())))).toBeUndefined();
    expect(await send(status(request()))).toBeUndefined();
  });
});

describe('G124 lengths that are trusted', () => {
  const bare = encodePacket(1, 7, Buffer.alloc(16), []);
  const withLength = (bytes: Buffer, length: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt16BE(length, 2);
    return copy;
  };
  const attribute = (...octets: number[]): Buffer =>
    withLength(Buffer.concat([bare, Buffer.from(octets)]), 20 + octets.length);

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['19 octets', bare.subarray(0, 19)],
    ['Length 19', withLength(bare, 19)],
    ['Length 0', withLength(bare, 0)],
    ['Length beyond the datagram', withLength(bare, 21)],
    ['Length 4097', withLength(Buffer.concat([bare, Buffer.alloc(4096)]), 4097)],
    ['an attribute of length 0', attribute(1, 0)],
    ['an attribute of length 1', attribute(1, 1, 65)],
    ['an attribute of length 255 in three octets', attribute(1, 255, 65)],
    ['half an attribute', attribute(1)],
    ['one octet too many', attribute(1, 3, 65, 0)],
  ])('G124 %s is no packet', (_, bytes) => {
    expect(decodePacket(bytes)).toBeUndefined();
  });

  test('G124 octets beyond the Length are padding', async () => {
    const { send } = openDoor(policyOf([client()]));
    const reply = await send(Buffer.concat([request(), Buffer.from('padding')]));
    expect(decoded(reply).code).toBe(CODE.accessAccept);
  });

  test('G124 the longest packet is taken, and an attribute of 253 octets', () => {
    const full = Array.from({ length: 15 }, () => ({ type: 33, value: Buffer.alloc(253) }));
    const bytes = encodePacket(1, 1, Buffer.alloc(16), [
      ...full,
      { type: 33, value: Buffer.alloc(4096 - 20 - 15 * 255 - 2) },
    ]);
    expect([bytes.length, decodePacket(bytes)?.attributes.length]).toEqual([4096, 16]);
    expect(() => encodePacket(1, 1, Buffer.alloc(16), [{ type: 33, value: Buffer.alloc(254) }])).toThrow(RangeError);
  });

  test(`G124 F15 ${ROUNDS} mutated datagrams get no answer, nobody is asked, and the server lives`, async () => {
    const random = seeded(20_260_819);
    const { send, verifier, door } = openDoor(policyOf([client({ rate: { client: 1e9, user: 1e9 } })]));
    const models = [request(), request({ more: [proxyState('x')] }), request({ password: 'x'.repeat(128) })];
    for (let round = 0; round < ROUNDS; round++) {
      const model = models[round % models.length] ?? bare;
      const bytes = Buffer.from(model.subarray(0, random(10) === 0 ? random(model.length) : model.length));
      for (let change = random(6); change >= 0 && bytes.length > 0; change--) {
        const at = random(bytes.length);
        bytes.writeUInt8((bytes.readUInt8(at) + 1 + random(255)) & 0xff, at);
      }
      if (!bytes.equals(model)) expect(await send(bytes)).toBeUndefined();
    }
    expect(verifier.asked).toEqual([]);
    expect(door.counts.broken).toBe(0);
    expect(decoded(await send(request())).code).toBe(CODE.accessAccept);
  }, 300_000);

  test('G124 mutated datagrams of a client without Message-Authenticator are rejected or not answered', async () => {
    const random = seeded(7);
    const { send, door } = openDoor(policyOf([{ ...lax, rate: { client: 1e9, user: 1e9 } }]));
    const model = withoutMessageAuthenticator(request({ password: '1234000000' }));
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.from(model);
      bytes.writeUInt8(random(256), random(bytes.length));
      const reply = await send(bytes);
      if (reply !== undefined) {
        expect(decoded(reply).code).toBe(CODE.accessReject);
        expect(reply.length).toBeLessThanOrEqual(3 * bytes.length);
      }
    }
    expect(door.counts.broken).toBe(0);
  });
});

describe('G125 secrets, codes and State', () => {
  test('G125 secrets of 1 to 1024 octets work', async () => {
    for (const length of [1, 15, 16, 63, 64, 65, 1024]) {
      const key = '\u00e9가~'.repeat(length).slice(0, length);
      const { send } = openDoor(policyOf([client({ key })]));
      expect(decoded(await send(request({ secret: Buffer.from(key) }))).code).toBe(CODE.accessAccept);
    }
  });

  test('G125 other codes are not answered', async () => {
    const { send, door } = openDoor(policyOf([client()]));
    for (const code of [0, 2, 3, 5, 11, 13, 40, 41, 42, 43, 44, 45, 255]) {
      const bytes = request();
      bytes.writeUInt8(code, 0);
      expect(await send(bytes)).toBeUndefined();
    }
    expect(door.counts.unsupported_code).toBe(13);
  });

  const other = '10.0.9.21';
  const open = async () => {
    const clients = [client({ mode: 'challenge' }), client({ mode: 'challenge', name: 'wifi', at: [other] })];
    const opened = openDoor(policyOf(clients));
    const challenge = decoded(await opened.send(request({ password: '1234' })));
    return { ...opened, state: firstValue(challenge, ATTRIBUTE.state) };
  };
  const answered = (state: Buffer | undefined, changes: Parameters<typeof request>[0] = {}) =>
    request({ password: '755224', state, ...changes });

  test('G125 a State is 16 octets and good for one answer', async () => {
    const { send, state } = await open();
    expect(state).toHaveLength(16);
    expect(decoded(await send(answered(state))).code).toBe(CODE.accessAccept);
    expect(decoded(await send(answered(state, { password: '287082' }))).code).toBe(CODE.accessReject);
  });

  test('G125 a State is spent by a wrong answer too', async () => {
    const { send, state, verifier } = await open();
    expect(decoded(await send(answered(state, { password: '000000' }))).code).toBe(CODE.accessReject);
    expect(decoded(await send(answered(state))).code).toBe(CODE.accessReject);
    expect(verifier.asked).toHaveLength(2);
  });

  test.each([
    ['forged', Buffer.alloc(16, 7), {}, NAS],
    ['of another length', Buffer.alloc(17, 7), {}, NAS],
    ['empty', Buffer.alloc(0), {}, NAS],
    ["another person's", undefined, { login: 'park' }, NAS],
    ["another client's", undefined, {}, other],
  ] as const)('G125 a State that is %s is rejected and asks nobody', async (_, forged, changes, address) => {
    const { send, state, verifier } = await open();
    const reply = decoded(await send(answered(forged ?? state, changes), address));
    expect([reply.code, verifier.asked.length]).toEqual([CODE.accessReject, 1]);
    expect(decoded(await send(answered(state))).code).toBe(CODE.accessAccept);
  });

  test('G125 a State ends with the time the client gives it', async () => {
    const { send, state, time } = await open();
    time.now += 120_000;
    expect(decoded(await send(answered(state))).code).toBe(CODE.accessReject);
  });

  test("another layer's State is no obstacle where the client ignores it", async () => {
    const { send, verifier } = openDoor(policyOf([client({ foreignState: 'ignore' })]));
    expect(decoded(await send(request({ state: Buffer.from('of the VPN itself') }))).code).toBe(CODE.accessAccept);
    expect(verifier.asked[0]?.pending).toBeUndefined();
  });
});

describe('G128 RAD-2 who is a client', () => {
  test('G128 a packet of a stranger is not answered, and said once an hour', async () => {
    const { send, log, door, time, audited } = openDoor(policyOf([client()]));
    for (let round = 0; round < 50; round++) expect(await send(request(), '10.0.9.22')).toBeUndefined();
    expect([door.counts.unknown_client, log.lines.length]).toEqual([50, 1]);
    expect(log.lines[0]).toMatchObject({
      event: 'radius.refused',
      fields: { reason: 'unknown_client', address: '10.0.9.22' },
    });
    time.now += 3_600_000;
    await send(request(), '10.0.9.22');
    expect(log.lines).toHaveLength(2);
    expect(audited).toEqual([]);
  });

  test('G128 made-up addresses do not fill the log', async () => {
    const { send, log } = openDoor(policyOf([client()]));
    for (let round = 0; round < 3000; round++) await send(request(), `198.51.${round >> 8}.${round & 255}`);
    expect(log.lines).toHaveLength(1000);
  });

  test("G128 one client's secret is nothing from another's address", async () => {
    const policy = policyOf([client(), client({ name: 'wifi', at: ['10.0.9.21'], key: 'the-other-secret-of-octets' })]);
    const { send } = openDoor(policy);
    expect(await send(request(), '10.0.9.21')).toBeUndefined();
  });

  test('RAD-2 the longest network decides, IPv4 in IPv6 is IPv4', async () => {
    const near = 'the-secret-of-the-nearest';
    const policy = policyOf([
      client({ name: 'all', at: ['10.0.0.0/8'] }),
      client({ name: 'near', at: [`${NAS}/32`, '2001:db8::/64'], key: near }),
    ]);
    for (const address of [NAS, `::ffff:${NAS}`, '2001:db8::1%eth0']) {
      const { send } = openDoor(policy);
      expect(await send(request(), address)).toBeUndefined();
      expect(decoded(await send(request({ secret: Buffer.from(near) }), address)).code).toBe(CODE.accessAccept);
    }
    expect(decoded(await openDoor(policy).send(request(), '10.0.9.21')).code).toBe(CODE.accessAccept);
  });

  test('RAD-2 a new configuration holds from the next packet on', async () => {
    const { send, current } = openDoor(policyOf([client()]));
    current.policy = policyOf([client({ key: 'a-new-secret-of-24-octet' })]);
    expect(await send(request())).toBeUndefined();
    current.policy = policyOf([client()]);
    expect(decoded(await send(request())).code).toBe(CODE.accessAccept);
    current.policy = policyOf([]);
    expect(await send(request())).toBeUndefined();
  });

  test('G128 a refused client is in the audit trail once an hour, with what to do in the log', async () => {
    const { send, audited, log, door } = openDoor(policyOf([client()]));
    const fortinet = { type: 26, value: Buffer.from('0000304401046162', 'hex') };
    const bytes = withoutMessageAuthenticator(request({ more: [fortinet] }));
    for (let round = 0; round < 5; round++) await send(bytes);
    await door.settled();
    expect(audited).toEqual(['radius.refused vpn message_authenticator_missing']);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]?.fields['remedy']).toContain('docs/radius/fortigate.md');
  });

  test('G053 nothing that was typed is in the log', async () => {
    const { send, log, verifier } = openDoor(policyOf([lax]));
    verifier.breaks = new Error('the disk is full');
    for (const bytes of [
      request(),
      withoutMessageAuthenticator(request()),
      request({ secret: Buffer.from('other') }),
    ]) {
      await send(bytes);
    }
    const said = JSON.stringify(log.lines);
    for (const secret of ['1234755224', '755224', SECRET_TEXT]) expect(said).not.toContain(secret);
  });
});

describe('RAD-3 overload is not answered', () => {
  test('RAD-3 beyond the rate of the client or of one person there is silence', async () => {
    const { send, door, time } = openDoor(policyOf([client({ rate: { client: 20, user: 5 } })]));
    const wrong = (login: string, id: number) => request({ login, id, password: '1234000000' });
    let replies = 0;
    for (let id = 0; id < 10; id++) if ((await send(wrong('kim', id))) !== undefined) replies += 1;
    expect([replies, door.counts.rate_user]).toEqual([5, 5]);
    for (let id = 0; id < 20; id++) if ((await send(wrong(`user${id}`, id))) !== undefined) replies += 1;
    expect([replies, door.counts.rate_client]).toEqual([15, 10]);
    time.now += 1000;
    expect(await send(wrong('kim', 99))).toBeDefined();
  });

  test('RAD-3 what breaks is not answered, and the same packet is evaluated again', async () => {
    const { send, verifier, door } = openDoor(policyOf([client()]));
    verifier.breaks = new Error('busy');
    const bytes = request();
    expect(await send(bytes)).toBeUndefined();
    verifier.breaks = undefined;
    expect(decoded(await send(bytes)).code).toBe(CODE.accessAccept);
    expect(door.counts.broken).toBe(1);
  });

  test('RAD-3 more than 512 packets in work are not taken in', async () => {
    const { send, verifier, door } = openDoor(policyOf([client({ rate: { client: 1e6, user: 1e6 } })]));
    const { promise, resolve } = Promise.withResolvers<void>();
    verifier.gate = promise;
    const all = Array.from({ length: 600 }, (_, id) => send(request({ id: id & 255, password: `1234${id}` })));
    resolve();
    const replies = await Promise.all(all);
    expect(replies.filter((reply) => reply !== undefined)).toHaveLength(512);
    expect(door.counts.overloaded).toBe(88);
  });
});

test('ENUM-1 every Access-Reject says the same', async () => {
  const { send, door } = openDoor(policyOf([client({ rate: { client: 1e6, user: 1e6 } })]));
  const asked = ['1234000000', '0000755224', 'short', '', 'a\u0000b', 'ÿ'.repeat(40)].map((password) =>
    request({ password }),
  );
  asked.push(request({ login: 'nobody' }), request({ login: '\u0007' }), request({ state: Buffer.alloc(16) }));
  const said = new Set<string>();
  for (const bytes of asked) {
    const reply = decoded(await send(bytes));
    said.add(
      `${reply.code} ${reply.attributes.map(({ type, value }) => (type === 80 ? 'MA' : value.toString('hex')))}`,
    );
  }
  expect([said.size, door.counts.rejects]).toEqual([1, asked.length]);
});
