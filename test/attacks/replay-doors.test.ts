/**
 * The attacker saw a code that was used at one door and offers it at the others, at once and later, or turns the clock,
 * or has an older backup put back. They must be refused wherever and whenever a code that was taken comes again.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backUp, restore } from '../../src/app/backup.ts';
import { serverQuestion, serverSuite } from '../../src/core/verification/server-code.ts';
import { bindCode } from '../../src/crypto/otp.ts';
import { createRecoveryCodes, createTemporaryCode } from '../../src/flows/lookup-codes.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { event } from '../stores/fixture.ts';
import { DOORS, type Heard } from '../support/doors.ts';
import { radiusYaml, startThreeDoors, type ThreeDoors } from '../support/three-doors.ts';

const STEP = 30_000;
const YAML = `${radiusYaml()}sms: { providers: [{ type: file, path: sms.jsonl }] }
routes:
  - { name: app, path: [/app/], to: "http://127.0.0.1:9", auth: id+otp }
`;
const BY = { actor: 'cli', address: '', request: '' } as const;
let gate: ThreeDoors;
let count = 0;

beforeAll(async () => {
  gate = await startThreeDoors(YAML, '/app/');
});
afterAll(() => gate.stop());

async function clockPerson(on = gate) {
  const { login, accountId, authenticatorId } = await on.tokenOnly(`clock${count++}`);
  await on.house.authenticators.setStatus(authenticatorId, 'revoked', event('token.revoked'));
  const seed = randomBytes(20);
  const parameters = { algorithm: 'SHA1', digits: 6 } as const;
  await on.house.authenticators.add(
    { accountId, kind: 'totp', label: 't', ...parameters, period: 30, seed },
    event('token.enrolled'),
  );
  return { login, accountId, codeOf: bindCode(seed, parameters) };
}

const stepNow = (on = gate): number => Math.floor(on.house.clock.now() / STEP);

/** Moves the clock to the middle of a step, so that no step ends meanwhile. */
function goTo(step: number, on = gate): void {
  on.time.ahead += step * STEP + STEP / 2 - on.house.clock.now();
}

const everywhere = async (login: string, code: string, on = gate): Promise<readonly Heard[]> => {
  const heard: Heard[] = [];
  for (const door of DOORS) heard.push(await on.doors.submit(door, login, code));
  return heard;
};

const REFUSED = ['rejected', 'rejected', 'rejected'];

describe('G112 a code that was taken at one door', () => {
  const cases = DOORS.flatMap((door) => [-1, 0, 1].map((offset) => [door, offset] as const));
  test.each(cases)(
    'G112 by %s with an offset of %i is refused at every door from T to T+2w+1',
    async (door, offset) => {
      const { login, codeOf } = await clockPerson();
      goTo(stepNow() + 5);
      const used = stepNow() + offset;
      expect(await gate.doors.submit(door, login, codeOf(used))).toBe('accepted');
      for (let later = 0; later <= 3; later++) {
        expect(await everywhere(login, codeOf(used))).toEqual(REFUSED);
        if (offset > -1) expect(await everywhere(login, codeOf(used - 1))).toEqual(REFUSED);
        goTo(stepNow() + 1);
      }
    },
  );

  test('G112 an event-based code, and the ones it skipped', async () => {
    const { login, otp } = await gate.tokenOnly(`event${count++}`);
    const [skipped, used] = [otp(), otp()];
    expect(await gate.doors.submit('radius', login, used)).toBe('accepted');
    expect(await everywhere(login, used)).toEqual(REFUSED);
    expect(await everywhere(login, skipped)).toEqual(REFUSED);
    expect(await gate.doors.submit('web', login, otp())).toBe('accepted');
  });
});

test('G112 an answer that is kept for a caller’s Idempotency-Key is kept for that caller and that call alone', async () => {
  const { login, otp } = await gate.tokenOnly(`kept${count++}`);
  const body = { user: login, auth: 'id+otp', otp: otp() };
  const key = { 'idempotency-key': 'one-and-the-same-key' };
  const first = await gate.doors.api.send('POST', '/verify', body, key);
  expect(first.text).toContain('"accept"');
  expect((await gate.doors.api.send('POST', '/verify', body, key)).text).toBe(first.text);
  const other = await gate.addKey('somebody-else', ['verify']);
  const theirs = await gate.doors.api.send('POST', '/verify', body, { ...key, authorization: `Bearer ${other}` });
  expect(theirs.text).toContain('invalid_credentials');
  for (const changed of [
    { ...body, user: 'somebody' },
    { ...body, otp: '000000' },
    { ...body, app: 'app' },
  ]) {
    const { status, text } = await gate.doors.api.send('POST', '/verify', changed, key);
    expect([status >= 400, text.includes('"accept"')]).toEqual([true, false]);
  }
  gate.time.ahead += 61_000;
  expect((await gate.doors.api.send('POST', '/verify', body, key)).text).not.toContain('"accept"');
  expect(await gate.house.audit.read({ login, limit: 10, kind: 'verification.accepted' })).toHaveLength(1);
});

