import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { readCidr } from '../../src/core/access/cidr.ts';
import type { IdentityProfile } from '../../src/core/policy.ts';
import { encodeFieldText } from '../../src/gateway/field-text.ts';
import { headerValues, rawRequest } from '../support/raw-client.ts';
import { answerEach } from '../support/recorder-upstream.ts';
import { CLOSED, type Gateway, HOST, head, OPEN, openGateway, STANDARD } from './fixture.ts';

let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

/** Header lines of the last request, by lower-case name. */
const received = (text: string): Map<string, string> =>
  new Map(
    (text.split('\r\n\r\n')[0] ?? '')
      .split('\r\n')
      .slice(1)
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );

const secret = (value: string) => ({ reveal: () => value });

describe('identity', () => {
  test('the assertion verifies with any JWT library and says what the contract says', async () => {
    gateway = await openGateway();
    const cookie = await gateway.signIn('kim');
    await rawRequest(gateway.port, head('GET /x', `Cookie: ${cookie}`));
    const token = received(gateway.recorder.bytes).get('x-sumun-assertion') ?? '';
    const { keys } = gateway.house.signer.publicKeys(gateway.time.now);
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: keys as never }), {
      audience: 'hr',
      issuer: `http://${HOST}`,
      currentDate: new Date(gateway.time.now),
    });
    expect(payload).toMatchObject({ sub: 'kim', groups: ['staff'], amr: ['otp'] });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  test('the signature covers method, target, host and every identity header that was sent', async () => {
    const profile: IdentityProfile = { ...STANDARD, hmac: { header: 'X-Sumun-Signature', secret: secret('s3cret') } };
    gateway = await openGateway({ profiles: [profile] });
    const cookie = await gateway.signIn('kim');
    await rawRequest(gateway.port, head('GET /x?a=1', `Cookie: ${cookie}`, 'X-Sumun-Other: no'));
    const headers = received(gateway.recorder.bytes);
    const [, time = '', mac = ''] = /^t=(\d+), v1=([0-9a-f]{64})$/.exec(headers.get('x-sumun-signature') ?? '') ?? [];
    const lines = [...headers]
      .filter(([name]) => name.startsWith('x-sumun-') && name !== 'x-sumun-signature')
      .map(([name, value]) => `${name}:${value}\n`)
      .sort();
    const base = `v1\n${time}\nGET\n/x?a=1\n${HOST}\n${lines.join('')}`;
    expect(lines).toHaveLength(5);
    expect(mac).toBe(createHmac('sha256', 's3cret').update(base, 'latin1').digest('hex'));
  });

  test('Basic credentials replace whatever the browser sent', async () => {
    const user = [{ kind: 'variable', name: 'user.login' }] as const;
    gateway = await openGateway({ profiles: [{ ...STANDARD, basicAuth: { user, password: secret('pw') } }] });
    const cookie = await gateway.signIn('kim');
    await rawRequest(gateway.port, head('GET /x', `Cookie: ${cookie}`, 'Authorization: Basic cm9vdDpyb290'));
    expect(gateway.recorder.bytes.match(/Authorization: [^\r]*/g)).toEqual([
      `Authorization: Basic ${Buffer.from('kim:pw').toString('base64')}`,
    ]);
  });

  test('a route without a profile says nothing, and believes nothing', async () => {
    const { identity: _, ...anonymous } = { ...CLOSED, identity: undefined };
    gateway = await openGateway({ routes: [{ ...anonymous, identity: 'none' }] });
    const cookie = await gateway.signIn('kim');
    await rawRequest(gateway.port, head('GET /x', `Cookie: ${cookie}`, 'X-Sumun-User: root', 'Remote-User: root'));
    expect(gateway.recorder.bytes).not.toMatch(/x-sumun|root/i);
  });

  test.each([
    ['percent', (bytes: Buffer) => decodeURIComponent(bytes.toString('latin1'))],
    ['utf-8', (bytes: Buffer) => bytes.toString('utf8')],
    ['base64', (bytes: Buffer) => Buffer.from(bytes.toString('latin1'), 'base64').toString('utf8')],
    ['euc-kr', (bytes: Buffer) => iconv.decode(bytes, 'euc-kr')],
  ] as const)('a name in %s comes back as it was', (encoding, decode) => {
    const wire = encodeFieldText('김민지 100% (인사)', encoding);
    expect(decode(Buffer.from(wire, 'latin1'))).toBe('김민지 100% (인사)');
  });

  test('no text becomes a second header line, in any encoding', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('percent' as const, 'utf-8' as const, 'base64' as const, 'euc-kr' as const),
        (text, encoding) => {
          expect(encodeFieldText(text, encoding)).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
        },
      ),
    );
  });
});

