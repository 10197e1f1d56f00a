import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { signatureBase } from '../../../src/core/access/handoff.ts';
import { auditEvent } from '../../../src/flows/origin.ts';
import { headerValues, RawClient, rawRequest } from '../../support/raw-client.ts';
import { HOST, STANDARD } from '../fixture.ts';
import { asked, CLOSED, type Door, OPEN, openDoor, type Question, questionText } from './fixture.ts';

const ASKERS = ['nginx', 'traefik', 'caddy', 'envoy', 'haproxy'] as const;
const PAGE = ['Accept: text/html', 'Sec-Fetch-Mode: navigate'];

describe('a question about a route of another proxy', () => {
  let door: Door;
  let cookie = '';
  beforeAll(async () => {
    door = await openDoor([
      OPEN,
      asked({
        name: 'admin',
        paths: [{ kind: 'prefix', path: '/admin/' }],
        allow: { ...allowNobody(), groups: ['admins'] },
      }),
      asked({
        name: 'pay',
        paths: [{ kind: 'prefix', path: '/pay/' }],
        auth: { kind: 'sign-in', requirement: { factors: ['otp', 'pin'] } },
      }),
      asked({
        name: 'slow',
        paths: [{ kind: 'prefix', path: '/slow/' }],
        limits: { body: 0, rate: { count: 1, per: 60_000 } },
      }),
      asked({
        name: 'sealed',
        paths: [{ kind: 'prefix', path: '/sealed/' }],
        stepUp: [
          {
            methods: ['POST'],
            paths: [],
            requirement: { factors: ['pin'] },
            reason: {},
            place: { file: 'x', line: 1 },
          },
        ],
      }),
      asked({
        name: 'tried',
        paths: [{ kind: 'prefix', path: '/tried/' }],
        enforce: 'report_only',
        allow: { ...allowNobody(), users: ['nobody'] },
      }),
      asked({ name: 'still', paths: [{ kind: 'prefix', path: '/still/' }], websocket: { allow: false, idle: 1000 } }),
      asked({
        name: 'gone',
        paths: [{ kind: 'prefix', path: '/gone/' }],
        auth: { kind: 'bypass' },
        action: { kind: 'respond', status: 404, body: '', contentType: 'text/plain' },
      }),
      CLOSED,
    ]);
    cookie = await door.signIn('kim');
  });
  afterAll(() => door.stop());
  afterEach(() => {
    door.time.now += 1; // every test its own moment, and no pause
  });

  const own = (about: Question): Question => ({ ...about, fields: [`Cookie: ${cookie}`, ...(about.fields ?? [])] });

  test.each(ASKERS)('of %s is answered 200 with the identity, for whoever signed in', async (asker) => {
    const answer = await door.ask(own({ asker, path: '/reports?a=1', fields: PAGE }));
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(headerValues(answer, 'x-sumun-user')).toEqual(['kim']);
    expect(headerValues(answer, 'x-sumun-assertion')[0]).toMatch(/^ey/);
    expect(headerValues(answer, 'x-request-id')[0]).toMatch(/^[0-9A-Z]{26}$/);
  });

  test.each(ASKERS)('of %s is answered 200 without an identity on an open route', async (asker) => {
    const answer = await door.ask({ asker, path: '/open/', fields: ['X-Sumun-User: root'] });
    expect([answer.status, headerValues(answer, 'x-sumun-user')]).toEqual([200, []]);
  });

  test.each(ASKERS)('of %s for a page leads to the sign-in of the protected host', async (asker) => {
    const answer = await door.ask({ asker, path: '/reports?a=1', fields: PAGE });
    const [location] = headerValues(answer, asker === 'nginx' ? 'x-sumun-location' : 'location');
    expect([answer.status, location]).toEqual([
      asker === 'nginx' ? 401 : 303,
      expect.stringMatching(/^http:\/\/hr\.corp\.example\/_sumun\/login\?t=[\w-]{22}$/),
    ]);
    expect(headerValues(answer, 'set-cookie')[0]).toMatch(/^sumun-browser=/);
    expect(answer.body).toBe('');
  });

  test('over https asks for the cookie of https and leads to https', async () => {
    const answer = await door.ask({ scheme: 'https', fields: [...PAGE, `Cookie: ${cookie}`] });
    expect(headerValues(answer, 'location')[0]).toMatch(/^https:\/\/hr\.corp\.example\/_sumun\//);
    expect(headerValues(answer, 'set-cookie')[0]).toMatch(/^__Host-sumun-browser=[^;]+; .*Secure/);
    const secure = cookie.replace('sumun=', '__Host-sumun=');
    expect((await door.ask({ scheme: 'https', fields: [`Cookie: ${secure}`] })).status).toBe(200);
  });

  test('leads back to the same port', async () => {
    const answer = await door.ask({ host: `${HOST}:8443`, scheme: 'https', fields: PAGE });
    expect(headerValues(answer, 'location')[0]).toMatch(/^https:\/\/hr\.corp\.example:8443\//);
  });

  test.each(ASKERS)(
    'of %s for a script is answered 401 with a problem document, where it is passed on',
    async (asker) => {
      const answer = await door.ask({ asker, fields: ['Accept: application/json'] });
      expect([answer.status, headerValues(answer, 'x-sumun-code')]).toEqual([401, ['sign_in_required']]);
      if (asker === 'nginx') expect(answer.body).toBe('');
      else
        expect(JSON.parse(answer.body)).toMatchObject({
          code: 'sign_in_required',
          login: `http://${HOST}/_sumun/login`,
        });
    },
  );

  test('for a form post leads to the sign-in too, and opens a transaction back to its address', async () => {
    const answer = await door.ask({ method: 'POST', path: '/form', fields: PAGE });
    expect(answer.status).toBe(303);
    const id = /t=([\w-]+)/.exec(headerValues(answer, 'location')[0] ?? '')?.[1] ?? '';
    const transaction = await door.house.browsers.findTransaction(id, door.time.now);
    expect(transaction).toMatchObject({ host: HOST, route: 'hr', returnTo: '/form', keptPost: undefined });
  });

  test('for a form post that needs more asks for it, and remembers that it was a post', async () => {
    const answer = await door.ask(own({ method: 'POST', path: '/sealed/', fields: PAGE }));
    const id = /t=([\w-]+)/.exec(headerValues(answer, 'location')[0] ?? '')?.[1] ?? '';
    const transaction = await door.house.browsers.findTransaction(id, door.time.now);
    expect(transaction).toMatchObject({ need: ['pin'], method: 'POST', returnTo: '/sealed/' });
    expect((await door.ask(own({ path: '/sealed/' }))).status).toBe(200);
  });

  test('asks for what is missing only', async () => {
    const page = await door.ask(own({ path: '/pay/', fields: PAGE }));
    const id = /t=([\w-]+)/.exec(headerValues(page, 'location')[0] ?? '')?.[1] ?? '';
    expect((await door.house.browsers.findTransaction(id, door.time.now))?.need).toEqual(['pin']);
    const script = await door.ask(own({ path: '/pay/' }));
    expect([script.status, JSON.parse(script.body).code]).toEqual([401, 'step_up_required']);
  });

  test.each(ASKERS)('of %s is answered 403 where the rule says no, and the trail says why', async (asker) => {
    const answer = await door.ask(own({ asker, path: '/admin/', fields: PAGE }));
    expect(answer.status).toBe(403);
    expect(answer.body === '').toBe(asker === 'nginx');
    await expect
      .poll(async () => (await door.house.audit.read({ limit: 1, newestFirst: true }))[0])
      .toMatchObject({
        kind: 'access.denied',
        login: 'kim',
        route: 'admin',
        reason: 'group-not-allowed',
      });
  });

  test.each(ASKERS)('of %s that no route covers is refused', async (asker) => {
    for (const about of [
      { path: '/gone/' },
      { host: 'other.example' },
      { path: '/_sumun/' },
      { path: '/_sumun/login' },
    ]) {
      expect((await door.ask(own({ asker, ...about }))).status).toBe(403);
    }
  });

  test('over the limit of its route is refused until there is room again', async () => {
    expect((await door.ask(own({ path: '/slow/' }))).status).toBe(200);
    const late = await door.ask(own({ path: '/slow/' }));
    expect([late.status, headerValues(late, 'retry-after').length]).toEqual([429, 1]);
    expect((await door.ask(own({ asker: 'nginx', path: '/slow/' }))).status).toBe(403);
  });

  test('on a route that only reports is answered 200 and reported', async () => {
    expect((await door.ask(own({ path: '/tried/' }))).status).toBe(200);
    expect((await door.ask({ path: '/tried/' })).status).toBe(401);
    await expect
      .poll(async () => (await door.house.audit.read({ limit: 50 })).map(({ kind }) => kind))
      .toContain('access.reported');
  });

  test.each(ASKERS)('WS-1 WS-2 of %s about a WebSocket looks at its origin and at the route', async (asker) => {
    const shake = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    const ask = async (path: string, ...fields: string[]) => (await door.ask(own({ asker, path, fields }))).status;
    expect(await ask('/socket', ...shake, `Origin: http://${HOST}`)).toBe(200);
    expect(await ask('/socket', ...shake.slice(2), 'Origin: https://evil.test')).toBe(403);
    expect(await ask('/socket', ...shake.slice(0, 1), 'Origin: https://evil.test')).toBe(403);
    expect(await ask('/socket', ...shake, 'Sec-Fetch-Site: cross-site')).toBe(403);
    expect(await ask('/still/', ...shake, `Origin: http://${HOST}`)).toBe(403);
    expect(await ask('/socket', 'Origin: https://evil.test')).toBe(200); // a fetch: CORS is the application's
  });

  test('extends the session, as a request of our own does', async () => {
    const later = await door.signIn('lee', 's-lee');
    for (let step = 0; step < 3; step += 1) {
      door.time.now += 20 * 60_000;
      expect((await door.ask({ fields: [`Cookie: ${later}`] })).status).toBe(200);
    }
    door.time.now += 31 * 60_000;
    expect((await door.ask({ fields: [`Cookie: ${later}`] })).status).toBe(401);
    cookie = await door.signIn('kim', 's-kim-again');
  });

  test('G015 G034 G077 after a suspension is refused with the next one', async () => {
    const gone = await door.signIn('park', 's-park');
    expect((await door.ask({ fields: [`Cookie: ${gone}`] })).status).toBe(200);
    const account = door.accounts.get('park');
    const event = auditEvent('user.suspended', door.time.now, { actor: 'cli', address: '', request: '' });
    await door.house.accounts.setStatus(account?.id ?? '', 'suspended', event);
    expect((await door.ask({ fields: [`Cookie: ${gone}`] })).status).toBe(401);
  });

  test('as Traefik puts it is understood, and about a WebSocket too', async () => {
    const traefik = (proto: string) =>
      [
        ...['GET /auth/traefik HTTP/1.1', 'Host: 127.0.0.1:9091', 'User-Agent: Mozilla/5.0', 'Accept: text/html'],
        ...['Accept-Encoding: gzip', `Cookie: theme=dark; ${cookie}`, 'Sec-Websocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
        ...[`Origin: http://${HOST}`, 'X-Forwarded-For: 192.0.2.7', `X-Forwarded-Host: ${HOST}`],
        ...['X-Forwarded-Method: GET', 'X-Forwarded-Port: 80', `X-Forwarded-Proto: ${proto}`],
        ...['X-Forwarded-Server: edge', 'X-Forwarded-Uri: /reports?a=1', 'X-Real-Ip: 192.0.2.7', '', ''],
      ].join('\r\n');
    for (const proto of ['http', 'ws']) {
      const answer = await rawRequest(door.asks, traefik(proto));
      expect([answer.status, headerValues(answer, 'cookie')]).toEqual([200, ['theme=dark']]);
    }
  });

  test('as Envoy puts it is understood, with its own address behind the client’s', async () => {
    const envoy = [
      ...['POST /auth/envoy/reports?a=1 HTTP/1.1', `host: ${HOST}`, 'accept: text/html', `cookie: ${cookie}`],
      ...['x-sumun-name: root', 'x-forwarded-for: 192.0.2.7,127.0.0.1', 'x-forwarded-proto: http'],
      ...['x-envoy-internal: true', 'x-request-id: 3f5a', 'content-length: 0', '', ''],
    ].join('\r\n');
    const answer = await rawRequest(door.asks, envoy);
    expect([answer.status, headerValues(answer, 'connection')]).toEqual([200, []]);
    // `name` is sent by us, so that only the cookie has to go.
    expect(headerValues(answer, 'x-envoy-auth-headers-to-remove')).toEqual(['cookie']);
    expect(headerValues(answer, 'x-sumun-name')).not.toContain('root');
  });

  test('many on one connection are answered in turn', async () => {
    const client = await RawClient.open(door.asks);
    client.send(questionText(own({})) + questionText({}) + questionText({ path: '/open/' }));
    expect([
      (await client.response()).status,
      (await client.response()).status,
      (await client.response()).status,
    ]).toEqual([200, 401, 200]);
    client.destroy();
  });
});

describe('our own listener', () => {
  test('serves nothing of another proxy’s route but our pages', async () => {
    const door = await openDoor();
    const cookie = await door.signIn();
    const ask = (path: string, ...fields: string[]) =>
      rawRequest(
        door.port,
        `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`,
      );
    for (const path of ['/', '/open/', '/reports']) {
      expect((await ask(path)).status).toBe(404);
      expect((await ask(path, `Cookie: ${cookie}`)).status).toBe(404);
    }
    expect((await ask('/_sumun/session', `Cookie: ${cookie}`)).status).toBe(200);
    expect(door.recorder.bytes).toBe('');
    await door.stop();
  });
});

describe('the listener for questions', () => {
  test('does not open without an address', async () => {
    const door = await openDoor([CLOSED], { forwardAuth: { listen: undefined, clients: [] } });
    expect(door.asks).toBe(0);
    await door.stop();
  });

  test('tells a peer that is not a client nothing', async () => {
    const none = { family: 4, base: 10n << 24n, bits: 8, text: '10.0.0.0/8' } as const;
    const door = await openDoor([OPEN], { forwardAuth: { listen: { host: '127.0.0.1', port: 0 }, clients: [none] } });
    for (const text of [questionText({ path: '/open/' }), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n']) {
      const answer = await rawRequest(door.asks, text);
      expect([answer.status, answer.body, headerValues(answer, 'x-request-id')]).toEqual([403, '', []]);
    }
    await door.stop();
  });

  test('finds the client behind the proxies it trusts, and nobody behind what is no address', async () => {
    const office = {
      name: 'office',
      cidrs: [{ family: 4, base: (192n << 24n) + (2n << 8n), bits: 24, text: '192.0.2.0/24' }],
    } as const;
    const inside = asked({ name: 'inside', auth: { kind: 'bypass' }, allow: { ...allowNobody(), networks: [office] } });
    const cdn = { family: 4, base: (203n << 24n) + (113n << 8n), bits: 24, text: '203.0.113.0/24' } as const;
    const door = await openDoor([inside]);
    const server = { ...door.state.policy.server, trustedProxies: [cdn] };
    door.state.policy = { ...door.state.policy, server };
    const status = async (from: string) => (await door.ask({ from })).status;
    expect(await status('192.0.2.9')).toBe(200);
    expect(await status('198.51.100.9')).toBe(403);
    expect(await status('192.0.2.9, 198.51.100.9')).toBe(403);
    expect(await status('198.51.100.9, 192.0.2.9')).toBe(200);
    expect(await status('192.0.2.9, 203.0.113.5')).toBe(200);
    expect(await status('192.0.2.9, unknown')).toBe(403);
    const envoy = questionText({ asker: 'envoy' }).replace(/X-Forwarded-For: .*\r\n/, '');
    expect((await rawRequest(door.asks, envoy)).status).toBe(403);
    await door.stop();
  });

  test('signs what the application will see where the profile has a secret', async () => {
    const profile = {
      ...STANDARD,
      hmac: { header: 'X-Sumun-Signature', secret: { reveal: () => 'sixteen bytes or more' } },
    };
    const door = await openDoor([CLOSED]);
    door.state.policy = {
      ...door.state.policy,
      identity: { ...door.state.policy.identity, profiles: new Map([['standard', profile]]) },
    };
    const cookie = await door.signIn();
    const host = 'HR.corp.example:80';
    const answer = await door.ask({ path: '/a?b=1', method: 'POST', host, fields: [`Cookie: ${cookie}`] });
    const signature = headerValues(answer, 'x-sumun-signature')[0] ?? '';
    const [, time, mac] = /^t=(\d+), v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    const signed = ['user', 'name', 'groups', 'amr', 'phone', 'assertion'].flatMap((name) =>
      headerValues(answer, `x-sumun-${name}`).map((value) => [`x-sumun-${name}`, value] as const),
    );
    const base = signatureBase(Number(time), { method: 'POST', target: '/a?b=1', host }, signed);
    expect(mac).toBe(createHmac('sha256', 'sixteen bytes or more').update(base).digest('hex'));
    await door.stop();
  });

  test('answers 503 and nothing else when a session cannot be looked up', async () => {
    const door = await openDoor([CLOSED]);
    const cookie = await door.signIn();
    door.house.sessions.find = () => Promise.reject(new Error('the disk is gone'));
    expect((await door.ask({ fields: [`Cookie: ${cookie}`] })).status).toBe(503);
    await door.stop();
  });
});

function allowNobody() {
  return { users: [], groups: [], networks: [], schedules: [], exceptUsers: [], exceptGroups: [] };
}
