import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverQuestion, serverSuite } from '../../src/core/verification/server-code.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { accessRequest, askRadius } from '../../src/radius/client.ts';
import { CODE, everyValue } from '../../src/radius/packet.ts';
import { SECRET, until } from './parts.ts';
import { clientYaml, messageOf, openSocket, type Product, startProduct, stateOf } from './product.ts';

const decisions = async ({ house }: Product, login: string) =>
  (await house.audit.read({ limit: 100, login })).filter(({ kind }) => kind.startsWith('verification.'));

describe('PIN and OTP in one field', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct(
      clientYaml(
        'auth: id+otp+pin\nallow: { groups: [staff] }\nreply: { Class: "{user.groups}" }\nrate: { user: 1000 }',
      ),
    );
  });
  afterAll(() => product.stop());

  test('is accepted once, with the attributes of the rules and the audit record of every door', async () => {
    const kim = await product.person('kim', ['staff', 'vpn-users']);
    const password = kim.pin + kim.otp();
    const accept = await product.ask('KIM', password);
    expect(accept?.code).toBe(CODE.accessAccept);
    expect(everyValue(accept ?? neverSent(), 25).map(String)).toEqual(['staff', 'vpn-users']);
    expect((await product.ask('kim', password))?.code).toBe(CODE.accessReject);
    const [first, second] = await decisions(product, 'kim');
    expect(first).toMatchObject({
      kind: 'verification.accepted',
      route: 'vpn',
      actor: 'radius:vpn',
      detail: { channel: 'radius', method: 'pin+otp' },
    });
    expect(second).toMatchObject({ kind: 'verification.rejected', reason: 'otp-replayed' });
  });

  test('G127 a storm of 200 copies from many ports is one decision and the same octets', async () => {
    const lee = await product.person('lee');
    const question = { host: '127.0.0.1', port: product.radiusPort, secret: SECRET, wait: 0, tries: 1 };
    const { bytes } = accessRequest({ ...question, login: 'lee', password: lee.pin + lee.otp() }, systemRandom);
    const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket()));
    for (let copy = 0; copy < 100; copy++) sockets[copy % 10]?.socket.send(bytes, product.radiusPort, '127.0.0.1');
    await until(() => sockets.some(({ received }) => received.length > 0));
    for (let copy = 0; copy < 100; copy++) sockets[copy % 10]?.socket.send(bytes, product.radiusPort, '127.0.0.1');
    await until(() => sockets.every(({ received }) => received.length >= 10));
    const replies = sockets.flatMap(({ received }) => received);
    expect(new Set(replies.map((reply) => reply.toString('hex'))).size).toBe(1);
    expect(replies[0]?.[0]).toBe(CODE.accessAccept);
    expect(await decisions(product, 'lee')).toHaveLength(1);
    for (const { socket } of sockets) socket.close();
  });

  test('G113 the same code in 20 different packets at once is accepted once', async () => {
    const choi = await product.person('choi');
    const password = choi.pin + choi.otp();
    const all = await Promise.all(Array.from({ length: 20 }, () => product.ask('choi', password)));
    expect(all.filter((reply) => reply?.code === CODE.accessAccept)).toHaveLength(1);
  });

  test('ENUM-1 G034 whatever is wrong, the Access-Reject is the same', async () => {
    const [wrongPin, wrongOtp, suspended, outsider, locked, bare] = await Promise.all(
      ['pin', 'otp', 'away', 'outsider', 'locked', 'bare'].map((login) =>
        product.person(login, login === 'outsider' ? ['guests'] : ['staff']),
      ),
    );
    const by = { at: product.house.clock.now(), kind: 'user.suspended', login: 'away', actor: 'cli' } as const;
    const event = { ...by, address: '', route: '', request: '', reason: '', detail: {} };
    await product.house.accounts.setStatus(suspended?.accountId ?? '', 'suspended', event);
    await product.house.authenticators.setStatus(bare?.authenticatorId ?? '', 'revoked', event);
    for (let round = 0; round < 5; round++) await product.ask('locked', '739152000000');
    const asked: readonly (readonly [string, string])[] = [
      ['nobody', '739152000000'],
      ['pin', `000000${wrongPin?.otp()}`],
      ['otp', `${wrongOtp?.pin}000000`],
      ['away', (suspended?.pin ?? '') + suspended?.otp()],
      ['outsider', (outsider?.pin ?? '') + outsider?.otp()],
      ['locked', (locked?.pin ?? '') + locked?.otp()],
      ['bare', (bare?.pin ?? '') + bare?.otp()],
      ['kim', 'x'],
      ['kim', ''],
    ];
    const said = new Set<string>();
    for (const [login, password] of asked) {
      const reply = await product.ask(login, password);
      const attributes = reply?.attributes.map(({ type, value }) => (type === 80 ? '' : `${type}=${value}`));
      said.add(`${reply?.code} ${reply?.bytes.length} ${attributes}`);
    }
    expect([...said]).toHaveLength(1);
    expect([...said][0]).toContain('3 ');
    expect((await decisions(product, 'locked'))[5]?.kind).toBe('verification.locked');
  });

  test('G016 attempts are counted for the person, however the name is written', async () => {
    await product.person('jung');
    for (const login of ['jung', 'JUNG', ' jung', 'ｊｕｎｇ', 'Jung ']) await product.ask(login, '739152000000');
    expect(await product.house.attempts.lockedUntil('jung', product.house.clock.now())).toBeDefined();
  });

  test('a wrong secret is not answered and counts no attempt', async () => {
    const han = await product.person('han');
    const quick = { host: '127.0.0.1', port: product.radiusPort, login: 'han', wait: 100, tries: 2 };
    const password = han.pin + han.otp();
    const secret = Buffer.from('not-the-shared-secret-at-all');
    expect(await askRadius({ ...quick, secret, password }, systemRandom)).toBeUndefined();
    expect(await decisions(product, 'han')).toEqual([]);
    expect((await product.ask('han', password))?.code).toBe(CODE.accessAccept);
  });
});

