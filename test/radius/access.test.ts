import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Account } from '../../src/core/identity/account.ts';
import type { TemplatePart } from '../../src/core/policy.ts';
import { chapResponse } from '../../src/radius/chap.ts';
import { sealRequest } from '../../src/radius/integrity.ts';
import { ATTRIBUTE, CODE, everyValue, firstValue } from '../../src/radius/packet.ts';
import { loginOf } from '../../src/radius/user-name.ts';
import { client, decoded, hex, openDoor, policyOf, request, SECRET } from './parts.ts';

const text = (value: string): TemplatePart => ({ kind: 'text', text: value });
const variable = (name: string): TemplatePart => ({ kind: 'variable', name });
const textOf = (value: Buffer | undefined): string => value?.toString('utf8') ?? '';

describe('User-Name', () => {
  test.each([
    ['kim', 'kim'],
    ['KIM', 'kim'],
    [' kim ', 'kim'],
    ['ｋｉｍ', 'kim'],
    ['kim@hq', 'kim'],
    ['kim@HQ', 'kim'],
    ['HQ\\kim', 'kim'],
    ['kim@lab', 'kim@lab.example'],
    ['LAB\\kim', 'kim@lab.example'],
    ['kim@corp.example', 'kim@corp.example'],
    ['CORP\\kim', 'corp\\kim'],
    ['a@b@hq', 'a@b'],
    ['@hq', '@hq'],
    ['\\kim', '\\kim'],
    ['', undefined],
    ['ki\u0000m', undefined],
    ['ki\u0007m', undefined],
    ['x'.repeat(129), undefined],
  ])('%j is %j', (name, login) => {
    expect(loginOf(Buffer.from(name), { hq: '', Lab: 'lab.example' })).toBe(login);
  });

  test('what is not UTF-8 is nobody; no encoding is guessed', () => {
    expect(loginOf(Buffer.from([0xb1, 0xe8]), {})).toBeUndefined();
  });
});

describe('what one password field holds', () => {
  const given = async (changes: Parameters<typeof client>[0], password: string, state?: Buffer) => {
    const { send, verifier } = openDoor(policyOf([client(changes)]));
    await send(request({ password, state }));
    const { credentials, concatenated, wanted } = verifier.asked[0] ?? {};
    return { credentials, concatenated: concatenated?.text, wanted };
  };
  const pin = { requirement: { factors: ['pin', 'otp'] } } as const;
  const pw = { requirement: { factors: ['pw', 'otp'] }, concat: 'pw+otp' } as const;
  const otp = { requirement: { factors: ['otp'] } } as const;
  const none = { concatenated: undefined, wanted: undefined };

  test.each([
    ['PIN and OTP', pin, '1234 755224', { credentials: {}, concatenated: '1234 755224', wanted: undefined }],
    ['password and OTP', pw, 'p, w755224', { credentials: {}, concatenated: 'p, w755224', wanted: undefined }],
    ['PIN and a word', pin, '1234,sms', { ...none, credentials: { pin: '1234' }, wanted: 'sms' }],
    ['password with a comma and a word', pw, 'a,b, SMS', { ...none, credentials: { pw: 'a,b' }, wanted: 'sms' }],
    [
      'a word and a password',
      { ...pw, concat: 'otp+pw' },
      'push,a,b',
      { ...none, credentials: { pw: 'a,b' }, wanted: 'server' },
    ],
    ['a password that ends like a word', pw, 'psms', { credentials: {}, concatenated: 'psms', wanted: undefined }],
    ['OTP alone', otp, ' 755-224 ', { ...none, credentials: { otp: '755224' } }],
    ['a look-up code', otp, 'abcd-efgh', { ...none, credentials: { otp: 'ABCDEFGH' } }],
    ['a word alone', otp, 'sms', { ...none, credentials: {}, wanted: 'sms' }],
    ['nothing', otp, '', { ...none, credentials: {} }],
    ['password alone', { requirement: { factors: ['pw'] } }, ' p w ', { ...none, credentials: { pw: ' p w ' } }],
    [
      'password, then SMS',
      { requirement: { factors: ['pw', 'sms'] } },
      'pw,sms',
      { ...none, credentials: { pw: 'pw,sms' } },
    ],
    ['PIN first', { ...pin, mode: 'challenge' }, '1234', { ...none, credentials: { pin: '1234' } }],
    [
      'code first where nothing is known',
      { ...otp, mode: 'challenge' },
      '755224',
      { ...none, credentials: { otp: '755224' } },
    ],
  ] as const)('%s', async (_, changes, password, expected) => {
    expect(await given(changes, password)).toEqual(expected);
  });

  test('Korean is the same in composed and decomposed form (NFKC)', async () => {
    const changes = { requirement: { factors: ['pw'] } } as const;
    expect(await given(changes, '비밀번호'.normalize('NFD'))).toEqual(await given(changes, '비밀번호'));
  });

  test('a password of 128 octets arrives whole', async () => {
    const long = 'ü'.repeat(64);
    expect(await given({ requirement: { factors: ['pw'] } }, long)).toEqual({ ...none, credentials: { pw: long } });
  });
});

