import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditEvent, AuditKind } from '../../src/core/audit.ts';
import { DAY, HOUR } from '../../src/core/time.ts';
import { event, type Fixture, openFixture, START } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const COUNTED: Partial<Record<AuditKind, string>> = {
  'signin.accepted': 'accepted',
  'signin.rejected': 'rejected',
  'signin.locked': 'locked',
  'stepup.accepted': 'accepted',
  'verification.accepted': 'accepted',
  'verification.rejected': 'rejected',
  'verification.locked': 'locked',
  'verification.challenged': 'challenged',
};

const kinds = [...(Object.keys(COUNTED) as AuditKind[]), 'signout', 'token.tested', 'challenge.created'] as const;
const detail = fc.record(
  { method: fc.constantFrom('pw', 'pw+otp', '\ud800'), channel: fc.constantFrom('web', 'api', 'radius'), n: fc.nat(9) },
  { requiredKeys: [] },
);
const events: fc.Arbitrary<AuditEvent> = fc
  .record({
    at: fc.integer({ min: START, max: START + DAY }),
    kind: fc.constantFrom<AuditKind>(...(kinds as readonly AuditKind[])),
    route: fc.constantFrom('vpn', 'mail', ''),
    reason: fc.constantFrom('', 'wrong-otp', 'replayed'),
    detail,
  })
  .map(({ at, kind, ...more }) => event(kind, at, more));

const keyOf = (parts: readonly unknown[]) => JSON.stringify(parts);

test('sums of the statistics are the counts over the audit trail, whatever happened and was rolled back', async () => {
  const { stores } = fixture;
  const other = await fixture.reopen();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(events, fc.boolean(), fc.boolean())), async (happened) => {
      await Promise.all(
        happened.map(([each, here, isLost]) => {
          const { verifications, audit } = here ? stores : other;
          const lost = [{ kind: 'spend-pending', pending: 'nothing' }] as const;
          return isLost ? verifications.commit(lost, each).catch(() => 'clock') : audit.append(each);
        }),
      );
    }),
    { numRuns: 20 },
  );
  const expected = new Map<string, number>();
  for (const record of await stores.audit.read({ limit: 100_000 })) {
    const result = COUNTED[record.kind];
    if (result === undefined) continue;
    const { method = '', channel = 'web' } = record.detail;
    const hour = Math.floor(record.at / HOUR) * HOUR;
    const key = keyOf([hour, record.route, method, channel, result, record.reason]);
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  const rows = await stores.stats.read({ from: 0, to: START + 10 * DAY });
  const counted = rows.map(({ hour, app, method, channel, result, reason, count }) => {
    return [keyOf([hour, app, method, channel, result, reason]), count] as const;
  });
  expect(new Map(counted)).toEqual(expected);
  const sum = (list: readonly { count: number }[]) => list.reduce((total, row) => total + row.count, 0);
  const totals = await stores.stats.totals();
  expect(sum(totals)).toBe(sum(rows));
  for (const { count, ...total } of totals) {
    const hours = rows.filter((row) => Object.entries(total).every(([name, value]) => row[name as 'app'] === value));
    expect(sum(hours)).toBe(count);
  }
});

test('statistics are read for a time and an application', async () => {
  const { stores } = fixture;
  const at = (hours: number, route: string) =>
    event('verification.accepted', START + hours * HOUR, { route, detail: { method: 'otp', channel: 'radius' } });
  for (const [hours, route] of [
    [0, 'vpn'],
    [0, 'vpn'],
    [0, 'mail'],
    [1, 'vpn'],
    [2, 'vpn'],
  ] as const) {
    await stores.audit.append(at(hours, route));
  }
  const from = Math.floor(START / HOUR) * HOUR;
  expect(await stores.stats.read({ from, to: from + 2 * HOUR, app: 'vpn' })).toEqual([
    { hour: from, app: 'vpn', method: 'otp', channel: 'radius', result: 'accepted', reason: '', count: 2 },
    { hour: from + HOUR, app: 'vpn', method: 'otp', channel: 'radius', result: 'accepted', reason: '', count: 1 },
  ]);
  expect(await stores.stats.totals()).toMatchObject([
    { app: 'mail', count: 1 },
    { app: 'vpn', count: 4 },
  ]);
});
