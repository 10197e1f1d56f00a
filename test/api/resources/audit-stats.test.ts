import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvOf } from '../../../src/api/resources/csv.ts';
import type { AuditEvent, AuditKind } from '../../../src/core/audit.ts';
import { readCsv } from '../../../src/core/enrolment/csv.ts';
import { HOUR } from '../../../src/core/time.ts';
import { event, START } from '../../stores/fixture.ts';
import { type ApiFixture, openApi, walk } from './fixture.ts';

let api: ApiFixture;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const append = (kind: AuditKind, at: number, more: Partial<AuditEvent>) =>
  api.house.audit.append(event(kind, at, more));
const iso = (at: number): string => encodeURIComponent(new Date(at).toISOString());

describe('the audit trail', () => {
  test('is read newest first, a page at a time, without gap or repetition', async () => {
    for (let at = 0; at < 25; at++) await append('signout', START + at * 1000, { login: 'walker', request: `R-${at}` });
    const seen = (await walk(api.send, '/audit?user=WALKER', 7)) as unknown as { seq: number; request: string }[];
    expect(seen.map(({ request }) => request)).toEqual(Array.from({ length: 25 }, (_, index) => `R-${24 - index}`));
    const all = (await walk(api.send, '/audit', 9)) as unknown as { seq: number }[];
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: all.length }, (_, index) => all.length - index));
  });

  test('is narrowed by kind, request and time', async () => {
    await append('post.kept', START + HOUR, { login: 'narrow', request: 'ABCD-1234' });
    await append('post.resumed', START + 2 * HOUR, { login: 'narrow' });
    const kinds = async (query: string) =>
      (await api.send('GET', `/audit?${query}`)).body.items.map((each: { kind: string }) => each.kind);
    expect(await kinds('kind=post.kept')).toEqual(['post.kept']);
    expect(await kinds('request=abcd-1234')).toEqual(['post.kept']);
    expect(await kinds(`user=narrow&from=${iso(START + HOUR + 1)}`)).toEqual(['post.resumed']);
    expect(await kinds(`user=narrow&to=${iso(START + HOUR)}`)).toEqual(['post.kept']);
    expect(await kinds(`user=narrow&to=${Math.floor((START + HOUR) / 1000)}`)).toEqual(['post.kept']);
  });

  test('shows the records as the chain holds them, and checks them', async () => {
    const { body } = await api.send('GET', '/audit?limit=1');
    const [newest] = await api.house.audit.read({ limit: 1, newestFirst: true });
    expect(body.items[0]).toMatchObject({ seq: newest?.seq, hash: newest?.hash, prev_hash: newest?.prevHash });
    expect((await api.send('POST', '/audit:verify')).body).toEqual({ ok: true, records: newest?.seq });
  });

  test('is for keys that may read it', async () => {
    const other = await api.as('users:read', 'stats:read');
    expect((await other('GET', '/audit')).body).toMatchObject({ status: 403, scopes: ['audit:read'] });
  });

  test.each(['yesterday', '2026-11-23', '2026-11-23T10:00', '2026-13-01T00:00:00Z', '-5'])(
    'refuses from=%s',
    async (from) => {
      expect((await api.send('GET', `/audit?from=${from}`)).body).toMatchObject({
        status: 400,
        errors: [{ path: 'from' }],
      });
    },
  );
});