describe('Access-Challenge', () => {
  const open = () => openDoor(policyOf([client({ mode: 'challenge' })]));

  test('asks for the code without echo, and says how long it waits', async () => {
    const { send } = open();
    const reply = decoded(await send(request({ password: '1234' })));
    expect(reply.code).toBe(CODE.accessChallenge);
    expect(reply.attributes.map(({ type }) => type)).toEqual([80, 18, 24, 27, 76]);
    expect(textOf(firstValue(reply, ATTRIBUTE.replyMessage))).toBe('Enter OTP code.');
    expect(firstValue(reply, ATTRIBUTE.sessionTimeout)).toEqual(hex('0000003c'));
    expect(firstValue(reply, ATTRIBUTE.prompt)).toEqual(hex('00000000'));
  });

  test('the answer continues what was begun', async () => {
    const { send, verifier } = open();
    const challenge = decoded(await send(request({ password: '1234' })));
    const state = firstValue(challenge, ATTRIBUTE.state);
    expect(decoded(await send(request({ password: '755224', state }))).code).toBe(CODE.accessAccept);
    expect(verifier.asked[1]).toMatchObject({
      boundTo: 'radius:vpn|10.0.9.20',
      credentials: { otp: '755224' },
      pending: `tx_${state?.toString('base64url')}`,
    });
  });

  test('typing sms asks for a message, and the answer still counts', async () => {
    const { send, verifier } = open();
    const first = decoded(await send(request({ password: '1234' })));
    const again = decoded(await send(request({ password: 'sms', state: firstValue(first, ATTRIBUTE.state) })));
    expect(again.code).toBe(CODE.accessChallenge);
    expect(textOf(firstValue(again, ATTRIBUTE.replyMessage))).toBe('Enter the code from the text message.');
    expect(verifier.asked[1]).toMatchObject({ wanted: 'sms', credentials: {} });
    const state = firstValue(again, ATTRIBUTE.state);
    expect(decoded(await send(request({ password: '755224', state }))).code).toBe(CODE.accessAccept);
  });

  test.each(['ko', 'ja'] as const)(
    'speaks %s first, and English for clients that show ASCII only',
    async (language) => {
      const policy = policyOf([client({ mode: 'challenge' })]);
      const { send } = openDoor({ ...policy, pages: { ...policy.pages, languages: [language, 'en'] } });
      const reply = decoded(await send(request({ password: '1234' })));
      const message = firstValue(reply, ATTRIBUTE.replyMessage);
      expect(textOf(message)).toMatch(
        language === 'ko' ? /^OTP 번호.+ Enter OTP code\.$/ : /^OTPの番号.+ Enter OTP code\.$/,
      );
      expect(message?.length).toBeLessThanOrEqual(253);
    },
  );
});