describe('rewriting', () => {
  test('prefixes, host, redirects and cookies', async () => {
    const rewrite = {
      host: 'upstream',
      stripPrefix: '/open',
      addPrefix: '/app',
      location: 'auto',
      names: [],
      cookies: { domain: 'auto', path: 'auto', add: ['Secure', 'HttpOnly'], sameSite: 'strict' },
    } as const;
    gateway = await openGateway({ routes: [{ ...OPEN, rewrite }] });
    const { port } = gateway.recorder;
    const fields = [
      `Location: http://127.0.0.1:${port}/app/next`,
      'Set-Cookie: a=b; Path=/app; Domain=127.0.0.1; SameSite=None',
      'Set-Cookie: c=d; path=/; httponly',
    ];
    gateway.recorder.script = answerEach('hello', `${fields.join('\r\n')}\r\n`);
    const answer = await rawRequest(gateway.port, head('GET /open/x?y'));
    expect(gateway.recorder.bytes).toMatch(
      new RegExp(`^GET /app/x\\?y HTTP/1\\.1\\r\\nHost: 127\\.0\\.0\\.1:${port}\\r\\n`),
    );
    expect(headerValues(answer, 'location')).toEqual([`http://${HOST}/open/next`]);
    expect(headerValues(answer, 'set-cookie')).toEqual([
      'a=b; Path=/open/; HttpOnly; SameSite=Strict',
      'c=d; Path=/open/; httponly; SameSite=Strict',
    ]);
  });
});

describe('behind a proxy', () => {
  const loopback = readCidr('127.0.0.0/8');
  const forwarded = ['X-Forwarded-For: 6.6.6.6, 10.1.2.3', 'X-Forwarded-Proto: https', 'X-Real-IP: 10.1.2.3'];

  test('that is trusted, its word on address and scheme counts, and ours are written anew', async () => {
    if (!loopback.ok) throw new Error(loopback.error);
    gateway = await openGateway();
    const { policy } = gateway.state;
    gateway.state.policy = { ...policy, server: { ...policy.server, trustedProxies: [loopback.value] } };
    await rawRequest(gateway.port, head('GET /open/x', ...forwarded));
    const headers = received(gateway.recorder.bytes);
    expect(headers.get('x-forwarded-for')).toBe('10.1.2.3, 127.0.0.1');
    expect(headers.get('x-forwarded-proto')).toBe('https');
    const answer = await rawRequest(gateway.port, head('GET /x', 'Accept: text/html', ...forwarded));
    expect(headerValues(answer, 'set-cookie')[0]).toMatch(/^__Host-sumun-browser=.*; Secure;/);
  });

  test('that is not, it does not', async () => {
    gateway = await openGateway();
    await rawRequest(gateway.port, head('GET /open/x', ...forwarded));
    const headers = received(gateway.recorder.bytes);
    expect(headers.get('x-forwarded-for')).toBe('127.0.0.1');
    expect(headers.get('x-forwarded-proto')).toBe('http');
    expect(headers.has('x-real-ip')).toBe(false);
  });
});

describe('another configuration', () => {
  test('takes effect with the next request, and pools of unchanged upstreams stay', async () => {
    gateway = await openGateway();
    await rawRequest(gateway.port, head('GET /open/x'));
    const before = gateway.gate.running.pools.get('app');
    gateway.state.policy = { ...gateway.state.policy, digest: 'e'.repeat(64) };
    expect((await rawRequest(gateway.port, head('GET /open/x'))).status).toBe(200);
    expect(gateway.gate.running.pools.get('app')).toBe(before);
    expect(gateway.recorder.connections).toHaveLength(1);
    gateway.state.policy = { ...gateway.state.policy, upstreams: new Map() };
    expect((await rawRequest(gateway.port, head('GET /open/x'))).status).toBe(503);
    expect(before?.counts).toEqual({ open: 0, free: 0, waiting: 0 });
  });
});