describe('S36: statistics', () => {
  const DECISIONS = [
    'signin.accepted',
    'signin.rejected',
    'signin.locked',
    'stepup.accepted',
    'verification.accepted',
    'verification.rejected',
    'verification.locked',
    'verification.challenged',
  ] as const;
  const RESULT: Readonly<Record<string, string>> = {
    accepted: 'accepted',
    rejected: 'rejected',
    locked: 'locked',
    challenged: 'challenged',
  };
  const BEGIN = START + 100 * HOUR;

  beforeAll(async () => {
    const decision = fc.record({
      kind: fc.constantFrom(...DECISIONS, 'signout' as const, 'access.denied' as const),
      at: fc.integer({ min: BEGIN, max: BEGIN + 5 * HOUR }),
      route: fc.constantFrom('payroll', 'vpn', '=cmd|calc'),
      reason: fc.constantFrom('', 'otp-wrong', 'locked'),
      detail: fc.record({ channel: fc.constantFrom('web', 'api', 'radius'), method: fc.constantFrom('otp', 'pw+otp') }),
    });
    for (const { kind, at, ...more } of fc.sample(decision, { numRuns: 200, seed: 36 })) await append(kind, at, more);
  });

  test('reconcile with the audit trail, read over the same API', async () => {
    const range = `from=${iso(BEGIN)}&to=${iso(BEGIN + 6 * HOUR)}`;
    const trail = (await walk(api.send, `/audit?${range}`, 200)) as unknown as {
      kind: string;
      at: string;
      route: string;
      reason: string;
      detail: { channel: string; method: string };
    }[];
    const decided = trail.filter(({ kind }) => (DECISIONS as readonly string[]).includes(kind));
    const stats = await api.send('GET', `/stats?${range}`);
    expect(stats.body.total).toBe(decided.length);
    for (const row of stats.body.rows) {
      const alike = decided.filter(
        (each) =>
          each.at.startsWith(row.hour.slice(0, 13)) &&
          each.route === row.app &&
          each.reason === row.reason &&
          each.detail.channel === row.channel &&
          each.detail.method === row.method &&
          RESULT[each.kind.split('.')[1] ?? ''] === row.result,
      );
      expect(row.count, JSON.stringify(row)).toBe(alike.length);
    }
  });

  test.each(['hour', 'app', 'method', 'channel', 'result', 'reason', 'app,result'])(
    'sums by %s to the same total',
    async (by) => {
      const range = `from=${iso(BEGIN)}&to=${iso(BEGIN + 6 * HOUR)}`;
      const all = await api.send('GET', `/stats?${range}`);
      const some = await api.send('GET', `/stats?${range}&by=${by}`);
      expect(some.body.total).toBe(all.body.total);
      expect(some.body.by.join()).toBe(by);
      for (const row of some.body.rows) expect(Object.keys(row)).toEqual([...by.split(','), 'count']);
      expect(new Set(some.body.rows.map((row: object) => JSON.stringify({ ...row, count: 0 }))).size).toBe(
        some.body.rows.length,
      );
    },
  );

  test('cover whole hours from the one in which they begin, and one application', async () => {
    const hours = async (from: number, to: number) =>
      (await api.send('GET', `/stats?by=hour&from=${iso(from)}&to=${iso(to)}`)).body.rows.map(
        (row: { hour: string }) => (Date.parse(row.hour) - BEGIN) / HOUR,
      );
    expect(await hours(BEGIN + 1.5 * HOUR, BEGIN + 3 * HOUR)).toEqual([1, 2]);
    const { body } = await api.send('GET', `/stats?by=app&app=vpn&from=${iso(BEGIN)}&to=${iso(BEGIN + 6 * HOUR)}`);
    expect(body.rows.map(({ app }: { app: string }) => app)).toEqual(['vpn']);
  });

  test('come as CSV where it is asked for, and no cell is a formula', async () => {
    const path = `/stats?by=app,result&from=${iso(BEGIN)}&to=${iso(BEGIN + 6 * HOUR)}`;
    const json = await api.send('GET', path, undefined, { accept: 'application/json, text/csv' });
    expect(json.headers.get('content-type')).toContain('json');
    const csv = await api.send('GET', path, undefined, { accept: 'text/csv' });
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const rows = readCsv(csv.text);
    if (!rows.ok) throw new Error(JSON.stringify(rows.error));
    expect(rows.value.map(({ cells }) => Number(cells.get('count'))).reduce((sum, count) => sum + count)).toBe(
      json.body.total,
    );
    expect(csv.text).not.toMatch(/(^|,)[=+@-]/m);
    expect(csv.text).toContain("'=cmd|calc");
  });

  test.each([
    ['by=login', 'by'],
    ['by=app,app', 'by'],
    ['by=', 'by'],
    [`from=${iso(START)}&to=${iso(START - 1)}`, 'from'],
    [`from=${iso(START - 500 * 24 * HOUR)}`, 'from'],
    ['user=kim', 'user'],
  ])('refuse %s', async (query, path) => {
    expect((await api.send('GET', `/stats?${query}`)).body).toMatchObject({ status: 400, errors: [{ path }] });
  });

  test('no cell of any CSV begins with what a spreadsheet computes', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 2 }), { minLength: 1 }), (rows) => {
        const read = readCsv(csvOf([['a', 'b'], ...rows]));
        if (!read.ok) throw new Error(JSON.stringify(read.error));
        for (const { cells } of read.value) for (const cell of cells.values()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
      }),
    );
  });
});
