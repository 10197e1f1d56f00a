/**
 * The attacker asks the API with a key of an application, and the VPN with any password, to learn which logins exist,
 * which have a token and which of several factors was right. They must get the same octets, in the same time.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { event } from '../stores/fixture.ts';
import type { ApiAnswer } from '../support/api.ts';
import { seeded } from '../support/seeded.ts';
import { distances } from '../support/separability.ts';
import { radiusYaml, startThreeDoors, type ThreeDoors } from '../support/three-doors.ts';

let gate: ThreeDoors;
beforeAll(async () => {
  gate = await startThreeDoors(
    `${radiusYaml()}    - name: pin-vpn
      address: 127.0.0.2
      secret: another-secret-of-24-ok-
      auth: id+pin+otp
routes:
  - { name: pw, path: [/pw/], to: "http://127.0.0.1:9", auth: id+pw+otp }
  - { name: closed, path: [/closed/], to: "http://127.0.0.1:9", auth: id+otp, allow: { groups: [nobody-has] } }
  - { name: otp, path: [/otp/], to: "http://127.0.0.1:9", auth: id+otp }
`,
    '/otp/',
  );
});
afterAll(() => gate.stop());

/** Everything a caller can compare, with what differs between any two answers masked. */
const visible = ({ status, headers, text }: ApiAnswer): string =>
  JSON.stringify([status, Object.entries(headers).filter(([name]) => name !== 'date'), text])
    .replace(/tx_[\w-]{22}/g, 'TRANSACTION')
    .replace(/ch_[\w-]{22}/g, 'CHALLENGE')
    .replace(/[0-9A-HJKMNP-TV-Z]{26}/g, 'ULID')
    .replace(/[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/g, 'NUMBER')
    .replace(/(retry_after|expires_at)(\W+)\d+/g, '$1$2TIME');

/** One of each sort that is refused. Their names have one length. */
async function cast(tag: string) {
  const named = (letter: string) => gate.person(`${tag}-${letter.repeat(8 - tag.length)}`);
  const wrong = await named('w');
  const suspended = await named('s');
  const tokenless = await named('n');
  const revoked = await named('r');
  await gate.house.accounts.setStatus(suspended.accountId, 'suspended', event('user.suspended'));
  await gate.house.authenticators.delete(tokenless.authenticatorId, event('token.deleted'));
  await gate.house.authenticators.setStatus(revoked.authenticatorId, 'revoked', event('token.revoked'));
  return { all: [wrong, suspended, tokenless, revoked], unknown: `${tag}-${'u'.repeat(8 - tag.length)}`, wrong };
}

const verify = (body: object): Promise<ApiAnswer> => gate.doors.api.send('POST', '/verify', body);

describe('ENUM-1 the same octets for everybody who is refused', () => {
  test('ENUM-1 by the API: unknown, wrong code, suspended, without a token, revoked, not let in', async () => {
    const { all, unknown, wrong } = await cast('a');
    const said = new Set<string>();
    for (const login of [unknown, ...all.map(({ login }) => login)]) {
      said.add(visible(await verify({ user: login, app: 'otp', otp: '000000' })));
      said.add(visible(await verify({ user: login, app: 'closed', otp: '000000' })));
    }
    for (const { login, otp } of all.slice(1)) said.add(visible(await verify({ user: login, app: 'otp', otp: otp() })));
    said.add(visible(await verify({ user: wrong.login, app: 'closed', otp: wrong.otp() })));
    expect([...said]).toHaveLength(1);
    expect([...said][0]).toContain('invalid_credentials');
  });

  test('ENUM-1 by the API: wrong password, wrong code, both, and whatever of a stranger', async () => {
    const { wrong, unknown } = await cast('b');
    const said = new Set<string>();
    for (const [login, password, otp] of [
      [wrong.login, 'wrong password', '000000'],
      [wrong.login, wrong.password, '000000'],
      [wrong.login, 'wrong password', wrong.otp()],
      [unknown, 'wrong password', '000000'],
    ] as const) {
      said.add(visible(await verify({ user: login, app: 'pw', password, otp })));
    }
    expect([...said]).toHaveLength(1);
  });

  test('ENUM-1 by the API: a lock is said of logins that exist and those that do not', async () => {
    const { all, unknown } = await cast('c');
    const said = new Set<string>();
    for (const login of [unknown, ...all.map((each) => each.login)]) {
      for (let index = 0; index < 5; index++) await verify({ user: login, app: 'otp', otp: '000000' });
      said.add(visible(await verify({ user: login, app: 'otp', otp: '000000' })));
    }
    expect([...said]).toHaveLength(1);
    expect([...said][0]).toContain('locked');
  });

  test('ENUM-1 by RADIUS: the same Access-Reject, octet for octet but for the authenticators', async () => {
    const { all, unknown } = await cast('d');
    const said = new Set<string>();
    for (const login of [unknown, ...all.map((each) => each.login)]) {
      for (let index = 0; index < 7; index++) {
        const reply = await gate.doors.ask(login, index === 6 ? '' : '000000');
        said.add(
          JSON.stringify([
            reply?.code,
            reply?.bytes.length,
            reply?.attributes.map(({ type, value }) => [type, type === 80 ? '' : value.toString('hex')]),
          ]),
        );
      }
    }
    expect([...said]).toHaveLength(1);
    expect([...said][0]).toMatch(/^\[3,/);
  });
});

describe('ENUM-2 G061 time tells nothing at the API and RADIUS', () => {
  const EACH = 4;
  const PEOPLE = 160;
  const LANES = 4;
  let plan: { kind: string; login: string; at: number }[];

  /** Sets of people of their own for each run, so that nobody is locked. */
  async function prepare(tag: string): Promise<void> {
    const next = seeded(61);
    plan = [];
    for (let index = 0; index < PEOPLE; index++) {
      const name = String(index).padStart(4, '0');
      await gate.tokenOnly(`${tag}w${name}`);
      const suspended = await gate.tokenOnly(`${tag}s${name}`);
      await gate.house.accounts.setStatus(suspended.accountId, 'suspended', event('user.suspended'));
      const bare = await gate.tokenOnly(`${tag}n${name}`);
      await gate.house.authenticators.delete(bare.authenticatorId, event('token.deleted'));
      for (const [kind, letter] of [
        ['unknown', 'u'],
        ['wrong', 'w'],
        ['suspended', 's'],
        ['tokenless', 'n'],
      ] as const) {
        for (let turn = 0; turn < EACH; turn++) plan.push({ kind, login: `${tag}${letter}${name}`, at: next(1 << 20) });
      }
    }
    plan.sort((a, b) => a.at - b.at);
  }

  async function measure(submit: (login: string) => Promise<unknown>) {
    const times = new Map<string, number[]>();
    const lane = async (tries: typeof plan): Promise<void> => {
      for (const { kind, login } of tries) {
        const start = performance.now();
        await submit(login);
        times.set(kind, [...(times.get(kind) ?? []), performance.now() - start]);
      }
    };
    const share = Math.ceil(plan.length / LANES);
    await Promise.all(
      Array.from({ length: LANES }, (_, index) => lane(plan.slice(index * share, (index + 1) * share))),
    );
    return distances(times);
  }

  const isSame = (found: ReturnType<typeof distances>): boolean =>
    found.every(({ overlap, median }) => overlap <= 0.05 && Math.abs(median) < 1);

  test.each(['api', 'radius'] as const)(
    `ENUM-2 %s, ${PEOPLE * EACH} tries of each kind, interleaved: two of at most three runs within 0.45–0.55 and 1 ms`,
    async (door) => {
      const runs: ReturnType<typeof distances>[] = [];
      for (let run = 0; run < 3 && runs.filter(isSame).length < 2; run++) {
        await prepare(`${door}${run}`);
        runs.push(
          await measure(async (login) => {
            expect(await gate.doors.submit(door, login, '000000')).toBe('rejected');
          }),
        );
      }
      expect(runs.filter(isSame).length, JSON.stringify(runs)).toBe(2);
    },
    180_000,
  );
});
