import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { headerValues, type RawResponse, rawRequest } from '../support/raw-client.ts';
import { answerEach } from '../support/recorder-upstream.ts';
import { CLOSED, type Gateway, HOST, head, OPEN, openGateway } from './fixture.ts';

let gateway: Gateway;
beforeAll(async () => {
  const stepUp = {
    methods: ['DELETE', 'PUT'],
    paths: [],
    requirement: { factors: ['pin'] as const },
    reason: {},
    place: { file: 'config.yaml', line: 9 },
  };
  const { keepPost: _, ...unkept } = CLOSED;
  const routes = [
    OPEN,
    { ...unkept, name: 'unkept', paths: [{ kind: 'prefix', path: '/unkept/' } as const] },
    { ...CLOSED, stepUp: [stepUp] },
  ];
  gateway = await openGateway({ routes });
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.recorder.forget();
  gateway.recorder.script = answerEach('hello');
});

const BROWSER = ['Accept: text/html', 'Sec-Fetch-Mode: navigate'];
const FORM = 'Content-Type: application/x-www-form-urlencoded';
const postForm = (path: string, body: string, ...fields: string[]): Promise<RawResponse> =>
  rawRequest(gateway.port, head(`POST ${path}`, ...BROWSER, FORM, `Content-Length: ${body.length}`, ...fields) + body);

describe('without a session', () => {
  test('a navigation goes to the sign-in page of the same host, which remembers the way back', async () => {
    const answer = await rawRequest(gateway.port, head('GET /salary?m=11', ...BROWSER));
    expect(answer.status).toBe(303);
    const [location = ''] = headerValues(answer, 'location');
    const id = /^\/_sumun\/login\?t=([\w-]+)$/.exec(location)?.[1] ?? '';
    const transaction = await gateway.house.browsers.findTransaction(id, gateway.time.now);
    expect(transaction).toMatchObject({ host: HOST, route: 'hr', returnTo: '/salary?m=11', need: ['otp'] });
    expect(headerValues(answer, 'set-cookie')[0]).toMatch(
      /^sumun-browser=[\w-]{43}; Path=\/; .*HttpOnly; SameSite=Lax$/,
    );
    expect(headerValues(answer, 'cache-control')).toEqual(['no-store']);
    expect(gateway.recorder.bytes).toBe('');
  });

  test.each([
    ['a fetch', ['Accept: text/html', 'Sec-Fetch-Mode: cors']],
    ['an XMLHttpRequest', ['Accept: text/html', 'X-Requested-With: XMLHttpRequest']],
    ['a program', ['Accept: application/json']],
    ['no Accept', []],
  ])('%s is told so: 401 with the address of the sign-in', async (_, fields) => {
    const answer = await rawRequest(gateway.port, head('GET /salary', ...fields));
    expect(answer.status).toBe(401);
    expect(headerValues(answer, 'content-type')).toEqual(['application/problem+json']);
    const problem = JSON.parse(answer.body);
    expect(problem).toMatchObject({ code: 'sign_in_required', login: `http://${HOST}/_sumun/login` });
    expect(problem.request).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  });

  test.each([
    ['an unknown cookie', 'sumun=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['nonsense', 'sumun=x'],
    ['the cookie of another scheme', '__Host-sumun=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ])('%s is none', async (_, cookie) => {
    expect((await rawRequest(gateway.port, head('GET /salary', `Cookie: ${cookie}`))).status).toBe(401);
  });

  test('two cookies of our name are none, in one field or two', async () => {
    const cookie = await gateway.signIn('ahn');
    expect((await rawRequest(gateway.port, head('GET /x', `Cookie: ${cookie}`))).status).toBe(200);
    expect((await rawRequest(gateway.port, head('GET /x', `Cookie: ${cookie}; ${cookie}`))).status).toBe(401);
    const twice = head('GET /x', `Cookie: ${cookie}`, `Cookie: ${cookie}`);
    expect((await rawRequest(gateway.port, twice)).status).toBe(401);
  });
});

describe('with a session that lacks a factor', () => {
  test('a program gets 401 with step_up_required', async () => {
    const cookie = await gateway.signIn('bae');
    const answer = await rawRequest(gateway.port, head('DELETE /x', `Cookie: ${cookie}`));
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'step_up_required' });
    expect(gateway.recorder.bytes).toBe('');
  });
});

