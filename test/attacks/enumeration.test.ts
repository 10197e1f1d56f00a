/**
 * The attacker submits logins to learn which of them exist, which have a token, which are suspended, and which of several
 * factors was right. They must see the same bytes, in the same time, whatever the reason was.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GateFixture, type Person, startGate } from '../support/gate.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { seeded } from '../support/seeded.ts';
import { overlap } from '../support/separability.ts';
import { type Answer, hiddenFields } from '../support/visitor.ts';

let upstream: Recorder;
let gate: GateFixture;
const event = {
  at: 0,
  kind: 'user.changed' as const,
  login: '',
  actor: 'cli',
  address: '',
  route: '',
  request: '',
  reason: '',
  detail: {},
};

beforeAll(async () => {
  upstream = await startRecorder();
  gate = await startGate(`
routes:
  - { name: otp, path: [/otp/], to: "${upstream.url}", auth: id+otp }
  - { name: pin, path: [/pin/], to: "${upstream.url}", auth: id+otp+pin }
  - { name: pw, path: [/pw/], to: "${upstream.url}", auth: id+pw+otp }
`);
});
afterAll(async () => {
  await gate.stop();
  await upstream.close();
});

/** Everything an attacker can compare, with what differs between any two answers masked. */
function visible(answer: Answer, login: string): string {
  const fields = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
  return [answer.status, ...fields, answer.text]
    .join('\n')
    .replaceAll(login, 'LOGIN')
    .replace(/^(date|x-request-id|content-length): .*$/gm, '$1: …')
    .replace(/[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/g, 'NUMBER')
    .replace(/name="(csrf|t)" value="[^"]*"/g, 'name="$1" value="…"')
    .replace(/[?&;]t=[\w-]+/g, '?t=…')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'MOMENT')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'MOMENT')
    .replace(/\d+ (?:minutes?|seconds?)|\d\d?:\d\d [AP]M/g, 'TIME');
}

async function submitAs(login: string, path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
  const browser = gate.visitor();
  const form = await browser.open(path);
  const answer = await browser.post('/_sumun/login', { ...hiddenFields(form.text), login, ...fields });
  browser.close();
  return answer;
}

/** Nine letters for every case, so that not even lengths differ. */
async function cast(tag: string): Promise<Readonly<Record<string, Person>>> {
  const named = async (letter: string) => gate.person(`${tag}-${letter.repeat(8 - tag.length)}`);
  const [wrong, suspended, tokenless, revoked] = [
    await named('w'),
    await named('s'),
    await named('n'),
    await named('r'),
  ];
  await gate.house.accounts.setStatus(suspended.accountId, 'suspended', event);
  await gate.house.authenticators.setStatus(tokenless.authenticatorId, 'suspended', event);
  await gate.house.authenticators.setStatus(revoked.authenticatorId, 'revoked', event);
  return { wrong, suspended, tokenless, revoked };
}