describe('Access-Challenge', () => {
  const yaml = clientYaml('auth: id+pw+otp\nmode: challenge\nrate: { user: 1000 }');

  test('password, then code; a restart in between does not lose the person', async () => {
    const first = await startProduct(yaml);
    const kim = await first.person('kim');
    const challenge = await first.ask('kim', kim.password);
    expect([challenge?.code, messageOf(challenge)]).toEqual([CODE.accessChallenge, expect.stringContaining('OTP')]);
    await first.stop({ keepFolder: true });
    const second = await startProduct(yaml, { folder: first.folder });
    const state = stateOf(challenge);
    expect((await second.ask('kim', kim.otp(), { state }))?.code).toBe(CODE.accessAccept);
    expect((await second.ask('kim', kim.otp(), { state }))?.code).toBe(CODE.accessReject);
    await second.stop();
  });

  test('G125 a code without what it answers, or with a State that is over, is nothing', async () => {
    const product = await startProduct(yaml);
    const kim = await product.person('kim');
    expect((await product.ask('kim', kim.otp()))?.code).toBe(CODE.accessReject);
    expect((await product.ask('kim', 'wrong password'))?.code).toBe(CODE.accessReject);
    const challenge = await product.ask('kim', kim.password);
    product.time.ahead += 121_000;
    const late = await product.ask('kim', kim.otp(), { state: stateOf(challenge) });
    expect(late?.code).toBe(CODE.accessReject);
    await product.stop();
  });
});

describe('a code by SMS', () => {
  test('is asked for by typing sms, and answers the challenge', async () => {
    const product = await startProduct(
      `sms:\n  providers: [{ type: file, path: sms.jsonl }]\n  fallback: { when: user_choice, routes: [vpn] }\n${clientYaml('auth: id+otp+pin\nmode: challenge')}`,
    );
    const kim = await product.person('kim', ['staff'], '01012345678');
    const first = await product.ask('kim', kim.pin);
    expect(messageOf(first)).toMatch(/OTP.*sms/);
    const second = await product.ask('kim', 'sms', { state: stateOf(first) });
    expect([second?.code, messageOf(second)]).toEqual([CODE.accessChallenge, expect.stringContaining('text message')]);
    const code = await codeOf(product);
    const accept = await product.ask('kim', code, { state: stateOf(second) });
    expect(accept?.code).toBe(CODE.accessAccept);
    await product.stop();
  });
});

describe('a code in the authenticator app', () => {
  test('is asked for by typing push, is bound to this verification, and counts once', async () => {
    const product = await startProduct(clientYaml('auth: id+otp+pin'));
    const { house } = product;
    const kim = await product.person('kim');
    const token = { accountId: kim.accountId, kind: 'server', label: 'phone', algorithm: 'SHA256', digits: 6 } as const;
    const event = { at: house.clock.now(), kind: 'token.enrolled', login: 'kim', actor: 'cli', reason: '' } as const;
    const added = await house.authenticators.add(
      { ...token, period: 0, suite: serverSuite(6), seed: randomBytes(32) },
      { ...event, address: '', route: '', request: '', detail: {} },
    );
    if (added === 'exists') throw new Error('a new token exists');
    const challenge = await product.ask('kim', `${kim.pin},push`);
    expect([challenge?.code, messageOf(challenge)]).toEqual([CODE.accessChallenge, expect.stringContaining('OTP app')]);
    const [live] = await house.liveCodes.current(kim.accountId, house.clock.now());
    const bound = await house.authenticators.bindOne(added.id);
    const question = serverQuestion(house.digests.hash, added.id, live?.nonce ?? Buffer.of(), live?.contextHash ?? '');
    const code = bound?.respond({ question, counter: live?.counter ?? 0 }) ?? '';
    expect((await product.ask('kim', kim.pin + code))?.code).toBe(CODE.accessReject);
    expect((await product.ask('kim', code, { state: stateOf(challenge) }))?.code).toBe(CODE.accessAccept);
    expect((await product.ask('kim', code, { state: stateOf(challenge) }))?.code).toBe(CODE.accessReject);
    await product.stop();
  });
});

/** The code of the first message that is sent. */
async function codeOf({ folder }: Product): Promise<string> {
  const file = join(folder, 'sms.jsonl');
  await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'));
  const { text } = JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '') as { text: string };
  return /\d{6}/.exec(text)?.[0] ?? '';
}

const neverSent = (): never => {
  throw new Error('no reply');
};
