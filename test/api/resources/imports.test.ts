import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, hotp } from '../../flows/house.ts';
import { FIGURE_6, FIGURE_6_KEY, FIGURE_7, K20 } from '../../importing/files.ts';
import { type ApiFixture, openApi, walk } from './fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await openApi();
  for (const login of ['kim', 'park', 'choi']) await api.send('POST', '/users', { login, name: '이전 이름' });
});
afterAll(() => api.close());

describe('people from a file', () => {
  const CSV = `login,name,groups,password,pin,attributes.dept
imp-a,가나,staff;hr,correct horse battery,7391,7
imp-b,다라,staff,short,7391,
kim,새 이름,,,,
kim,새 이름,,,,
park,이전 이름,,,,
`;
  const verdicts = [
    { line: 2, user: 'imp-a', verdict: 'added', errors: [] },
    { line: 3, user: 'imp-b', verdict: 'refused', errors: [{ path: 'password', message: 'too short' }] },
    { line: 4, user: 'kim', verdict: 'changed', errors: [] },
    { line: 5, user: 'kim', verdict: 'refused', errors: [{ path: 'login', message: 'stands there twice' }] },
    { line: 6, user: 'park', verdict: 'unchanged', errors: [] },
  ];

  test('a dry run says what would become of every row and writes nothing', async () => {
    const reply = await api.send('POST', '/imports/users', { format: 'csv', content: CSV, dry_run: true });
    expect(reply.body).toEqual({ dry_run: true, rows: verdicts });
    expect((await api.send('GET', '/users/imp-a')).status).toBe(404);
    expect((await api.send('GET', '/users/kim')).body.name).toBe('이전 이름');
  });

  test('are added and changed, each row alone, the same as the dry run said', async () => {
    api.forgotten.length = 0;
    const content = Buffer.from(CSV).toString('base64');
    const reply = await api.send('POST', '/imports/users', { content, encoding: 'base64' });
    expect(reply.body).toEqual({ dry_run: false, rows: verdicts });
    expect((await api.send('GET', '/users/imp-a')).body).toMatchObject({
      groups: ['hr', 'staff'],
      attributes: { dept: '7' },
    });
    expect((await api.send('GET', '/users/imp-b')).status).toBe(404);
    const kim = (await api.send('GET', '/users/kim')).body;
    expect(kim.name).toBe('새 이름');
    expect(api.forgotten).toEqual([kim.id]);
  });

  test.each([
    [{ content: 'login;name\n"a' }, 'content'],
    [{ content: 'login,rank\na,b\n' }, 'content'],
    [{ content: 'name\na\n' }, 'content'],
    [{ content: '%%%', encoding: 'base64' }, 'content'],
    [{ content: '' }, 'content'],
    [{ content: 'login\na\n', format: 'xlsx' }, 'format'],
    [{ content: 'login\na\n', as: 'root' }, 'as'],
  ])('a file that cannot be read is refused whole: %j', async (body, path) => {
    expect((await api.send('POST', '/imports/users', body)).body).toMatchObject({ status: 400, errors: [{ path }] });
  });

  test('larger than 64 KiB are taken', async () => {
    const rows = Array.from({ length: 3000 }, (_, index) => `big-${index},${'이름'.repeat(5)}`);
    const reply = await api.send('POST', '/imports/users', {
      content: `login,name\n${rows.join('\n')}\n`,
      dry_run: true,
    });
    expect(reply.body.rows).toHaveLength(3000);
  });
});

describe('S39: tokens from a file', () => {
  const seed = Buffer.from(K20).toString('hex');
  const CSV = `HW-1,${seed},hotp,6,0\nHW-2,${seed}00,totp,6,30,SHA256\nHW-3,${seed}01,totp,6,30\nHW-4,zz,totp,6,30\n`;
  const owners = { 'HW-1': 'kim', 'HW-2': 'park', 'HW-3': 'nobody' };

  test('a dry run names verdict and owner of every row', async () => {
    const { body } = await api.send('POST', '/imports/tokens', { format: 'csv', content: CSV, owners, dry_run: true });
    expect(body.rows).toMatchObject([
      { index: 1, serial: 'HW-1', user: 'kim', verdict: 'would_add', token: { kind: 'hotp', digits: 6 } },
      {
        index: 2,
        serial: 'HW-2',
        user: 'park',
        verdict: 'would_add',
        token: { algorithm: 'SHA256', algorithm_from: 'file' },
      },
      { index: 3, serial: 'HW-3', user: 'nobody', verdict: 'no_such_user' },
      { index: 4, serial: 'HW-4', verdict: 'refused', why: 'seed_unreadable', token: null },
    ]);
    expect(await walk(api.send, '/tokens', 200)).toEqual([]);
  });

  test('are given to their owners and work', async () => {
    const { body, text } = await api.send('POST', '/imports/tokens', { content: CSV, owners });
    expect(body.rows.map(({ verdict }: { verdict: string }) => verdict)).toEqual([
      'added',
      'added',
      'no_such_user',
      'refused',
    ]);
    expect(text).not.toContain(seed);
    const [token] = await walk(api.send, '/tokens?user=kim', 200);
    expect(token).toMatchObject({ serial: 'HW-1', kind: 'hotp', status: 'active' });
    expect((await api.send('POST', `/tokens/${token?.id}:test`, { otp: hotp(0) })).body.result).toBe('accept');
    const again = await api.send('POST', '/imports/tokens', { content: CSV, owners });
    expect(again.body.rows[0].verdict).toBe('exists');
  });

  test.each([
    ['pskc', { content: FIGURE_6, preshared_key: FIGURE_6_KEY.toString('hex') }],
    ['pskc', { content: FIGURE_7, password: 'qwerty' }],
    ['otpauth', { content: `otpauth://totp/Sumun:choi?secret=${'JBSWY3DPEHPK3PXP'.repeat(2)}&algorithm=SHA256` }],
  ])('of the format %s are read', async (format, body) => {
    const reply = await api.send('POST', '/imports/tokens', { format, ...body, user: 'choi', dry_run: true });
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body.rows).toHaveLength(1);
    expect(reply.body.rows[0]).toMatchObject({ user: 'choi', verdict: 'would_add' });
  });

  test('of PSKC (RFC 6030) with the wrong key are refused whole', async () => {
    const wrong = { content: FIGURE_6, preshared_key: '00'.repeat(16), user: 'choi' };
    expect((await api.send('POST', '/imports/tokens', wrong)).body).toMatchObject({
      status: 400,
      errors: [{ path: 'content' }],
    });
    const { content } = wrong;
    expect((await api.send('POST', '/imports/tokens', { content, user: 'choi' })).text).toContain('preshared_key');
    expect((await api.send('POST', '/imports/tokens', { ...wrong, preshared_key: 'key' })).body.errors[0].path).toBe(
      'preshared_key',
    );
    expect((await api.send('POST', '/imports/tokens', { ...wrong, format: 'csv' })).body.errors[0].path).toBe('format');
  });

  test('are for keys that may import, and an imported code is no other person’s', async () => {
    const writer = await api.as('users:write', 'tokens:write');
    expect((await writer('POST', '/imports/tokens', { content: CSV })).status).toBe(403);
    const [token] = await walk(api.send, '/tokens?user=park', 200);
    expect((await api.send('POST', `/tokens/${token?.id}:test`, { otp: codeOf(api.time.now) })).body.result).toBe(
      'reject',
    );
  });
});
