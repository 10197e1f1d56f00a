import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeBase32 } from '../../../src/core/enrolment/base32.ts';
import { type ApiFixture, CONFIG, openApi, RADIUS_SECRET, type Reply, walk } from './fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const PASSWORD = 'canary-password-Zeta-4711';
const PIN = '83920174';
const SEED = Buffer.from('canary-seed-of-20-by');
const BASE32 = encodeBase32(SEED);
/** What stands for a secret wherever it may show up: the bytes in every spelling somebody could print them in. */
const SPELLINGS = [
  PASSWORD,
  PIN,
  ...(['utf8', 'hex', 'base64', 'base64url'] as const).map((encoding) => SEED.toString(encoding)),
  BASE32,
];

/** Calls of every sort with secrets in them: those that succeed, and those that are refused for every reason. */
async function useSecrets(): Promise<readonly Reply[]> {
  const secret = BASE32;
  const csv = `login,password,pin\ncanary-b,${PASSWORD},${PIN}\ncanary-c,${PASSWORD.slice(0, 5)},${PIN}\n`;
  const replies = [
    await api.send('POST', '/users', { login: 'canary', password: PASSWORD, pin: PIN }),
    await api.send('POST', '/users', { login: 'canary', password: PASSWORD, pin: PIN }),
    await api.send('PATCH', '/users/canary', { password: PASSWORD, pin: PIN }),
    await api.send('PATCH', '/users/nobody', { password: PASSWORD, pin: PIN }),
    await api.send('POST', '/users', { login: 'canary-x', password: PASSWORD, pin: 12, passwort: PASSWORD }),
    await api.send('POST', '/users', { login: { password: PASSWORD }, pin: PIN }),
    await api.send('POST', '/users', { login: 'canary-y', pin: `${PIN}${PIN}` }),
    await api.send('POST', '/imports/users', { content: csv, dry_run: true }),
    await api.send('POST', '/imports/users', { content: csv }),
    await api.send('POST', '/imports/users', { content: `login;${PASSWORD}\n` }),
    await api.send('POST', '/imports/users', { content: `login,${PASSWORD}\nx,y\n` }),
    await api.send('POST', '/imports/tokens', { content: `serial,${secret},totp\n`, user: 'canary' }),
    await api.send('POST', '/imports/tokens', { content: `${SEED.toString('hex')}`, password: PASSWORD }),
    await api.send('POST', '/tokens', { user: 'canary', kind: 'totp', secret: `${secret}1` }),
    await api.send('POST', '/tokens', { user: 'nobody', kind: 'totp', secret }),
    await api.send('POST', '/tokens', { user: 'canary', kind: 'totp', label: 'x', secret_hex: SEED.toString('hex') }),
    await api.send('GET', `/users?password=${PASSWORD}`),
    await api.send('POST', '/policy:check', {
      text: CONFIG.replace('demo: true', '').replace(RADIUS_SECRET, PASSWORD),
    }),
  ];
  const made = await api.send('POST', '/tokens', { user: 'canary', kind: 'totp', secret });
  expect(made.body.secret).toBe(secret); // the one answer that may hold it
  const { id } = made.body.token;
  for (const path of [
    '/users',
    '/users/canary',
    '/groups',
    '/tokens',
    `/tokens/${id}`,
    '/sessions',
    '/audit',
    '/stats',
    '/policy',
  ]) {
    replies.push(await api.send('GET', path));
  }
  replies.push(
    await api.send('PATCH', `/tokens/${id}`, { label: 'x' }),
    await api.send('POST', `/tokens/${id}:suspend`),
  );
  return replies;
}

describe('LOG-2: a password, a PIN and a secret that go in', () => {
  test('come out in no later answer, no audit record and no line of the log', async () => {
    const replies = await useSecrets();
    // What a caller itself wrote where no secret belongs may come back; what it wrote as a secret may not.
    const answers = replies.map(({ text, headers }) => `${text}${JSON.stringify([...headers])}`);
    const records = await api.house.audit.read({ limit: 10_000 });
    const trail = (await walk(api.send, '/audit', 200)).map((record) => JSON.stringify(record));
    const everything = [...answers, ...records.map((record) => JSON.stringify(record)), ...trail, ...api.lines];
    expect(records.length).toBeGreaterThan(5);
    for (const spelling of SPELLINGS) {
      expect(everything.filter((text) => text.toLowerCase().includes(spelling.toLowerCase()))).toEqual([]);
    }
  });

  test('a recovery or temporary code comes out in its own answer only', async () => {
    await api.send('POST', '/users', { login: 'codes' });
    const recovery = await api.send('POST', '/users/codes:recovery-codes', { count: 4 });
    expect(recovery.status).toBe(201);
    expect(new Set(recovery.body.codes).size).toBe(4);
    const temporary = await api.send('POST', '/users/codes:temporary-code', { valid_for: 600 });
    expect(temporary.body).toEqual({
      code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/),
      expires_at: api.time.now / 1000 + 600,
    });
    expect((await api.send('POST', '/users/codes:temporary-code')).status).toBe(201);
    expect((await api.send('POST', '/users/codes:temporary-code', { valid_for: 1 })).status).toBe(400);
    expect((await api.send('POST', '/users/nobody:recovery-codes')).status).toBe(404);
    const trail = JSON.stringify(await api.house.audit.read({ limit: 10_000 }));
    for (const code of [...recovery.body.codes, temporary.body.code]) {
      expect(trail).not.toContain(code);
      expect(api.lines.join('')).not.toContain(code);
    }
  });
});

describe('LOG-1: control characters', () => {
  const NASTY = ['a\nb', 'a\r\nb', 'a\u2028b', 'a\u2029b', 'a\u001b[2Jb', 'a\u0000b', 'a\u0085b'];

  test.each(NASTY)('%j is refused in every text of a person, a group and a token', async (text) => {
    for (const [path, body] of [
      ['/users', { login: text }],
      ['/users', { login: 'nasty', name: text }],
      ['/users', { login: 'nasty', email: text }],
      ['/users', { login: 'nasty', phone: text }],
      ['/users', { login: 'nasty', groups: [text] }],
      ['/users', { login: 'nasty', attributes: { a: text } }],
      ['/users', { login: 'nasty', attributes: { [text]: 'a' } }],
      ['/tokens', { user: 'nasty', kind: 'totp', label: text }],
      ['/tokens', { user: 'nasty', kind: 'totp', serial: text }],
    ] as const) {
      expect((await api.send('POST', path, body)).status, JSON.stringify(body)).toBe(400);
    }
    expect((await api.send('GET', `/users/${encodeURIComponent(text)}`)).status).toBe(404);
    expect((await api.send('GET', `/audit?user=${encodeURIComponent(text)}`)).status).toBe(400);
    expect((await api.send('GET', '/users/nasty')).status).toBe(404);
  });

  test('the log stays one object a line', () => {
    for (const line of api.lines) {
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
      expect(typeof JSON.parse(line)).toBe('object');
    }
  });
});