describe('CLOCK-1 a clock that is turned back', () => {
  test('CLOCK-1 stops the API and RADIUS for time-based codes until it has caught up, and nothing is taken twice', async () => {
    const [one, other] = [await clockPerson(), await clockPerson()];
    const before = gate.time.ahead;
    goTo(stepNow() + 120);
    const used = stepNow();
    expect(await gate.doors.submit('api', one.login, one.codeOf(used))).toBe('accepted');
    gate.time.ahead = before;
    for (const code of [one.codeOf(stepNow()), one.codeOf(used)]) {
      for (const door of ['api', 'radius'] as const) {
        expect(await gate.doors.submit(door, one.login, code)).not.toBe('accepted');
      }
    }
    const body = { user: other.login, auth: 'id+otp', otp: other.codeOf(stepNow()) };
    expect((await gate.doors.api.send('POST', '/verify', body)).status).toBe(503);
    expect(await gate.doors.submit('radius', other.login, other.codeOf(stepNow()))).toBe('unknown');
    goTo(used + 1);
    expect(await everywhere(one.login, one.codeOf(used))).toEqual(REFUSED);
    expect(await gate.doors.submit('radius', one.login, one.codeOf(used + 1))).toBe('accepted');
  });
});

describe('RACE-3 what counts once, offered sixteen times at once at all doors', () => {
  let admin: string;
  beforeAll(async () => {
    admin = await gate.addKey('admin', ['verify', 'users:write', 'tokens:write', 'tokens:issue']);
  });
  const manage = async (path: string, body: unknown = {}) => {
    const answer = await gate.doors.api.send('POST', path, body, { authorization: `Bearer ${admin}` });
    if (answer.status !== 200 && answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as Record<string, unknown>;
  };
  const race = async (login: string, code: string): Promise<number> => {
    const forms = await Promise.all(
      Array.from({ length: 16 }, (_, place) => gate.doors.prepare(DOORS[place % 3] ?? 'api', login, code)),
    );
    const heard = await Promise.all(forms.map((form) => form.submit()));
    return heard.filter((each) => each === 'accepted').length;
  };

  test('RACE-3 each recovery code is taken once, in whatever spelling', async () => {
    const { login } = await gate.tokenOnly(`lookup${count++}`);
    const { codes } = (await manage(`/users/${login}:recovery-codes`, { count: 3 })) as { codes: string[] };
    expect(codes).toHaveLength(3);
    for (const code of codes) {
      expect(await race(login, code)).toBe(1);
      expect(await everywhere(login, code.toLowerCase().replace('-', ' '))).not.toContain('accepted');
      await gate.house.attempts.unlock('', login, event('user.unlocked'));
    }
  });

  test('RACE-3 a temporary code is taken once', async () => {
    const { login } = await gate.tokenOnly(`lookup${count++}`);
    const { code } = (await manage(`/users/${login}:temporary-code`)) as { code: string };
    expect(await race(login, code)).toBe(1);
  });

  test('RACE-3 a server-synchronised code is taken once', async () => {
    const { login, accountId } = await gate.tokenOnly(`server${count++}`);
    const token = await gate.house.authenticators.add(
      {
        accountId,
        kind: 'server',
        label: 's',
        suite: serverSuite(6),
        algorithm: 'SHA256',
        digits: 6,
        period: 0,
        seed: randomBytes(32),
      },
      event('token.enrolled'),
    );
    if (token === 'exists') throw new Error('exists');
    const bound = await gate.house.authenticators.bindOne(token.id);
    const issued = await manage(`/tokens/${token.id}:issue`);
    const live = await gate.house.liveCodes.current(accountId, gate.house.clock.now());
    const code = live.find(({ authenticatorId }) => authenticatorId === token.id);
    if (bound === undefined || code === undefined) throw new Error(`no code of ${JSON.stringify(issued)}`);
    const question = serverQuestion(gate.house.digests.hash, token.id, code.nonce, code.contextHash);
    expect(await race(login, bound.respond({ question, counter: code.counter }))).toBe(1);
  });

  test('RACE-3 G116 a code by SMS answers its challenge once, and dies with its time', async () => {
    const person = await gate.person(`sms${count++}`, ['staff'], '01012345678');
    const ask = async () => {
      const made = (await manage('/challenges', { user: person.login, method: 'sms' })) as Record<string, string>;
      const id = String(made['challenge'] ?? made['id']);
      const challenge = await gate.house.challenges.find(id);
      if (challenge === undefined) throw new Error(JSON.stringify(made));
      return {
        id,
        ttl: challenge.expiresAt - gate.house.clock.now(),
        code: smsCodeOf(challenge, 6, gate.house.digests),
      };
    };
    const answer = async (id: string, code: string) =>
      (await gate.doors.api.send('POST', `/challenges/${id}/answer`, { code }, { authorization: `Bearer ${admin}` }))
        .text;
    const first = await ask();
    const answers = await Promise.all(Array.from({ length: 3 }, () => answer(first.id, first.code)));
    expect(answers.filter((text) => text.includes('"accept"'))).toHaveLength(1);
    gate.time.ahead += 60_000;
    const second = await ask();
    expect(await answer(second.id, first.code)).not.toContain('"accept"');
    gate.time.ahead += second.ttl + 1000;
    expect(await answer(second.id, second.code)).not.toContain('"accept"');
  });
});

describe('RESTORE-1 an older backup is put back', () => {
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

  /** Makes a backup, does what happens after it, stops, puts the backup back and starts again. */
  async function putBack(house: ThreeDoors, after: () => Promise<void>, broken = false): Promise<ThreeDoors> {
    const { folder, time } = house;
    const policy = house.served.policy();
    const file = join(folder, 'backup');
    await backUp(policy, file, undefined, { clock: house.house.clock, log });
    await after();
    await house.stop({ keepFolder: true });
    if (broken) writeFileSync(policy.storage.path, randomBytes(8192));
    await restore(policy, file, { passphrase: undefined, dryRun: false }, house.house.clock);
    return startThreeDoors(YAML, '/app/', { folder, ahead: time.ahead });
  }

  const recovery = async (house: ThreeDoors, login: string, codes: number): Promise<readonly string[]> => {
    const made = await createRecoveryCodes(house.house, login, codes, BY);
    if (made.kind !== 'created') throw new Error(made.kind);
    return made.codes;
  };

  test('RESTORE-1 G112 nothing that was taken after it was made is taken again at any door', async () => {
    let house = await startThreeDoors(YAML, '/app/', { ahead: gate.time.ahead });
    try {
      const clock = await clockPerson(house);
      const counter = await house.tokenOnly('counter');
      const spare = await house.tokenOnly('spare');
      const made = await createTemporaryCode(house.house, spare.login, { validFor: 3_600_000 }, BY);
      if (made.kind !== 'created') throw new Error(made.kind);
      await house.tokenOnly('lost');
      const [taken = '', kept = ''] = await recovery(house, 'lost', 2);
      await house.tokenOnly('renewed');
      const [old = ''] = await recovery(house, 'renewed', 1);
      goTo(stepNow(house) + 5, house);
      const used = [
        [clock.login, clock.codeOf(stepNow(house) + 1)],
        [counter.login, counter.otp()],
        [spare.login, made.code],
        ['lost', taken],
      ] as const;
      house = await putBack(house, async () => {
        for (const [login, code] of used) expect(await house.doors.submit('api', login, code)).toBe('accepted');
        await recovery(house, 'renewed', 1);
      });
      for (const [login, code] of used) expect(await everywhere(login, code, house)).toEqual(REFUSED);
      expect(await everywhere('renewed', old, house)).toEqual(REFUSED);
      await house.house.attempts.unlock('', 'lost', event('user.unlocked'));
      expect(await house.doors.submit('api', 'lost', kept)).toBe('accepted');
    } finally {
      await house.stop();
    }
  });

  test('RESTORE-1 in the place of a database that is damaged beyond reading it is put too', async () => {
    let house = await startThreeDoors(YAML, '/app/');
    try {
      await house.tokenOnly('lost');
      const [kept = ''] = await recovery(house, 'lost', 1);
      house = await putBack(house, async () => undefined, true);
      expect(await house.doors.submit('api', 'lost', kept)).toBe('accepted');
    } finally {
      await house.stop();
    }
  });
});
