import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type GateFixture, type Person, startGate, submit } from '../../support/gate.ts';
import { RawClient, rawRequest } from '../../support/raw-client.ts';
import { type RecordedRequest, type Recorder, startRecorder } from '../../support/recorder.ts';
import { hiddenFields, Visitor } from '../../support/visitor.ts';
import {
  FRONTS,
  type Front,
  type FrontKind,
  freePort,
  isInstalled,
  OPEN_HOST,
  type Ports,
  startFront,
  sumunConfig,
} from './fronts.ts';

const HOST = 'hr.corp.example';

/** Names of the profile in the recipes, and of what `identity.remove` has by default. */
const OURS = ['X-Sumun-User', 'X-Sumun-Name', 'X-Sumun-Groups', 'X-Sumun-Amr', 'X-Sumun-Assertion'];

/** Letters and digits of a name, as an application may read it. */
const fold = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

const valuesIn = (request: RecordedRequest | undefined, folded: string): string[] =>
  (request?.fields ?? []).filter(([name]) => fold(name) === folded).map(([, value]) => value);

describe.each(FRONTS)('$name with the configuration of its recipe', (kind: FrontKind) => {
  const isThere = isInstalled(kind);
  const mode = kind.sumun.startsWith('apache') ? 'in front' : 'asking';
  let ports: Ports;
  let gate: GateFixture;
  let app: Recorder;
  let front: Front;
  let kim: Person;
  let lee: Person;
  let cookie = '';
  let adminCookie = '';

  beforeAll(async () => {
    if (!isThere) return;
    app = await startRecorder();
    app.answer(answerOf);
    const appPort = Number(new URL(app.url).port);
    ports = { front: await freePort(), pages: await freePort(), asks: await freePort(), app: appPort };
    [gate, front] = await Promise.all([startGate(sumunConfig(kind, ports)), startFront(kind, ports)]);
    kim = await gate.person('kim');
    lee = await gate.person('lee', ['admins']);
    cookie = await signIn(kim);
    adminCookie = await signIn(lee);
  }, 30_000);
  afterAll(async () => {
    await front?.stop();
    await gate?.stop();
    await app?.close();
  });
  beforeEach(() => app?.clear());

  /** The application: a canary that names its path, and WebSockets. */
  function answerOf(request: RecordedRequest): string {
    const key = request.fields.find(([name]) => name.toLowerCase() === 'sec-websocket-key')?.[1];
    if (key !== undefined) {
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
    }
    const isUnauthorised = request.requestLine.includes('/app-401');
    const body = isUnauthorised ? 'the app says no' : app.canary;
    return `HTTP/1.1 ${isUnauthorised ? '401 Unauthorized' : '200 OK'}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  }

  const visitor = (): Visitor => new Visitor(ports.front, HOST);

  async function signIn(person: Person): Promise<string> {
    const browser = visitor();
    const answer = await submit(browser, person, '/');
    expect(answer.status, answer.text.slice(0, 400)).toBe(303);
    browser.close();
    return [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  const ask = (path: string, fields: readonly string[] = [], method = 'GET') =>
    rawRequest(
      ports.front,
      `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`,
      method,
    );

  const page = ['Accept: text/html', 'Sec-Fetch-Mode: navigate'];
  const script = ['Accept: application/json'];

  test.skipIf(!isThere)('a page leads to the sign-in and back to where it was going', async () => {
    const browser = visitor();
    const first = await browser.send('GET', '/reports?year=2026&q=a%20b');
    expect(first.status, front.log()).toBe(303);
    expect(first.headers.location).toMatch(/^(?:http:\/\/hr\.corp\.example)?\/_sumun\/login\?t=/);
    expect(app.requests).toEqual([]);
    const done = await submit(browser, kim, '/reports?year=2026&q=a%20b');
    expect(done.status).toBe(303);
    const back = await browser.open(done.headers.location ?? '');
    expect(back.text).toBe(app.canary);
    expect(app.requests.at(-1)?.requestLine).toBe('GET /reports?year=2026&q=a%20b HTTP/1.1');
    browser.close();
  });

  test.skipIf(!isThere)('the application is told who it is, and never sees the session', async () => {
    const answer = await ask('/reports', [...page, `Cookie: theme=dark; ${cookie}; JSESSIONID=a1`]);
    expect(answer.body).toBe(app.canary);
    const [seen] = app.requests;
    expect(valuesIn(seen, 'xsumunuser')).toEqual(['kim']);
    expect(valuesIn(seen, 'xsumunassertion')[0]).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(valuesIn(seen, 'cookie').join('; ')).toBe('theme=dark; JSESSIONID=a1');
    expect(seen?.head).not.toContain('sumun=');
    expect(valuesIn(seen, 'host')).toEqual([HOST]);
    expect(valuesIn(seen, 'xforwardedfor')).toEqual([mode === 'asking' ? '127.0.0.1' : '127.0.0.1, 127.0.0.1']);
  });

  test.skipIf(!isThere)('a request whose only cookie is ours goes on without a cookie', async () => {
    expect((await ask('/reports', [...page, `Cookie: ${cookie}`])).status).toBe(200);
    expect(app.requests[0]?.head).not.toContain('sumun=');
  });

  test.skipIf(!isThere)('a script is told 401 and where to sign in', async () => {
    const answer = await ask('/reports', script);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([401, 'sign_in_required']);
    expect(JSON.parse(answer.body).login).toContain('/_sumun/login');
    expect(app.requests).toEqual([]);
  });

  test.skipIf(!isThere)('a step-up asks for what is missing, and a script is told so', async () => {
    const told = await ask('/pay/slip', [...script, `Cookie: ${cookie}`]);
    expect([told.status, JSON.parse(told.body).code]).toEqual([401, 'step_up_required']);
    const browser = visitor();
    await submit(browser, kim, '/');
    const form = await browser.open('/pay/slip');
    expect(form.text).toContain('name="pin"');
    expect(form.text).not.toContain('name="login"');
    const risen = await browser.post('/_sumun/login', { ...hiddenFields(form.text), pin: kim.pin });
    expect(risen.status).toBe(303);
    expect((await browser.open('/pay/slip')).text).toBe(app.canary);
    browser.close();
  });

  test.skipIf(!isThere)('who is not allowed gets 403', async () => {
    expect((await ask('/admin/', [...page, `Cookie: ${cookie}`])).status).toBe(403);
    expect((await ask('/admin/', [...script, `Cookie: ${cookie}`])).status).toBe(403);
    expect(app.requests).toEqual([]);
    expect((await ask('/admin/', [...page, `Cookie: ${adminCookie}`])).body).toBe(app.canary);
  });

  test.skipIf(!isThere)('HDR-1 G006 G046 G062 G091 headers in our name never reach the application', async () => {
    const spellings = OURS.flatMap((name) => [
      name,
      name.toLowerCase(),
      name.toUpperCase(),
      ...['_', '.', '~', '!', '*', '+', '^', '`', '|', "'", '#', '$', '%', '&', ''].map((sign) =>
        name.replaceAll('-', sign),
      ),
      name.replace('-', '_'),
      name.replace(/-(?=[^-]*$)/, '_'),
    ]);
    for (const [path, own] of [
      ['/public/', []],
      ['/reports', [`Cookie: ${cookie}`]],
    ] as const) {
      for (const spelling of spellings) {
        app.clear();
        const answer = await ask(path, [...page, ...own, `${spelling}: root1`, `${spelling}: root2`]);
        expect([200, 400, 403], `${path} ${spelling}`).toContain(answer.status);
        expect(app.bytes, `${path} ${spelling}`).not.toContain('root');
        expect(valuesIn(app.requests[0], 'xsumunuser')).toEqual(answer.status === 200 && own.length > 0 ? ['kim'] : []);
      }
    }
  });

  test.skipIf(!isThere)(
    'G010 G041 FWD-1 what the browser says of path, method, host and address changes nothing',
    async () => {
      const lies = [
        ...['X-Forwarded-Uri', 'X-Original-URL', 'X-Original-URI', 'X-Rewrite-URL', 'X-Forwarded-Path'].map(
          (name) => `${name}: /public/a`,
        ),
        'X-Original-URL: http://hr.corp.example/public/a',
        ...['X-Forwarded-Method', 'X-Original-Method', 'X-HTTP-Method-Override'].map((name) => `${name}: OPTIONS`),
        ...['X-Forwarded-Prefix', 'X-Replaced-Path'].map((name) => `${name}: /public`),
        'X-Forwarded-Host: evil.test',
        'X-Forwarded-Proto: https',
        ...['X-Forwarded-For', 'X-Real-IP', 'True-Client-IP', 'X-Client-IP', 'CF-Connecting-IP'].map(
          (name) => `${name}: 203.0.113.9`,
        ),
        'Forwarded: for=203.0.113.9;host=evil.test;proto=https',
      ];
      for (const lie of [...lies, lies.slice(5).join('\r\n')]) {
        app.clear();
        const refused = await ask('/admin/', [...page, lie]);
        expect([303, 400, 403], lie).toContain(refused.status);
        expect(app.requests, lie).toEqual([]);
        const passed = await ask('/reports', [...page, `Cookie: ${cookie}`, lie]);
        expect([200, 400, 403], lie).toContain(passed.status);
        expect(app.requests[0]?.head ?? '', lie).not.toMatch(/203\.0\.113\.9|evil\.test|\/public|OPTIONS/);
      }
      const addresses = (await gate.house.audit.read({ limit: 1000, newestFirst: true })).map(({ address }) => address);
      expect(addresses).not.toContain('203.0.113.9');
    },
  );

  test.skipIf(!isThere)(
    'G011 G040 G057 G076 G085 PATH-2 no spelling of a path reaches more than was decided on',
    async () => {
      const paths = [
        '/public/..%2fadmin/',
        '/public/%2e%2e/admin/',
        '/public/../admin/',
        '/public/.%2e/admin/',
        '/public/..;/admin/',
        '/public/..%3b/admin/',
        '/public/%252e%252e/admin/',
        '/public//../admin/',
        '/public/..%5cadmin/',
        '/public\\..\\admin/',
        '//admin/',
        '/public//admin/',
        '/./admin/',
        '/%61dmin/',
        '/admin%2f',
        '/admin;x=1/',
        '/ADMIN/',
        '/admin%00',
        '/public/%23/../../admin/',
        '/public/%3f/../../admin/',
        '/_sumun/../admin/',
        '/_sumun/%2e%2e/admin/',
        '/_sumun/..%2fadmin/',
        '/x/..%2f_sumun/../admin/',
        '/public/x%0d%0aX-Sumun-User:%20root',
        '/%E5%98%8A/admin/',
      ];
      for (const path of paths) {
        app.clear();
        const anonymous = await ask(path, page);
        const isOpen = app.requests.length > 0;
        if (isOpen) {
          expect(app.requests[0]?.requestLine, path).toBe(`GET ${path} HTTP/1.1`);
          expect(path.toLowerCase(), path).toMatch(/^\/public\/(?!.*admin)/);
        } else expect(anonymous.body, path).not.toContain(app.canary);
        app.clear();
        const known = await ask(path, [...page, `Cookie: ${cookie}`]);
        if (known.body.includes(app.canary)) {
          expect(app.requests[0]?.requestLine, path).toBe(`GET ${path} HTTP/1.1`);
          expect(path, path).not.toMatch(/^\/(?:%61|a)dmin/);
        }
      }
    },
  );

  test.skipIf(!isThere)('HOST-1 a target that names another host than the Host field is not served', async () => {
    for (const head of [
      `GET http://other.example/admin/ HTTP/1.1\r\nHost: ${HOST}`,
      `GET http://${HOST}/admin/ HTTP/1.1\r\nHost: ${OPEN_HOST}`,
      `GET http://${OPEN_HOST}/admin/ HTTP/1.1\r\nHost: ${HOST}`,
      `GET /admin/ HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${OPEN_HOST}`,
      `GET /admin/ HTTP/1.1\r\nHost: ${OPEN_HOST}\r\nHost: ${HOST}`,
      `GET /admin/ HTTP/1.1\r\nHost: ${HOST}\r\nX-Forwarded-Host: ${OPEN_HOST}`,
      `GET http://${HOST}/admin/ HTTP/1.1\r\nHost: ${HOST}`,
      `GET /admin/ HTTP/1.1\r\nHost: ${HOST}\r\nHost: other.example`,
      `GET /admin/ HTTP/1.1\r\nHost: ${HOST}.:80`,
      'GET /admin/ HTTP/1.1\r\nHost: HR.corp.EXAMPLE',
      'GET /admin/ HTTP/1.1\r\nHost: other.example',
    ]) {
      const answer = await rawRequest(ports.front, `${head}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`);
      // Where Sumun carries the requests itself, the host it decided on is the host the application sees.
      const decided = mode === 'in front' ? app.requests.flatMap((request) => valuesIn(request, 'host')) : [];
      if (decided.length > 0) expect(decided, head).toEqual([OPEN_HOST]);
      else expect([answer.body.includes(app.canary), app.requests.length], head).toEqual([false, 0]);
      app.clear();
    }
  });

  test.skipIf(!isThere)('G036 a cookie that is not ours opens nothing', async () => {
    for (const wrong of [
      'sumun=x',
      `sumun=${'A'.repeat(43)}`,
      `${cookie}; ${cookie}`,
      `sumun=${'x'.repeat(8000)}`,
      'sumun=',
    ]) {
      expect((await ask('/reports', [...script, `Cookie: ${wrong}`])).status, wrong.slice(0, 40)).toBe(401);
    }
    expect(app.requests).toEqual([]);
  });

  test.skipIf(!isThere)('a large cookie of the application goes on with the session', async () => {
    const large = `state=${'s'.repeat(11_000)}`;
    expect((await ask('/reports', [...page, `Cookie: ${large}; ${cookie}`])).status).toBe(200);
    expect(valuesIn(app.requests[0], 'cookie')).toEqual([large]);
  });

  test.skipIf(!isThere)('methods and bodies go on as they came', async () => {
    const body = 'name=%EA%B9%80';
    const answer = await rawRequest(
      ports.front,
      `POST /public/form HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(answer.body).toBe(app.canary);
    expect([app.requests[0]?.requestLine, app.requests[0]?.body]).toEqual(['POST /public/form HTTP/1.1', body]);
    expect((await ask('/reports', script, 'DELETE')).status).toBe(401);
    expect((await ask('/reports', script, 'PROPFIND')).status).toBe(401);
    expect([400, 401, 403, 405, 501]).toContain((await ask('/public/', script, 'TRACE')).status);
  });

  test.skipIf(!isThere)('a target goes on byte for byte', async () => {
    for (const target of ['/public/a%2Cb%7Ec;v=1?x=%2F&y=+&z', '/public/%EA%B8%89%ec%97%ac', "/public/a'(b)*!@:$,~"]) {
      app.clear();
      expect((await ask(target, page)).status, target).toBe(200);
      expect(app.requests[0]?.requestLine).toBe(`GET ${target} HTTP/1.1`);
    }
  });

  test.skipIf(!isThere)('a chunked body goes on whole', async () => {
    const head = `POST /public/form HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
    const answer = await rawRequest(ports.front, `${head}5\r\nhello\r\n0\r\n\r\n`);
    expect([answer.status, app.requests.length]).toEqual([200, 1]);
    expect(app.requests[0]?.body.replace(/\r\n|^5|0?$/g, '')).toContain('hello');
  });

  test.skipIf(!isThere)('answers to HEAD have no body, and the next request on the connection is its own', async () => {
    const client = await RawClient.open(ports.front);
    const head = (method: string, path: string, fields: readonly string[]) =>
      `${method} ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${fields.map((each) => `${each}\r\n`).join('')}\r\n`;
    const known = `Cookie: ${cookie}`;
    for (const [path, fields, status] of [
      ['/reports', script, 401],
      ['/reports', page, 303],
      ['/admin/', [...page, known], 403],
      ['/reports', [...page, known], 200],
    ] as const) {
      client.send(head('HEAD', path, fields));
      expect((await client.response('HEAD')).status, path).toBe(status);
      client.send(head('GET', path, fields));
      expect((await client.response()).status, path).toBe(status);
    }
    client.destroy();
  });

  test.skipIf(!isThere)('a 401 of the application is the application’s', async () => {
    const answer = await ask('/app-401', [...page, `Cookie: ${cookie}`]);
    expect([answer.status, answer.body]).toEqual([401, 'the app says no']);
  });

  test.skipIf(!isThere)('answers before the application are never cached', async () => {
    const answer = await ask('/reports', page);
    expect(headerOf(answer, 'cache-control')).toBe('no-store');
  });

  test.skipIf(!isThere)(
    'WS-1 WS-2 a WebSocket opens for its own origin and a session, and for nobody else',
    async () => {
      const shake = async (fields: readonly string[]) => {
        const client = await RawClient.open(ports.front);
        const lines = [
          'Upgrade: websocket',
          'Connection: Upgrade',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ];
        client.send(
          `GET /socket HTTP/1.1\r\nHost: ${HOST}\r\n${[...lines, ...fields].map((each) => `${each}\r\n`).join('')}\r\n`,
        );
        const { status } = await client.response();
        client.destroy();
        return status;
      };
      expect(await shake([`Origin: http://${HOST}`, `Cookie: ${cookie}`])).toBe(101);
      expect(valuesIn(app.requests[0], 'xsumunuser')).toEqual(['kim']);
      expect(app.requests[0]?.head).not.toContain('sumun=');
      app.clear();
      expect(await shake([`Origin: http://${HOST}`])).toBe(401);
      expect(await shake(['Origin: https://evil.test', `Cookie: ${cookie}`])).toBe(403);
      expect(await shake(['Origin: null', `Cookie: ${cookie}`])).toBe(403);
      expect(await shake([`Origin: http://${HOST}`, 'Sec-Fetch-Site: cross-site', `Cookie: ${cookie}`])).toBe(403);
      expect(app.requests).toEqual([]);
    },
  );

  test.skipIf(!isThere || mode === 'in front')('what comes with a form that meets no session is not kept', async () => {
    const browser = visitor();
    const answer = await browser.post('/form', { a: '1' });
    expect([answer.status, answer.headers.location]).toEqual([303, expect.stringContaining('/_sumun/login?t=')]);
    browser.close();
  });

  test.skipIf(!isThere)('signing out ends it with the next request', async () => {
    const browser = visitor();
    await submit(browser, kim, '/');
    const own = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    expect((await ask('/reports', [...page, `Cookie: ${own}`])).status).toBe(200);
    const asks = await browser.open('/_sumun/logout');
    await browser.post('/_sumun/logout', hiddenFields(asks.text));
    app.clear();
    expect((await ask('/reports', [...script, `Cookie: ${own}`])).status).toBe(401);
    expect(app.requests).toEqual([]);
    browser.close();
  });

  test.skipIf(!isThere || mode === 'in front')('without Sumun nothing passes', async () => {
    await gate.stop();
    expect((await ask('/public/', page)).status).toBeGreaterThanOrEqual(500);
    expect((await ask('/reports', [...page, `Cookie: ${cookie}`])).status).toBeGreaterThanOrEqual(500);
    expect(app.requests).toEqual([]);
  });
});

const headerOf = (answer: { readonly rawHeaders: readonly string[] }, name: string): string | undefined =>
  answer.rawHeaders[answer.rawHeaders.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name) + 1];
