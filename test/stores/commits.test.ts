import SqliteDatabase from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareAppender } from '../../src/stores/audit-append.ts';
import { Commits, type Work } from '../../src/stores/commits.ts';
import { type OpenDatabase, openDatabase } from '../../src/stores/database.ts';
import { event, type Fixture, openFixture } from './fixture.ts';

let fixture: Fixture;
let database: OpenDatabase;
let commits: Commits;
let advanced: number[];
let begun: number;

beforeEach(async () => {
  fixture = await openFixture();
  database = await openDatabase(fixture.options);
  advanced = [];
  begun = 0;
  commits = open(database);
});
afterEach(async () => {
  await commits.settled();
  await database.close();
  await fixture.remove();
});

/** Counts the transactions of the connection. */
function open(on: OpenDatabase): Commits {
  const { writer } = on;
  const exec = writer.exec.bind(writer);
  writer.exec = (text) => {
    if (text.startsWith('BEGIN')) begun += 1;
    return exec(text);
  };
  const head = { advance: (end: { seq: number }) => void advanced.push(end.seq) };
  return new Commits({ db: on.db, writer, appender: prepareAppender(writer, fixture.options.vault), head });
}

const put = (name: string) => (work: Work<string>) =>
  work.trx
    .insertInto('switch')
    .values({ name, until: 1 })
    .execute()
    .then(() => name);

const names = () => database.reader.prepare('SELECT name FROM switch ORDER BY name').pluck().all();

describe('works that wait at the same time', () => {
  test('share one commit and one step of the audit head', async () => {
    const works = Array.from({ length: 50 }, (_, n) =>
      commits.run<string>(async (work) => {
        await work.audit(event('server.started'));
        return put(`n${n}`)(work);
      }),
    );
    expect(await Promise.all(works)).toHaveLength(50);
    expect(begun).toBe(1);
    expect(advanced).toEqual([50]);
    expect(names()).toHaveLength(50);
  });

  test('are answered when what they wrote can be read by others', async () => {
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const name = await commits.run(put(`n${n}`));
        expect(names()).toContain(name);
      }),
    );
  });

  test('are each all or nothing: a refusal or a fault undoes its own work only', async () => {
    const results = await Promise.allSettled([
      commits.run(put('a')),
      commits.run<string>(async (work) => {
        await put('b')(work);
        await work.audit(event('server.started'));
        return work.refuse('refused');
      }),
      commits.run<string>(async (work) => {
        await put('c')(work);
        await work.audit(event('server.started'));
        throw new Error('no');
      }),
      commits.run<string>(async (work) => {
        await work.audit(event('server.stopped'));
        return put('d')(work);
      }),
      commits.run(put('a')),
    ]);
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason)))).toEqual([
      'a',
      'refused',
      'Error: no',
      'd',
      expect.stringContaining('UNIQUE'),
    ]);
    expect(names()).toEqual(['a', 'd']);
    expect(await fixture.stores.audit.read({ limit: 10 })).toMatchObject([{ seq: 1, kind: 'server.stopped' }]);
    expect(begun).toBe(1);
  });

  test('fail together when the disk is full, and nothing of them is there', async () => {
    database.writer.pragma(`max_page_count = ${database.writer.pragma('page_count', { simple: true })}`);
    const results = await Promise.allSettled([
      commits.run(put('a')),
      commits.run(put('x'.repeat(1_000_000))),
      commits.run(put('b')),
    ]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(names()).toEqual([]);
    expect(advanced).toEqual([]);
    database.writer.pragma('max_page_count = 1000000');
    expect(await commits.run(put('c'))).toBe('c');
  });

  test('fail together when the commit fails', async () => {
    const { writer } = database;
    writer.exec('CREATE TABLE parent (id INTEGER PRIMARY KEY)');
    writer.exec('CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)');
    const orphan = writer.prepare('INSERT INTO child VALUES (1)');
    const results = await Promise.allSettled([
      commits.run(put('a')),
      commits.run(async () => void orphan.run()),
      commits.run(put('b')),
    ]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(names()).toEqual([]);
    expect(await commits.run(put('c'))).toBe('c');
  });

  test('wait for a transaction of another process without holding up this one', async () => {
    const other = new SqliteDatabase(fixture.path);
    other.exec("BEGIN IMMEDIATE; INSERT INTO switch VALUES ('other', 1)");
    const waiting = commits.run(put('mine'));
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(names()).toEqual([]);
    other.exec('COMMIT');
    other.close();
    expect(await waiting).toBe('mine');
    expect(names()).toEqual(['mine', 'other']);
  });
});

test('over two connections every chain of works keeps the trail whole', async () => {
  const second = await openDatabase(fixture.options);
  const theirs = open(second);
  const step = fc.record({ mine: fc.boolean(), fails: fc.boolean(), events: fc.integer({ min: 0, max: 3 }) });
  let expected = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await Promise.all(
        steps.map(({ mine, fails, events }) => {
          if (!fails) expected += events;
          return (mine ? commits : theirs).run<void>(async ({ audit, refuse }) => {
            for (let n = 0; n < events; n++) await audit(event('server.started'));
            if (fails) refuse(undefined);
          });
        }),
      );
    }),
    { numRuns: 15 },
  );
  await theirs.settled();
  await second.close();
  await fixture.stores.audit.append(event('server.stopped'));
  expect(await fixture.stores.audit.verify()).toEqual({ ok: true, records: expected + 1 });
});
