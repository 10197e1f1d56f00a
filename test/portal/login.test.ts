import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addPerson, codeOf, oneThen, PASSWORD, PIN } from '../flows/house.ts';
import { HOST, hidden, openPortal, type PortalFixture } from './fixture.ts';

let portal: PortalFixture;

beforeAll(async () => {
  portal = await openPortal();
  await addPerson(portal.house, 'kim');
  await addPerson(portal.house, 'park');
  await addPerson(portal.house, 'lee', 'none');
  await addPerson(portal.house, 'choi');
  await addPerson(portal.house, 'jung');
  const choi = await portal.house.accounts.findByLogin('choi');
  await portal.house.accounts.setStatus(choi?.id ?? '', 'suspended', {
    at: portal.time.now,
    kind: 'user.suspended',
    login: 'choi',
    actor: 'cli',
    address: '',
    route: '',
    request: '',
    reason: '',
    detail: {},
  });
});
afterAll(() => portal.close());

/** Every test has time steps of its own: an accepted code is never accepted again. */
beforeEach(() => {
  portal.time.now += 2 * 60 * 60 * 1000;
});

const now = () => codeOf(portal.time.now);

describe('signing in', () => {
  test.each([
    ['ID and OTP', ['otp'], '/notice/', {}],
    ['ID, OTP and PIN', ['otp', 'pin'], '/approval/?id=7', { pin: PIN }],
    ['ID, password and OTP', ['pw', 'otp'], '/payroll/', { password: PASSWORD }],
  ] as const)('with %s leads back to where the person was going', async (_, need, to, extra) => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, to, need);
    const answer = await visitor.post('/_sumun/login', {
      ...form,
      login: ' KIM ',
      otp: ` ${now().slice(0, 3)}-${now().slice(3)}`,
      ...extra,
    });
    expect([answer.status, answer.headers.location]).toEqual([303, to]);
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^sumun=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect((await visitor.send('GET', '/_sumun/session')).status).toBe(200);
  });

  test('the handle changes with every rise in assurance and the old one is dead', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/notice/', ['otp']);
    await visitor.post('/_sumun/login', { ...form, login: 'kim', otp: now() });
    const before = visitor.cookies.get('sumun') ?? '';
    const session = await portal.live.find(before, HOST, portal.time.now);
    const { beginSignIn } = await import('../../src/flows/begin-sign-in.ts');
    const { transaction } = await beginSignIn(portal.house, {
      browserSecret: visitor.cookies.get('sumun-browser'),
      host: HOST,
      route: 'payroll',
      returnTo: '/payroll/',
      need: ['pw'],
      rise: session,
    });
    const page = await visitor.send('GET', `/_sumun/login?t=${transaction.id}`);
    expect(page.text).not.toContain('name="login"');
    expect(page.text).toContain('<bdi>kim</bdi>');
    const answer = await visitor.post('/_sumun/login', { ...hidden(page.text), password: PASSWORD });
    expect(answer.status).toBe(303);
    expect(visitor.cookies.get('sumun')).not.toBe(before);
    expect(await portal.live.find(before, HOST, portal.time.now)).toBeUndefined();
  });

  test('a transaction leads to one session: the second submission of the form signs nobody in', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/notice/', ['otp']);
    const fields = { ...form, login: 'kim', otp: now() };
    expect((await visitor.post('/_sumun/login', fields)).status).toBe(303);
    const second = portal.visitor();
    second.cookies.set('sumun-browser', visitor.cookies.get('sumun-browser') ?? '');
    const answer = await second.post('/_sumun/login', fields);
    expect(answer.status).toBe(401);
    expect(second.cookies.has('sumun')).toBe(false);
  });
});

test('one sign-in too many is refused with the number that is allowed', async () => {
  const before = portal.policy.current;
  portal.policy.current = { ...before, sessions: { ...before.sessions, concurrent: oneThen('refuse') } };
  const enter = async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/notice/', ['otp']);
    return visitor.post('/_sumun/login', { ...form, login: 'jung', otp: now() });
  };
  expect((await enter()).status).toBe(303);
  portal.time.now += 60_000;
  const second = await enter();
  portal.policy.current = before;
  expect(second.status).toBe(403);
  expect(second.text).toContain('Sign-ins allowed at once: 1.');
});

