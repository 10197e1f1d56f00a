import { createRequire } from 'node:module';
import type * as Radius from 'radius';
import { describe, expect, test } from 'vitest';
import { client, openDoor, policyOf, request, SECRET_TEXT } from './parts.ts';

// A CommonJS module without named exports.
const radius = createRequire(import.meta.url)('radius') as typeof Radius;

/**
 * Another implementation of the protocol, for what it can judge. Its comparison of authenticators is not among that: it
 * compares them as text and takes some that are wrong.
 */
describe('another implementation', () => {
  test('reads our Access-Request as it was meant', () => {
    const packet = radius.decode({ packet: request({ login: '김민지', password: '1234755224' }), secret: SECRET_TEXT });
    expect([packet.code, packet.attributes]).toEqual([
      'Access-Request',
      expect.objectContaining({ 'User-Name': '김민지', 'User-Password': '1234755224' }),
    ]);
  });

  test('is understood, and reads what it is answered', async () => {
    const asked = radius.encode({
      code: 'Access-Request',
      secret: SECRET_TEXT,
      identifier: 9,
      add_message_authenticator: true,
      attributes: [
        ['User-Name', 'kim'],
        ['User-Password', '1234755224'],
        ['Proxy-State', Buffer.from('one')],
        ['Proxy-State', Buffer.from('two')],
      ],
    });
    const reply = [
      { groups: [], attributes: [{ name: 'Class', template: [{ kind: 'variable', name: 'user.groups' }] }] },
      { groups: [], attributes: [{ name: 'Session-Timeout', template: [{ kind: 'text', text: '3600' }] }] },
      { groups: [], attributes: [{ name: 'Tunnel-Type', template: [{ kind: 'text', text: 'VLAN' }] }] },
      { groups: [], attributes: [{ name: 'Framed-IP-Address', template: [{ kind: 'text', text: '10.1.2.3' }] }] },
    ] as const;
    const { send } = openDoor(policyOf([client({ reply })]));
    const bytes = (await send(asked)) ?? Buffer.alloc(0);
    expect(radius.verify_response({ request: asked, response: bytes, secret: SECRET_TEXT })).toBe(true);
    const answer = radius.decode({ packet: bytes, secret: SECRET_TEXT });
    expect(answer.code).toBe('Access-Accept');
    expect(answer.attributes).toMatchObject({
      Class: [Buffer.from('vpn-users'), Buffer.from('staff')],
      'Session-Timeout': 3600,
      'Framed-IP-Address': '10.1.2.3',
      'Proxy-State': [Buffer.from('one'), Buffer.from('two')],
    });
  });

  test('passwords of every length up to 128 octets open the same on both sides', async () => {
    const { send, verifier } = openDoor(policyOf([client({ requirement: { factors: ['pw'] } })]));
    for (let length = 1; length <= 128; length++) {
      const password = 'a0~'.repeat(43).slice(0, length);
      const made = request({ password, id: length });
      expect(radius.decode({ packet: made, secret: SECRET_TEXT }).attributes['User-Password']).toBe(password);
      const asked = radius.encode({
        code: 'Access-Request',
        secret: SECRET_TEXT,
        add_message_authenticator: true,
        attributes: [
          ['User-Name', 'kim'],
          ['User-Password', password],
        ],
      });
      expect(await send(asked)).toBeDefined();
      expect(verifier.asked.at(-1)?.credentials.pw).toBe(password);
    }
  });
});
