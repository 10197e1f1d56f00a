import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keepPost } from '../../src/flows/keep-post.ts';
import { addPerson, codeOf } from '../flows/house.ts';
import type { Visitor } from '../support/visitor.ts';
import { HOST, hidden, openPortal, type PortalFixture } from './fixture.ts';

let portal: PortalFixture;

beforeAll(async () => {
  portal = await openPortal();
  await addPerson(portal.house, 'kim');
  await addPerson(portal.house, 'park');
});
afterAll(() => portal.close());
beforeEach(() => {
  portal.time.now += 60_000;
});

async function signedIn(login = 'kim', more: { keptPost?: string } = {}, visitor = portal.visitor()) {
  const form = await portal.open(visitor, '/notice/', ['otp'], more);
  const answer = await visitor.post('/_sumun/login', { ...form, login, otp: codeOf(portal.time.now) });
  expect(answer.status).toBe(303);
  portal.time.now += 30_000;
  return { visitor, answer };
}

const keep = async (visitor: Visitor, body = 'opinion=%EC%9D%98%EA%B2%AC&no=7') => {
  const kept = await keepPost(portal.house, {
    body: Buffer.from(body),
    contentType: 'application/x-www-form-urlencoded',
    host: HOST,
    target: '/approval/save?x=1',
    route: 'approval',
    browserSecret: visitor.cookies.get('sumun-browser'),
    expiredCookie: visitor.cookies.get('sumun'),
    session: undefined,
    keep: { max: 1024, for: 600_000 },
    address: '192.0.2.7',
    request: '',
  });
  if (kept.kind !== 'kept') throw new Error(kept.why);
  visitor.cookies.set('sumun-browser', kept.browser.secret);
  return kept.id;
};

