import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../src/core/audit.ts';
import { sha256 } from '../../src/crypto/seal.ts';
import { type ChainEnd, chainRecord, checkRow, EMPTY_CHAIN, rowOf } from '../../src/stores/audit-chain.ts';
import type { AuditTable } from '../../src/stores/schema.ts';
import { event, type Fixture, openFixture, START } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const headPath = () => join(fixture.folder, 'data', 'audit.head');
const fill = async (count: number) => {
  for (let n = 0; n < count; n++)
    await fixture.stores.audit.append(event('signin.rejected', START + n, { detail: { b: n, a: 'x' } }));
};

/** What somebody with the file in their hands can do: triggers are no obstacle to them. */
function tamper(statements: string): void {
  const raw = new SqliteDatabase(fixture.path);
  raw.exec(`DROP TRIGGER audit_keeps_rows; DROP TRIGGER audit_keeps_all; ${statements}`);
  raw.close();
}

describe('the audit trail', () => {
  test('verifies as it grows, in order, and reads by filter', async () => {
    expect(await fixture.stores.audit.verify()).toEqual({ ok: true, records: 0 });
    await fill(5);
    await fixture.stores.audit.append(event('signout', START, { login: 'lee', request: 'K7QF-2M9D' }));
    expect(await fixture.stores.audit.verify()).toEqual({ ok: true, records: 6 });
    const read = fixture.stores.audit.read;
    expect((await read({ limit: 2 })).map((each) => each.seq)).toEqual([1, 2]);
    expect((await read({ limit: 2, after: 2 })).map((each) => each.seq)).toEqual([3, 4]);
    expect((await read({ limit: 2, newestFirst: true })).map((each) => each.seq)).toEqual([6, 5]);
    expect(await read({ limit: 9, login: 'lee' })).toMatchObject([{ kind: 'signout', seq: 6 }]);
    expect(await read({ limit: 9, request: 'K7QF-2M9D' })).toHaveLength(1);
  });

  test('verifies whatever people typed', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const typed = fc.record({
      login: text,
      reason: text,
      address: text,
      detail: fc.dictionary(text, text, { maxKeys: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(typed, async (fields) => fixture.stores.audit.append(event('signin.rejected', START, fields))),
      {
        numRuns: 200,
        examples: [[{ login: '\ud800', reason: '\0', address: '\udc00x', detail: { '\ud800': '\udfff' } }]],
      },
    );
    expect(await fixture.stores.audit.verify()).toMatchObject({ ok: true });
  });

  test('takes no change and no deletion', async () => {
    await fill(2);
    const raw = new SqliteDatabase(fixture.path);
    expect(() => raw.exec("UPDATE audit SET login = 'x'")).toThrow('takes no change');
    expect(() => raw.exec('DELETE FROM audit')).toThrow('takes no deletion');
    raw.close();
  });

  test.each([
    ['an edit', "UPDATE audit SET reason = 'x' WHERE seq = 3", 3],
    ['an edit of the details', `UPDATE audit SET detail = '{"b":9,"a":"x"}' WHERE seq = 3`, 3],
    ['a deletion', 'DELETE FROM audit WHERE seq = 3', 3],
    [
      'a swap',
      'UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 99',
      3,
    ],
    ['a cut tail', 'DELETE FROM audit WHERE seq > 7', 8],
    ['an emptied table', 'DELETE FROM audit', 1],
  ])('shows %s', async (_, statements, seq) => {
    await fill(10);
    await fixture.stores.close();
    tamper(statements);
    const again = await fixture.reopen();
    expect(await again.audit.verify()).toMatchObject({ ok: false, seq });
    expect(fixture.logged.some((each) => each.event === 'audit.broken')).toBe(seq !== 3);
  });

  test('shows a tail that was cut and grown again', async () => {
    await fill(10);
    await fixture.stores.close();
    tamper('DELETE FROM audit WHERE seq > 7');
    const again = await fixture.reopen();
    for (let n = 0; n < 6; n++) await again.audit.append(event('signout'));
    await again.close();
    expect(await (await fixture.reopen()).audit.verify()).toMatchObject({ ok: false, seq: 10 });
  });

  test('shows a tail that was cut under a running process', async () => {
    await fill(10);
    await new Promise((resolve) => setTimeout(resolve, 150));
    tamper('DELETE FROM audit WHERE seq > 7');
    for (let n = 0; n < 6; n++) await fixture.stores.audit.append(event('signout'));
    await fixture.stores.close();
    expect(await (await fixture.reopen()).audit.verify()).toMatchObject({ ok: false, seq: 10 });
  });

  test.each(['missing', 'edited'] as const)('shows that the head file is %s', async (how) => {
    await fill(3);
    await fixture.stores.close();
    if (how === 'missing') rmSync(headPath());
    else writeFileSync(headPath(), readFileSync(headPath(), 'utf8').replace('"seq":3', '"seq":2'));
    const again = await fixture.reopen();
    expect(await again.audit.verify()).toMatchObject({ ok: false, problem: expect.stringContaining('head file') });
    await again.audit.append(event('signout'));
    await again.close();
    expect(await (await fixture.reopen()).audit.verify()).toMatchObject({ ok: false });
  });

  test('brings a head that lags behind after a crash up to the end', async () => {
    await fill(3);
    const other = await fixture.reopen();
    await other.close();
    const head = readFileSync(headPath(), 'utf8');
    await fill(3);
    await fixture.stores.close();
    writeFileSync(headPath(), head);
    const again = await fixture.reopen();
    expect(await again.audit.verify()).toEqual({ ok: true, records: 6 });
    expect(JSON.parse(readFileSync(headPath(), 'utf8')).seq).toBe(6);
  });
});

test('every one of ten thousand mutations of a chain is found', () => {
  const records: AuditRecord[] = [];
  for (let n = 0; n < 60; n++) {
    const end: ChainEnd = records.at(-1) ?? EMPTY_CHAIN;
    records.push(chainRecord(sha256, event('signin.rejected', START + n, { detail: { n, why: `x${n % 3}` } }), end));
  }
  const head = records.at(-1) ?? EMPTY_CHAIN;
  const rows = records.map(rowOf);
  const holds = (table: readonly AuditTable[]): boolean => {
    let end = EMPTY_CHAIN;
    for (const row of table) {
      const next = checkRow(sha256, end, row);
      if ('problem' in next) return false;
      end = next;
    }
    return end.seq === head.seq && end.hash === head.hash;
  };
  expect(holds(rows)).toBe(true);

  let seed = 42;
  const pick = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >> 8) % below;
  };
  const missed: string[] = [];
  for (let round = 0; round < 10_000; round++) {
    const kind = (['edit', 'delete', 'swap', 'cut', 'repeat'] as const)[pick(5)] ?? 'edit';
    const at = pick(rows.length - 1);
    if (holds(mutate(rows, kind, at, pick))) missed.push(`${kind} at ${at}, round ${round}`);
  }
  expect(missed).toEqual([]);
});

function mutate(
  rows: readonly AuditTable[],
  kind: 'edit' | 'delete' | 'swap' | 'cut' | 'repeat',
  at: number,
  pick: (below: number) => number,
): readonly AuditTable[] {
  const row = rows[at];
  if (row === undefined) throw new RangeError('no such row');
  const columns = Object.keys(row) as (keyof AuditTable)[];
  const column = columns[pick(columns.length)] ?? 'at';
  const value = row[column];
  switch (kind) {
    case 'edit':
      return rows.with(at, { ...row, [column]: typeof value === 'number' ? value + 1 + pick(9) : flip(value, pick) });
    case 'delete':
      return rows.toSpliced(at, 1);
    case 'swap':
      return rows.with(at, rows[at + 1] ?? row).with(at + 1, row);
    case 'cut':
      return rows.slice(0, at + 1);
    case 'repeat':
      return rows.toSpliced(at, 0, row);
  }
}

/** Changes, adds or removes one character. */
function flip(text: string, pick: (below: number) => number): string {
  const at = pick(text.length + 1);
  const character = String.fromCharCode(33 + pick(90));
  const changed = `${text.slice(0, at)}${character}${text.slice(at + pick(2))}`;
  return changed === text ? `${text} ` : changed;
}
