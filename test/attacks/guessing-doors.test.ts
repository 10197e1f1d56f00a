/**
 * The attacker guesses at several doors: web form, API and VPN, in turn and all at once, to have as many guesses at each
 * as there are doors. They must find one count for the person, and the owner's own browser open all the while.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOORS, type Door, type Heard } from '../support/doors.ts';
import { submit } from '../support/gate.ts';
import { radiusYaml, startThreeDoors, type ThreeDoors } from '../support/three-doors.ts';
import { hiddenFields } from '../support/visitor.ts';

const ROUTES = 'routes:\n  - { name: app, path: [/app/], to: "http://127.0.0.1:9", auth: id+otp }\n';
let gate: ThreeDoors;
let count = 0;

beforeAll(async () => {
  gate = await startThreeDoors(radiusYaml() + ROUTES, '/app/');
});
afterAll(() => gate.stop());

const somebody = () => gate.tokenOnly(`guessed${count++}`);
const decided = async (login: string, what: 'rejected' | 'locked' | 'accepted') =>
  (await gate.house.audit.read({ login, limit: 1000 })).filter(({ kind }) => kind.endsWith(`.${what}`));

describe('BRUTE-1 G016 five wrong codes lock the person at every door', () => {
  const spread: readonly (readonly Door[])[] = [
    ['web', 'web', 'api', 'api', 'radius'],
    ['radius', 'api', 'web', 'radius', 'api'],
    ['api', 'api', 'api', 'api', 'api'],
    ['radius', 'radius', 'radius', 'radius', 'radius'],
  ];
  test.each(spread)('BRUTE-1 after %s %s %s %s %s', async (...doors) => {
    const { login, otp } = await somebody();
    for (const door of doors) expect(await gate.doors.submit(door, login, '000000')).toBe('rejected');
    for (const door of DOORS) expect(await gate.doors.submit(door, login, otp())).not.toBe('accepted');
    expect(await decided(login, 'rejected')).toHaveLength(5);
    expect(await decided(login, 'accepted')).toEqual([]);
    expect(await decided(login, 'locked')).toHaveLength(3);
  });

  test('G016 in every spelling of the login that a door takes', async () => {
    const { login } = await somebody();
    const spellings = [login.toUpperCase(), ` ${login}`, login.replace('g', 'ｇ'), login.replace('ues', 'UES'), login];
    for (const [index, spelling] of spellings.entries()) {
      expect(await gate.doors.submit(DOORS[index % 3] ?? 'api', spelling, '000000')).toBe('rejected');
    }
    expect(await gate.doors.submit('api', login, '000000')).toBe('locked');
  });

  test('BRUTE-1 a sign-in at one door clears the count of all, a right password alone clears nothing', async () => {
    const person = await gate.person(`guessed${count++}`);
    const { login, password, otp } = person;
    for (const door of ['web', 'api', 'radius', 'api'] as const) await gate.doors.submit(door, login, '000000');
    expect(await gate.doors.submit('radius', login, otp())).toBe('accepted');
    for (const door of ['web', 'api', 'radius', 'api'] as const) {
      expect(await gate.doors.submit(door, login, '000000')).toBe('rejected');
    }
    const wrong = { user: login, auth: 'id+pw+otp', password, otp: '000000' };
    expect((await gate.doors.api.send('POST', '/verify', wrong)).text).toContain('invalid_credentials');
    expect(await gate.doors.submit('web', login, otp())).toBe('locked');
  });
});

test('BRUTE-6 F3 five hundred guesses at once over three doors: five are evaluated', async () => {
  const { login } = await somebody();
  const guesses = await Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      gate.doors.prepare(index % 10 === 0 ? 'web' : index % 2 === 0 ? 'api' : 'radius', login, String(100_500 + index)),
    ),
  );
  const heard = await Promise.all(guesses.map((guess) => guess.submit()));
  expect(heard.filter((each) => each === 'accepted' || each === 'unknown')).toEqual([]);
  expect(await decided(login, 'rejected')).toHaveLength(5);
  expect(await decided(login, 'locked')).toHaveLength(495);
}, 60_000);

test('BRUTE-4 strangers at the API and the VPN do not lock out the browser the owner knows', async () => {
  const person = await somebody();
  const own = gate.visitor();
  expect((await submit(own, person, '/app/')).status).toBe(303);
  await own.post('/_sumun/logout', hiddenFields((await own.open('/_sumun/logout')).text));
  for (const door of ['api', 'radius', 'api', 'radius', 'api'] as const) {
    await gate.doors.submit(door, person.login, '000000');
  }
  expect(await gate.doors.submit('web', person.login, person.otp())).toBe('locked');
  expect((await submit(own, person, '/app/')).status).toBe(303);
});

describe('G111 what is no code is no guess and no way in', () => {
  /** Made of the right code, so that any of them taken for it would let in. */
  const made: readonly (readonly [string, (code: string) => string])[] = [
    ['five of six digits', (code) => code.slice(0, 5)],
    ['a digit more', (code) => `${code}0`],
    ['a digit before', (code) => `0${code}`],
    ['a sign', (code) => `+${code}`],
    ['an exponent', (code) => `${code.slice(0, 4)}e1`],
    ['hexadecimal', (code) => `0x${Number(code).toString(16)}`],
    ['twice', (code) => code + code],
    ['a NUL within', (code) => `${code.slice(0, 3)}\u0000${code.slice(3)}`],
    ['a letter behind', (code) => `${code}x`],
    ['a comment behind', (code) => `${code}'--`],
    ['one digit', () => '1'],
  ];
  test.each(made)('G111 %s', async (_, make) => {
    const { login, otp } = await somebody();
    const text = make(otp());
    const heard: Heard[] = [];
    for (const door of DOORS) heard.push(await gate.doors.submit(door, login, text));
    expect(heard).not.toContain('accepted');
    const evaluated = (await decided(login, 'rejected')).filter(({ detail }) => detail['channel'] !== 'radius');
    expect(evaluated).toEqual([]);
    expect(await gate.doors.submit('api', login, otp())).toBe('accepted');
  });

  test.each([
    ['a number', (code: string) => Number(code)],
    ['a list', (code: string) => [code]],
    ['an object', (code: string) => ({ $gt: '', code })],
    ['true', () => true],
    ['null', () => null],
    ['nothing', () => ''],
  ])('G111 in JSON %s', async (_, make) => {
    const { login, otp } = await somebody();
    const { status } = await gate.doors.api.send('POST', '/verify', { user: login, auth: 'id+otp', otp: make(otp()) });
    expect(status).toBe(400);
    expect(await gate.house.audit.read({ login, limit: 10, kind: 'verification.rejected' })).toEqual([]);
  });
});
