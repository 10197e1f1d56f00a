/** Attacks on the PROXY protocol: who may speak it, what it may say, and what it must not open up. */
import { afterEach, describe, expect, test } from 'vitest';
import { readCidr } from '../../src/core/access/cidr.ts';
import { CLOSED, type Gateway, HOST, head } from '../gateway/fixture.ts';
import { ANY_HOST, closing, openListeners, plain } from '../gateway/listening/parts.ts';
import { RawClient } from '../support/raw-client.ts';
import { sendRaw } from '../support/wire.ts';

const loopback = readCidr('127.0.0.1');
const TRUSTED = loopback.ok ? [loopback.value] : [];
const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c6336401dc0401bb', 'hex');
const REQUEST = head('GET /x');

let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});
const open = async (...[server, options]: Parameters<typeof openListeners>): Promise<Gateway> => {
  gateway = await openListeners({ trustedProxies: TRUSTED, ...server }, { routes: [ANY_HOST], ...options });
  return gateway;
};
const line = (of: Gateway, name: string): string[] =>
  (of.recorder.heads.at(-1) ?? '').split('\r\n').filter((each) => each.toLowerCase().startsWith(`${name}:`));

describe('who may speak it', () => {
  test.each([
    ['v1', V1 + REQUEST],
    ['v2', Buffer.concat([V2, Buffer.from(REQUEST)])],
    ['v1', REQUEST],
  ] as const)(
    'FWD-1 nobody but a trusted proxy is answered at all, with or without a header (%s)',
    async (proxyProtocol, octets) => {
      const opened = await open({ proxyProtocol });
      const stranger = await plain(opened.port, octets, '127.0.0.66');
      let answered = 0;
      stranger.on('data', (bytes: Buffer) => {
        answered += bytes.length;
      });
      expect(await closing(stranger)).toBeLessThan(2000);
      expect([answered, opened.recorder.connections.length]).toEqual([0, 0]);
    },
  );

  test.each([
    ['v1', REQUEST],
    ['v1', V2],
    ['v2', REQUEST],
    ['v2', V1],
    ['v1', V1.replace('\r\n', '\n')],
    ['v1', `PROXY TCP4 ${'1'.repeat(100)}\r\n`],
    ['v1', V1.replace('192.0.2.7', '192.0.2.7, 10.0.0.1')],
    ['v2', Buffer.concat([V2.subarray(0, 14), Buffer.of(0xff, 0xff), V2.subarray(16)])],
  ] as const)('a trusted proxy without a header of %s is closed unanswered: %j', async (proxyProtocol, octets) => {
    const opened = await open({ proxyProtocol });
    const { responses, closed } = await sendRaw(opened.port, [octets, REQUEST], { quiet: 500 });
    expect([responses.length, closed]).toEqual([0, true]);
    expect(opened.recorder.connections).toHaveLength(0);
  });

  test('without proxy_protocol a header is no request, from whomever', async () => {
    const opened = await open({});
    for (const octets of [V1 + REQUEST, Buffer.concat([V2, Buffer.from(REQUEST)])]) {
      const { responses } = await sendRaw(opened.port, octets);
      expect(responses.map(({ status }) => status)).toEqual([400]);
    }
    expect(opened.recorder.connections).toHaveLength(0);
  });

  test('SMUG-1 a second header is no request, at the beginning or later', async () => {
    const opened = await open({ proxyProtocol: 'v1' });
    const twice = await sendRaw(opened.port, V1 + V1.replace('192.0.2.7', '10.0.0.1') + REQUEST);
    expect(twice.responses.map(({ status }) => status)).toEqual([400]);
    const later = await sendRaw(opened.port, V1 + REQUEST + V1 + REQUEST);
    expect(later.responses.map(({ status }) => status)).toEqual([200, 400]);
    expect(opened.recorder.heads).toHaveLength(1);
  });
});

describe('what the client behind it says of itself', () => {
  const LIES = [
    ...['X-Forwarded-For: 10.0.0.1', 'X-Real-IP: 10.0.0.1', 'Forwarded: for=10.0.0.1;proto=https;host=evil.test'],
    ...['X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.test', 'True-Client-IP: 10.0.0.1', 'Via: 1.1 evil'],
  ];

  test.each([
    ['named', V1, '192.0.2.7'],
    ['not known to the load balancer', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
  ])('FWD-1 G030 is deleted, for a client that is %s', async (_what, header, address) => {
    const opened = await open({ proxyProtocol: 'v1' });
    const client = await RawClient.open(opened.port);
    expect((await client.send(header + head('GET /x', ...LIES)).response()).status).toBe(200);
    client.destroy();
    expect(line(opened, 'x-forwarded-for')).toEqual([`X-Forwarded-For: ${address}`]);
    expect(line(opened, 'x-forwarded-proto')).toEqual(['X-Forwarded-Proto: http']);
    expect(line(opened, 'x-forwarded-host')).toEqual([`X-Forwarded-Host: ${HOST}`]);
    expect(opened.recorder.bytes).not.toMatch(/10\.0\.0\.1|evil/);
  });

  test('G030 rules by address see the client that the header names', async () => {
    const inside = readCidr('192.0.2.0/24');
    const networks = inside.ok ? [{ name: 'inside', cidrs: [inside.value] }] : [];
    const allow = { users: [], groups: [], networks, schedules: [], exceptUsers: [], exceptGroups: [] };
    const opened = await open({ proxyProtocol: 'v1' }, { routes: [{ ...ANY_HOST, allow }] });
    const statusFor = async (address: string) => {
      const { responses } = await sendRaw(
        opened.port,
        `PROXY TCP4 ${address} 198.51.100.1 1 2\r\n${head('GET /x', 'X-Forwarded-For: 192.0.2.7', 'Connection: close')}`,
      );
      return responses[0]?.status;
    };
    expect([await statusFor('192.0.2.9'), await statusFor('203.0.113.9')]).toEqual([200, 403]);
  });

  test('a proxy behind the load balancer is believed only if it is trusted itself', async () => {
    const inner = readCidr('192.0.2.7');
    const opened = await open({
      proxyProtocol: 'v1',
      trustedProxies: [...TRUSTED, ...(inner.ok ? [inner.value] : [])],
    });
    const client = await RawClient.open(opened.port);
    client.send(V1 + head('GET /x', 'X-Forwarded-For: 203.0.113.5', 'X-Forwarded-Proto: https'));
    expect((await client.response()).status).toBe(200);
    client.destroy();
    expect(line(opened, 'x-forwarded-for')[0]).toContain('203.0.113.5');
    expect(line(opened, 'x-forwarded-proto')).toEqual(['X-Forwarded-Proto: https']);
  });
});

test('DOS-1 headers that never end are cut in time, and the gateway stays up', async () => {
  const opened = await open({ proxyProtocol: 'v2' }, { limits: { headerTime: 400 }, routes: [CLOSED] });
  const slow = await Promise.all(Array.from({ length: 60 }, () => plain(opened.port, V2.subarray(0, 20))));
  const times = await Promise.all(slow.map(closing));
  expect(Math.max(...times)).toBeLessThan(2000);
  const { responses } = await sendRaw(opened.port, Buffer.concat([V2, Buffer.from(REQUEST)]));
  expect(responses[0]?.status).toBe(401);
});