describe('CHAP', () => {
  const chap = (code: string, challenge?: Buffer): Buffer => {
    const authenticator = Buffer.alloc(16, 5);
    const response = chapResponse(Buffer.of(9), code, challenge ?? authenticator);
    return sealRequest(CODE.accessRequest, 3, authenticator, SECRET, [
      { type: ATTRIBUTE.userName, value: Buffer.from('kim') },
      { type: ATTRIBUTE.chapPassword, value: Buffer.concat([Buffer.of(9), response]) },
      ...(challenge === undefined ? [] : [{ type: ATTRIBUTE.chapChallenge, value: challenge }]),
    ]);
  };
  const otpOnly = { requirement: { factors: ['otp'] } } as const;

  test.each([
    ['the Request Authenticator', undefined],
    ['CHAP-Challenge', Buffer.from('a challenge of its own')],
  ])('proves an OTP over %s', async (_, challenge) => {
    const { send } = openDoor(policyOf([client({ ...otpOnly, chap: true })]));
    expect(decoded(await send(chap('755224', challenge))).code).toBe(CODE.accessAccept);
    expect(decoded(await send(chap('000000', challenge))).code).toBe(CODE.accessReject);
  });

  test('is rejected where it is not allowed, and a short one always', async () => {
    const off = openDoor(policyOf([client(otpOnly)]));
    expect(decoded(await off.send(chap('755224'))).code).toBe(CODE.accessReject);
    expect(off.verifier.asked).toEqual([]);
    const on = openDoor(policyOf([client({ ...otpOnly, chap: true })]));
    const short = [
      { type: ATTRIBUTE.userName, value: Buffer.from('kim') },
      { type: ATTRIBUTE.chapPassword, value: Buffer.alloc(16) },
    ];
    expect(decoded(await on.send(sealRequest(1, 1, Buffer.alloc(16), SECRET, short))).code).toBe(CODE.accessReject);
  });
});

describe('a packet without what it needs', () => {
  const bare = (...types: readonly number[]) =>
    sealRequest(
      CODE.accessRequest,
      1,
      Buffer.alloc(16),
      SECRET,
      types.map((type) => ({ type, value: Buffer.alloc(17, 1) })),
    );

  test.each([
    ['no User-Name', bare(2)],
    ['no credential', bare(1)],
    ['two passwords', bare(1, 2, 2)],
    ['User-Password and CHAP-Password', bare(1, 2, 3)],
  ])('%s is discarded', async (_, bytes) => {
    const { send, door } = openDoor(policyOf([client()]));
    expect(await send(bytes)).toBeUndefined();
    expect(door.counts.malformed).toBe(1);
  });
});