describe('ENUM-1 with nothing proved, every refusal is the same page', () => {
  test.each([
    ['/otp/', 'a', { otp: '000000' }],
    ['/pin/', 'b', { otp: '000000', pin: '000001' }],
    ['/pw/', 'c', { otp: '000000', password: 'wrong password' }],
  ])('on %s', async (path, tag, fields) => {
    const people = await cast(tag);
    const seen = new Set<string>();
    const logins = [...Object.values(people).map(({ login }) => login), `${tag}-${'u'.repeat(8 - tag.length)}`];
    for (const login of logins) seen.add(visible(await submitAs(login, path, fields), login));
    expect(seen.size).toBe(1);
    expect([...seen][0]).toMatch(/^401\n/);
  });

  test('right code with wrong PIN says what wrong code with wrong PIN says', async () => {
    const { wrong } = await cast('d');
    if (wrong === undefined) throw new Error('nobody');
    const [first, second] = [
      visible(await submitAs(wrong.login, '/pin/', { pin: '000001', otp: wrong.otp() }), wrong.login),
      visible(await submitAs(wrong.login, '/pin/', { pin: '000001', otp: '000000' }), wrong.login),
    ];
    expect(first).toBe(second);
  });

  test('the pause looks the same for a login that nobody has', async () => {
    const { wrong, suspended } = await cast('e');
    const logins = [wrong?.login ?? '', suspended?.login ?? '', 'e-uuuuuuu'];
    for (const login of logins)
      for (let index = 0; index < 5; index++) await submitAs(login, '/otp/', { otp: '000000' });
    const pages = new Set<string>();
    for (const login of logins)
      pages.add(visible(await submitAs(login, '/otp/', { otp: '000000' }), login).replace(/retry-after: \d+/, ''));
    expect([...pages].slice(1)).toEqual([...pages].slice(1).map(() => [...pages][0]));
    expect([...pages][0]).toMatch(/^429\n/);
  });

  test('who proved the PIN is told what is wrong with the code', async () => {
    const { wrong } = await cast('f');
    if (wrong === undefined) throw new Error('nobody');
    const nothing = await submitAs(wrong.login, '/pin/', { pin: '000001', otp: '000000' });
    const proved = await submitAs(wrong.login, '/pin/', { pin: wrong.pin, otp: '000000' });
    expect(proved.status).toBe(401);
    expect(visible(proved, wrong.login)).not.toBe(visible(nothing, wrong.login));
  });
});

describe('ENUM-2 G061 time tells nothing', () => {
  const ROUNDS = 960;
  const EACH = 4;

  async function measure(tag: string): Promise<number> {
    const count = ROUNDS / EACH;
    const logins: Record<string, string[]> = { unknown: [], wrong: [], suspended: [] };
    for (let index = 0; index < count; index++) {
      const name = String(index).padStart(4, '0');
      logins['wrong']?.push((await gate.tokenOnly(`${tag}w${name}`)).login);
      const suspended = await gate.tokenOnly(`${tag}s${name}`);
      await gate.house.accounts.setStatus(suspended.accountId, 'suspended', event);
      logins['suspended']?.push(suspended.login);
      logins['unknown']?.push(`${tag}u${name}`);
    }
    const next = seeded(61);
    const kinds = Object.keys(logins);
    const plan = kinds.flatMap((kind) =>
      (logins[kind] ?? []).flatMap((login) => Array.from({ length: EACH }, () => ({ kind, login, at: next(1 << 20) }))),
    );
    plan.sort((a, b) => a.at - b.at);
    const times: Record<string, number[]> = {};
    const lane = async (tries: typeof plan): Promise<void> => {
      const browser = gate.visitor();
      const fields = hiddenFields((await browser.open('/otp/')).text);
      for (const { kind, login } of tries) {
        const start = performance.now();
        const { status } = await browser.post('/_sumun/login', { ...fields, login, otp: '000000' });
        times[kind] = [...(times[kind] ?? []), performance.now() - start];
        expect(status).toBe(401);
      }
      browser.close();
    };
    const quarter = plan.length / 4;
    await Promise.all([0, 1, 2, 3].map((index) => lane(plan.slice(index * quarter, (index + 1) * quarter))));
    const pairs = kinds.flatMap((left, index) =>
      kinds.slice(index + 1).map((right) => overlap(times[left] ?? [], times[right] ?? [])),
    );
    return Math.max(...pairs.map((auc) => Math.abs(auc - 0.5)));
  }

  test(`${ROUNDS} tries of each kind, interleaved: two of at most three runs within 0.45–0.55`, async () => {
    const runs: number[] = [];
    for (const tag of ['x', 'y', 'z']) {
      runs.push(await measure(tag));
      if (runs.filter((distance) => distance <= 0.05).length === 2) break;
    }
    expect(runs.filter((distance) => distance <= 0.05).length, `distances from 0.5: ${runs.join(', ')}`).toBe(2);
  }, 180_000);
});