describe('the list of applications', () => {
  test('asks somebody unknown to sign in; a script is told so', async () => {
    const visitor = portal.visitor();
    const page = await visitor.send('GET', '/_sumun/');
    expect([page.status, page.headers.location]).toEqual([303, '/_sumun/login']);
    const script = await visitor.send('GET', '/_sumun/', { headers: { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' } });
    expect(script.status).toBe(401);
    expect(script.headers['content-type']).toBe('application/problem+json');
  });

  test('holds what this person may open, with what it will ask for, and nothing that is refused', async () => {
    const { visitor } = await signedIn();
    const { text } = await visitor.send('GET', '/_sumun/');
    const shown = [...text.matchAll(/<a class="app" href="([^"]+)"><b>([^<]+)<\/b><span>([^<]+)/g)].map((match) =>
      match.slice(1, 4),
    );
    const base = `http://${HOST}`;
    expect(shown).toEqual([
      [`${base}/notice/`, 'Notices', 'Opens right away'],
      [`${base}/approval/`, 'Approval', 'Asks for your login PIN'],
      [`${base}/payroll/`, 'Payroll', 'Asks for your password'],
      [`${base}/menu/`, 'Menu', 'Opens without sign-in'],
    ]);
  });
});

describe('signing out', () => {
  test('GET asks and changes nothing; POST ends the sign-in and the cookie is worth nothing', async () => {
    const { visitor } = await signedIn();
    const handle = visitor.cookies.get('sumun') ?? '';
    const asked = await visitor.send('GET', '/_sumun/logout');
    expect((await visitor.send('GET', '/_sumun/session')).status).toBe(200);
    const answer = await visitor.post('/_sumun/logout', hidden(asked.text));
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']?.[0]).toBe('sumun=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
    expect(await portal.live.find(handle, HOST, portal.time.now)).toBeUndefined();
  });

  test('without the form’s own token nothing ends', async () => {
    const { visitor } = await signedIn();
    const answer = await visitor.post('/_sumun/logout', { csrf: 'x'.repeat(43) });
    expect(answer.status).toBe(403);
    expect((await visitor.send('GET', '/_sumun/session')).status).toBe(200);
  });

  test('goes on to sign in as somebody else', async () => {
    const { visitor } = await signedIn();
    const asked = await visitor.send('GET', '/_sumun/logout?again=1');
    const answer = await visitor.post('/_sumun/logout', hidden(asked.text));
    expect([answer.status, answer.headers.location]).toEqual([303, '/_sumun/login']);
  });
});

describe('a kept post', () => {
  test('is announced at sign-in and offered after it: names and sizes, no values', async () => {
    const visitor = portal.visitor();
    const id = await keep(visitor);
    const { answer } = await signedIn('kim', { keptPost: id }, visitor);
    expect(answer.headers.location).toBe(`/_sumun/resume?k=${id}`);
    const offered = await visitor.send('GET', `/_sumun/resume?k=${id}`);
    expect(offered.text).toContain('<bdi>opinion</bdi></b><span>6 B</span>');
    expect(offered.text).toContain(`${HOST}/approval/save`);
    expect(offered.text).not.toContain('의견');
    // Over plain http a browser names its origin to the application only if the page sends a referrer.
    expect(offered.headers['referrer-policy']).toBe('same-origin');
  });

  test('is sent by a redirect that keeps the method, with a one-time cookie', async () => {
    const visitor = portal.visitor();
    const id = await keep(visitor);
    await signedIn('kim', { keptPost: id }, visitor);
    const offered = await visitor.send('GET', `/_sumun/resume?k=${id}`);
    const answer = await visitor.post('/_sumun/resume', { ...hidden(offered.text), do: 'send' });
    expect([answer.status, answer.headers.location]).toEqual([307, '/approval/save?x=1']);
    expect(answer.headers['set-cookie']?.[0]).toBe(`sumun-resume=${id}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax`);
  });

  test('is discarded once and then gone', async () => {
    const visitor = portal.visitor();
    const id = await keep(visitor);
    await signedIn('kim', { keptPost: id }, visitor);
    const offered = await visitor.send('GET', `/_sumun/resume?k=${id}`);
    expect((await visitor.post('/_sumun/resume', { ...hidden(offered.text), do: 'drop' })).status).toBe(200);
    expect((await visitor.send('GET', `/_sumun/resume?k=${id}`)).status).toBe(404);
  });

  test('is not offered to another browser, to another person, after its time, or without its token', async () => {
    const { visitor } = await signedIn('kim');
    const id = await keep(visitor);
    const other = await signedIn('kim');
    expect((await other.visitor.send('GET', `/_sumun/resume?k=${id}`)).status).toBe(404);
    const answer = await visitor.post('/_sumun/resume', { k: id, csrf: 'x', do: 'send' });
    expect(answer.status).toBe(403);
    await signedIn('park', {}, visitor);
    expect((await visitor.send('GET', `/_sumun/resume?k=${id}`)).status).toBe(404);
    const mine = portal.visitor();
    const old = await keep(mine);
    portal.time.now += 700_000;
    await signedIn('kim', {}, mine);
    expect((await mine.send('GET', `/_sumun/resume?k=${old}`)).status).toBe(404);
  });
});

describe('GET /session', () => {
  test('says who, how and how long yet, and does not extend the session by looking', async () => {
    const { visitor } = await signedIn();
    const first = JSON.parse((await visitor.send('GET', '/_sumun/session')).text);
    portal.time.now += 60_000;
    const second = JSON.parse((await visitor.send('GET', '/_sumun/session')).text);
    expect(first).toMatchObject({ login: 'kim', amr: ['otp'] });
    expect([first.idle - second.idle, first.absolute - second.absolute]).toEqual([60, 60]);
    portal.time.now += 30 * 60_000;
    const gone = await visitor.send('GET', '/_sumun/session');
    expect(gone.status).toBe(401);
    expect(JSON.parse(gone.text)).toMatchObject({ code: 'sign_in_required', login: '/_sumun/login' });
  });

  test('two cookies of our name mean no session', async () => {
    const { visitor } = await signedIn();
    const handle = visitor.cookies.get('sumun');
    const answer = await portal
      .visitor()
      .send('GET', '/_sumun/session', { headers: { Cookie: `sumun=${handle}; sumun=${handle}` } });
    expect(answer.status).toBe(401);
  });
});

test('the key set may be kept for five minutes and holds public keys only', async () => {
  const answer = await portal.visitor().send('GET', '/_sumun/jwks.json');
  expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'public, max-age=300']);
  const { keys } = JSON.parse(answer.text);
  expect(keys).toHaveLength(1);
  expect(keys[0]).not.toHaveProperty('d');
});

test.each([
  ['GET', '/_sumun/nothing', 404],
  ['GET', '/_sumun/login/', 404],
  ['GET', '/_sumun/LOGIN', 404],
  ['DELETE', '/_sumun/login', 405],
  ['POST', '/_sumun/session', 405],
  ['HEAD', '/_sumun/login', 200],
])('%s %s is answered %i, with its number and closed to caches', async (method, path, status) => {
  const answer = await portal.visitor().send(method, path);
  expect(answer.status).toBe(status);
  expect(answer.headers['x-request-id']).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('what breaks is answered 503 without a word about the cause', async () => {
  const { visitor } = await signedIn();
  const { signer } = portal.house;
  const broken = {
    ...signer,
    publicKeys: () => {
      throw new Error('secret path /var/lib');
    },
  };
  Object.assign(portal.house, { signer: broken });
  const answer = await visitor.send('GET', '/_sumun/jwks.json');
  Object.assign(portal.house, { signer });
  expect(answer.status).toBe(503);
  expect(answer.text).not.toContain('/var/lib');
});

test('the number on a page of a refused sign-in finds the request, without the inner reason', async () => {
  const visitor = portal.visitor();
  const form = await portal.open(visitor, '/notice/', ['otp']);
  const answer = await visitor.post('/_sumun/login', { ...form, login: 'ghost', otp: '123456' });
  const number = /<span class="no">([^<]+)/.exec(answer.text)?.[1] ?? '';
  await portal.house.requests.flush();
  const found = await portal.house.requests.find(number);
  expect(found).toMatchObject({
    id: answer.headers['x-request-id'],
    status: 401,
    outcome: 'sign-in rejected',
    login: '',
  });
});
