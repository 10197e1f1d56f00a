/**
 * The attacker saw a valid code and hands it in wherever codes are taken, at the moment the owner does: web form, API and
 * VPN, in one process and in several. They must find that exactly one of all of them is let in.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDoorStorm } from '../storm/doors.ts';
import { DOORS } from '../support/doors.ts';
import { radiusYaml, startThreeDoors, type ThreeDoors } from '../support/three-doors.ts';

describe('one process', () => {
  let gate: ThreeDoors;
  beforeAll(async () => {
    gate = await startThreeDoors(
      `${radiusYaml()}otp: { lockout: { failures: 50 } }\nroutes:\n  - { name: app, path: [/app/], to: "http://127.0.0.1:9", auth: id+otp }\n`,
      '/app/',
    );
  });
  afterAll(() => gate.stop());

  test.each([2, 3, 4, 6, 8, 12, 16])(
    'G113 RACE-1 of %i submitters at web, API and RADIUS at once exactly one is accepted, 20 codes',
    async (count) => {
      for (let round = 0; round < 20; round++) {
        const { login, otp } = await gate.tokenOnly(`race-${count}-${round}`);
        const code = otp();
        const ready = await Promise.all(
          Array.from({ length: count }, (_, place) =>
            gate.doors.prepare(DOORS[(place + round) % DOORS.length] ?? 'api', login, code),
          ),
        );
        const heard = await Promise.all(ready.map((form) => form.submit()));
        expect(heard.filter((each) => each === 'accepted')).toHaveLength(1);
        expect(heard.filter((each) => each === 'rejected')).toHaveLength(count - 1);
        const records = await gate.house.audit.read({ login, limit: 100 });
        expect(records.filter(({ kind }) => kind.endsWith('.accepted'))).toHaveLength(1);
      }
    },
    60_000,
  );
});

/** Security figure F1, short form, through the doors: 20 000 rounds bound the rate of a double acceptance below 1.5 in 10 000. */
test('G113 RACE-1 F1 of 20,000 codes at the web form, the API and RADIUS of three processes each is accepted once', {
  timeout: 600_000,
}, async () => {
  const report = await runDoorStorm({ rounds: 20_000, processes: 3, killEvery: 8000, webEvery: 20, accounts: 200 });
  expect(report.problems).toEqual([]);
  expect(report.rounds).toBeGreaterThanOrEqual(20_000);
  expect(report.kills).toBeGreaterThan(0);
  for (const door of DOORS) expect(report.accepted[door]).toBeGreaterThan(0);
});