describe('a form post without a session', () => {
  const keep = async () => {
    const answer = await postForm('/salary/save?a=1', 'amount=5000&to=lee');
    expect(answer.status).toBe(303);
    const id = headerValues(answer, 'location')[0]?.split('t=')[1] ?? '';
    const transaction = await gateway.house.browsers.findTransaction(id, gateway.time.now);
    const browser = headerValues(answer, 'set-cookie')[0]?.split(';')[0] ?? '';
    return { kept: transaction?.keptPost ?? '', browser };
  };

  test('is kept, and sent once after signing in, to where it was going, in place of the form of the page', async () => {
    const { kept, browser } = await keep();
    const cookie = await gateway.signIn('cho');
    const cookies = `Cookie: ${cookie}; ${browser}; sumun-resume=${kept}`;
    const sent = await postForm('/salary/save?a=1', 'do=send&csrf=x', cookies);
    expect(sent).toMatchObject({ status: 200, body: 'hello' });
    expect(headerValues(sent, 'set-cookie')[0]).toMatch(/^sumun-resume=; Path=\/; Max-Age=0/);
    expect(gateway.recorder.bytes).toMatch(/\r\nContent-Length: 18\r\n\r\namount=5000&to=lee$/);
    expect(gateway.recorder.bytes).not.toContain('csrf');
    gateway.recorder.forget();
    const again = await postForm('/salary/save?a=1', 'do=send&csrf=x', cookies);
    expect(again.status).toBe(303);
    expect(gateway.recorder.bytes).toBe('');
  });

  test('is sent once even when ten requests ask for it at the same time', async () => {
    const { kept, browser } = await keep();
    const cookies = `Cookie: ${await gateway.signIn('doh')}; ${browser}; sumun-resume=${kept}`;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => postForm('/salary/save?a=1', 'do=send', cookies)),
    );
    expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    expect(gateway.recorder.bytes.split('amount=5000')).toHaveLength(2);
  });

  test('is not sent from another browser, and not to another address', async () => {
    const { kept, browser } = await keep();
    const cookie = await gateway.signIn('eom');
    const foreign = `Cookie: ${cookie}; sumun-browser=${'A'.repeat(43)}; sumun-resume=${kept}`;
    expect((await postForm('/salary/save?a=1', 'do=send', foreign)).status).toBe(303);
    expect(gateway.recorder.bytes).toBe('');
    const elsewhere = `Cookie: ${cookie}; ${browser}; sumun-resume=${kept}`;
    expect((await postForm('/other', 'own=1', elsewhere)).body).toBe('hello');
    expect(gateway.recorder.bytes).toMatch(/own=1$/);
  });

  test.each([
    ['over the limit', '/salary/save', 'x'.repeat(5000), [], 413],
    ['from another site', '/salary/save', 'a=1', ['Sec-Fetch-Site: cross-site'], 401],
    ['from another origin', '/salary/save', 'a=1', ['Origin: http://evil.example'], 401],
    ['where the route keeps none', '/unkept/save', 'a=1', [], 401],
  ])('%s is not kept, and the page says so', async (_, path, body, fields, status) => {
    const answer = await postForm(path, body, ...fields);
    expect(answer.status).toBe(status);
    expect(headerValues(answer, 'content-type')[0]).toMatch(/^text\/html/);
    expect(answer.body).toContain('/_sumun/login?t=');
  });

  test('over the limit in chunks is not kept', async () => {
    const chunk = `1001\r\n${'x'.repeat(0x1001)}\r\n0\r\n\r\n`;
    const message = head('POST /salary/save', ...BROWSER, FORM, 'Transfer-Encoding: chunked') + chunk;
    expect((await rawRequest(gateway.port, message)).status).toBe(413);
  });
});

describe('the reserved path', () => {
  test('belongs to the pages on every host that is served', async () => {
    const answer = await rawRequest(gateway.port, head('GET /_sumun/session'));
    expect(answer.status).toBe(401);
    expect(headerValues(answer, 'x-request-id')).toHaveLength(1);
    expect(gateway.recorder.bytes).toBe('');
  });
});