describe('a refused attempt', () => {
  test('is one and the same page for every reason, byte for byte (number and form token masked)', async () => {
    const mask = (text: string) =>
      text
        .replace(/[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/g, 'NUMBER')
        .replace(/(name="(?:t|csrf)" value=")[^"]+/g, '$1');
    const cases = [
      { login: 'nobody', password: PASSWORD, otp: now() },
      { login: 'kim', password: 'wrong', otp: now() },
      { login: 'kim', password: 'wrong', otp: '000000' },
      { login: 'kim', password: 'wrong', otp: codeOf(portal.time.now, -40) },
      { login: 'choi', password: 'wrong', otp: now() },
      { login: 'lee', password: 'wrong', otp: '123456' },
    ];
    const seen: string[] = [];
    for (const fields of cases) {
      const visitor = portal.visitor();
      const form = await portal.open(visitor, '/payroll/', ['pw', 'otp']);
      const answer = await visitor.post('/_sumun/login', { ...form, ...fields });
      const { date: _date, 'x-request-id': _id, 'content-length': _length, ...headers } = answer.headers;
      seen.push(
        JSON.stringify({
          status: answer.status,
          headers,
          body: mask(answer.text).replaceAll(`value="${fields.login}"`, 'value="LOGIN"'),
        }),
      );
    }
    expect(JSON.parse(seen[0] ?? '')).toMatchObject({ status: 401 });
    expect(new Set(seen).size).toBe(1);
  });

  test('says more about the code only to who proved what they know', async () => {
    const attempt = async (fields: Record<string, string>) => {
      const visitor = portal.visitor();
      const form = await portal.open(visitor, '/payroll/', ['pw', 'otp']);
      return (await visitor.post('/_sumun/login', { ...form, login: 'park', ...fields })).text;
    };
    const wrong = '000000' === now() ? '111111' : '000000';
    expect(await attempt({ password: PASSWORD, otp: wrong })).toContain('That code doesn’t match');
    expect(await attempt({ password: PASSWORD, otp: codeOf(portal.time.now, -40) })).toContain('clock looks off');
    expect(await attempt({ password: 'wrong', otp: codeOf(portal.time.now, -40) })).toContain('Use a fresh code');
  });

  test('gives the ID back, never a secret, and puts the error first in the title', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/payroll/', ['pw', 'otp']);
    const { text } = await visitor.post('/_sumun/login', {
      ...form,
      login: 'ghost',
      password: 'hunter2hunter2',
      otp: '424242',
    });
    expect(text).toMatch(/<title>Error: Sign in – Payroll – /);
    expect(text).toContain('value="ghost"');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('424242');
    expect(text).toMatch(/role="alert"[^>]*autofocus/);
  });

  test('locks known and unknown IDs alike after the limit, with the moment in words and in Retry-After', async () => {
    const answers = [];
    for (const login of ['jung', 'stranger']) {
      const visitor = portal.visitor();
      let answer = await visitor.send('GET', '/_sumun/login');
      for (let attempt = 0; attempt < 6; attempt++) {
        const form = await portal.open(visitor, '/notice/', ['otp']);
        answer = await visitor.post('/_sumun/login', { ...form, login, otp: codeOf(portal.time.now, 5000 + attempt) });
        if (attempt === 4) expect(answer.status).toBe(401);
      }
      answers.push(answer);
    }
    expect(answers.map((answer) => answer.status)).toEqual([429, 429]);
    expect(answers.map((answer) => answer.headers['retry-after'])).toEqual(['60', '60']);
    expect(answers[0]?.text).toMatch(/datetime="2026-/);
    const mask = (text = '') => text.replace(/[0-9A-Z]{4}-[0-9A-Z]{4}/g, '').replace(/t=[\w-]+/, '');
    expect(mask(answers[0]?.text)).toBe(mask(answers[1]?.text));
  });
});

describe('a fault of form', () => {
  test.each([
    [{ login: '', otp: '123456' }, 'Enter your ID.'],
    [{ login: '김민지', otp: '123456' }, 'Check your keyboard language'],
    [{ login: 'kim', otp: '' }, 'Enter your code.'],
    [{ login: 'kim', otp: '12345' }, 'You typed 5.'],
    [{ login: 'kim', otp: 'abcdef' }, 'digits and nothing else'],
    [{ login: 'kim', otp: '１２３４５' }, 'You typed 5.'],
  ])('%j is answered at its field and costs no attempt', async (fields, sentence) => {
    const visitor = portal.visitor();
    for (let time = 0; time < 7; time++) {
      const form = await portal.open(visitor, '/notice/', ['otp']);
      const answer = await visitor.post('/_sumun/login', { ...form, ...fields });
      expect(answer.status).toBe(401);
      expect(answer.text).toContain(sentence);
      expect(answer.text).toMatch(/aria-describedby="[^"]*(?:login|otp)-error" aria-invalid="true"/);
    }
  });
});

describe('a form that is not this browser’s own', () => {
  test('without the browser cookie the page about cookies appears, and no session', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/notice/', ['otp']);
    visitor.cookies.clear();
    const answer = await visitor.post('/_sumun/login', { ...form, login: 'kim', otp: now() });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('blocking cookies');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('a sign-in begun in another browser is never completed here (login CSRF)', async () => {
    const [begun, other] = [portal.visitor(), portal.visitor()];
    const form = await portal.open(begun, '/notice/', ['otp']);
    await portal.open(other, '/notice/', ['otp']);
    const answer = await other.post('/_sumun/login', { ...form, login: 'kim', otp: now() });
    expect(answer.status).toBe(403);
    expect(other.cookies.has('sumun')).toBe(false);
    expect(answer.text).toContain('value="kim"');
  });

  test.each([
    [{ Origin: 'https://evil.test' }],
    [{ Origin: `https://${HOST}` }],
    [{ Origin: `http://${HOST}.evil.test` }],
    [{ Origin: `http://${HOST}:8443` }],
    [{ Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
    [{ 'Sec-Fetch-Site': 'cross-site' }],
    [{ 'Sec-Fetch-Site': 'same-site' }],
  ])('%j is refused as another site’s', async (headers) => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/notice/', ['otp']);
    const body = new URLSearchParams({ ...form, login: 'kim', otp: now() }).toString();
    const answer = await visitor.send('POST', '/_sumun/login', {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body,
    });
    expect(answer.status).toBe(403);
    expect(visitor.cookies.has('sumun')).toBe(false);
  });

  test('an expired transaction is renewed in place with the ID kept', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/payroll/', ['pw', 'otp']);
    portal.time.now += 11 * 60 * 1000;
    const answer = await visitor.post('/_sumun/login', { ...form, login: 'kim', password: PASSWORD, otp: now() });
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('value="kim"');
    expect(answer.text).toContain('we renewed it');
    const again = await visitor.post('/_sumun/login', {
      ...hidden(answer.text),
      login: 'kim',
      password: PASSWORD,
      otp: now(),
    });
    expect([again.status, again.headers.location]).toEqual([303, '/payroll/']);
  });
});

describe('the form as a message', () => {
  const post = async (headers: Record<string, string>, body: string) => {
    const visitor = portal.visitor();
    await portal.open(visitor, '/notice/', ['otp']);
    return visitor.send('POST', '/_sumun/login', { headers, body });
  };
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

  test.each([
    ['JSON', { 'Content-Type': 'application/json' }, '{}', 415],
    ['a multipart form', { 'Content-Type': 'multipart/form-data; boundary=x' }, '--x--', 415],
    ['a compressed form', { ...form, 'Content-Encoding': 'gzip' }, 'x', 415],
    ['another charset', { 'Content-Type': 'application/x-www-form-urlencoded; charset=euc-kr' }, 'a=b', 415],
    ['a field given twice', form, 'login=a&login=b', 400],
    ['65 KiB', form, `login=${'a'.repeat(65 * 1024)}`, 413],
  ])('%s is refused', async (_, headers, body, status) => {
    expect((await post(headers, body)).status).toBe(status);
  });
});

test('no parameter decides where the browser goes after signing in', async () => {
  const hostile = [
    '//evil.test',
    'https://evil.test',
    '/\\evil.test',
    'javascript:alert(1)',
    '/%09/evil.test',
    'https:evil.test',
    '////evil.test',
  ];
  for (const value of hostile) {
    portal.time.now += 60_000;
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/notice/', ['otp']);
    const names = ['rd', 'next', 'url', 'return_to', 'returnTo', 'target_link_uri'];
    const extra = Object.fromEntries(names.map((name) => [name, value]));
    const answer = await visitor.post(`/_sumun/login?${new URLSearchParams(extra)}`, {
      ...form,
      ...extra,
      login: 'kim',
      otp: now(),
    });
    expect([answer.status, answer.headers.location]).toEqual([303, '/notice/']);
    const start = await portal.visitor().send('GET', `/_sumun/login?${new URLSearchParams(extra)}`);
    expect(start.text).not.toContain('evil.test');
  }
});

describe('language', () => {
  test('a button of the form changes it, keeps sign-in and ID, attempts nothing and is remembered', async () => {
    const visitor = portal.visitor();
    const form = await portal.open(visitor, '/notice/', ['otp']);
    const answer = await visitor.post('/_sumun/login', { ...form, login: 'kim', otp: '', lang: 'ja' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('<html lang="ja">');
    expect(answer.text).toContain('value="kim"');
    expect(hidden(answer.text)['t']).toBe(form['t']);
    expect((await visitor.send('GET', '/_sumun/login')).text).toContain('<html lang="ja">');
    expect((await visitor.send('GET', '/_sumun/login?lang=ko')).text).toContain('<html lang="ko">');
  });
});