describe('the address a person comes from', () => {
  test.each([
    ['198.51.100.7', '198.51.100.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['00-11-22-33-44-55', '10.0.9.20'],
    ['01012345678', '10.0.9.20'],
  ])('Calling-Station-Id %s is %s', async (station, address) => {
    const { send, verifier } = openDoor(policyOf([client()]));
    await send(request({ more: [{ type: ATTRIBUTE.callingStationId, value: Buffer.from(station) }] }));
    expect(verifier.asked[0]?.address).toBe(address);
  });
});

describe('attributes of an Access-Accept', () => {
  const accepted = async (
    reply: Parameters<typeof client>[0],
    account: Partial<Account> = {},
    more: Parameters<typeof request>[0] = {},
  ) => {
    const opened = openDoor(policyOf([client(reply)]));
    Object.assign(opened.verifier.account, account);
    return { ...opened, packet: decoded(await opened.send(request(more))) };
  };
  const rule = (groups: readonly string[], ...attributes: readonly (readonly [string, ...TemplatePart[]])[]) => ({
    groups,
    attributes: attributes.map(([name, ...template]) => ({ name, template })),
  });

  test('one for each group, rules of groups the person is in, and nothing for what is empty', async () => {
    const { packet } = await accepted({
      reply: [
        rule(
          [],
          ['Class', variable('user.groups')],
          ['Filter-Id', text('all')],
          ['Framed-Pool', variable('user.attributes.pool')],
        ),
        rule(['vpn-users'], ['Session-Timeout', text('3600')]),
        rule(['admins'], ['Filter-Id', text('root')]),
      ],
    });
    expect(everyValue(packet, 25).map(textOf)).toEqual(['vpn-users', 'staff']);
    expect(everyValue(packet, 11).map(textOf)).toEqual(['all']);
    expect(firstValue(packet, 27)).toEqual(hex('00000e10'));
    expect(firstValue(packet, 88)).toBeUndefined();
  });

  test('a person without groups gets none', async () => {
    const { packet } = await accepted({ reply: [rule([], ['Class', variable('user.groups')])] }, { groups: [] });
    expect([packet.code, firstValue(packet, 25)]).toEqual([CODE.accessAccept, undefined]);
  });

  test.each([
    ['Tunnel-Type', 'VLAN', 64, '0000000d'],
    ['Tunnel-Medium-Type', 'IEEE-802', 65, '00000006'],
    ['Tunnel-Private-Group-Id', '42', 81, '3432'],
    ['Service-Type', 'Administrative-User', 6, '00000006'],
    ['Framed-IP-Address', '10.1.2.3', 8, '0a010203'],
    ['Fortinet-Group-Name', 'vpn', 26, '00003044010576706e'],
    ['Cisco-AVPair', 'a=b', 26, '000000090105613d62'],
    ['PaloAlto-User-Group', 'g', 26, '00006375050367'],
    ['MS-Primary-DNS-Server', '10.0.0.1', 26, '000001371c060a000001'],
  ])('%s = %s travels as RFC 2865, 2868 and the vendor say', async (name, value, type, octets) => {
    const { packet } = await accepted({ reply: [rule([], [name, text(value)])] });
    expect(firstValue(packet, type)?.toString('hex')).toBe(octets);
  });

  test('every variable of the reference has its value', async () => {
    const names = ['user.login', 'user.name', 'user.email', 'session.amr', 'route.name', 'user.attributes.dept'];
    const template = names.flatMap((name) => [variable(name), text('|')]);
    const { packet } = await accepted({ reply: [rule([], ['Filter-Id', ...template])] }, { attributes: { dept: '7' } });
    expect(textOf(firstValue(packet, 11))).toBe('kim|김민지|kim@corp.example|pin,otp,mfa|vpn|7|');
  });

  test.each([
    ['a number that is none', 'Session-Timeout', 'soon'],
    ['a number beyond 32 bits', 'Session-Timeout', '4294967296'],
    ['an address that is none', 'Framed-IP-Address', '10.0.0.256'],
    ['a text too long', 'Filter-Id', 'x'.repeat(254)],
    ['a vendor text too long', 'Cisco-AVPair', 'x'.repeat(248)],
    ['a name nobody knows', 'Filter-Idd', 'x'],
    ['a name of the language', 'constructor', 'x'],
  ])('%s makes no Access-Accept', async (_, name, value) => {
    const { packet, log } = await accepted({ reply: [rule([], [name, text(value)])] });
    expect(packet.code).toBe(CODE.accessReject);
    expect(log.lines.map(({ event }) => event)).toContain('radius.reply');
  });

  test('more than 4096 octets make no Access-Accept', async () => {
    const groups = Array.from({ length: 200 }, (_, index) => `a-group-of-a-name-of-some-length-${index}`);
    const { packet } = await accepted({ reply: [rule([], ['Class', variable('user.groups')])] }, { groups });
    expect(packet.code).toBe(CODE.accessReject);
  });
});

describe('Accounting-Request (RFC 2866)', () => {
  const accounting = (): Buffer => hex(`0405001c${'00'.repeat(16)}2806000000012c02`);
  const sealed = (): Buffer => {
    const bytes = accounting();
    createHash('md5').update(bytes).update(SECRET).digest().copy(bytes, 4);
    return bytes;
  };

  test('is acknowledged only where it is on, and only with its authenticator', async () => {
    const off = openDoor(policyOf([client()]));
    expect(await off.send(sealed())).toBeUndefined();
    const on = openDoor(policyOf([client()], { accounting: true }));
    const reply = decoded(await on.send(sealed()));
    expect([reply.code, reply.bytes.length]).toEqual([CODE.accountingResponse, 20]);
    expect(await on.send(accounting())).toBeUndefined();
    expect(on.log.lines[0]).toMatchObject({ event: 'radius.accounting', fields: { client: 'vpn', status: 1 } });
  });
});
