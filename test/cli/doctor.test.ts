import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/load.ts';
import { type Circumstances, Desk, field } from './terminal.ts';

const desk = new Desk();
const upstream: Server = createServer();
const env = { SUMUN_CONFIG: 'site/config.yaml' };
const config = desk.path('site', 'config.yaml');

beforeAll(async () => {
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening));
  const address = upstream.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await desk.sumun(`init site --upstream http://127.0.0.1:${port}`);
});
afterAll(() => {
  upstream.close();
  desk.remove();
});

type Check = { readonly name: string; readonly status: string; readonly remedy?: string; readonly detail: string };

async function examine(circumstances: Circumstances = {}) {
  const { exit, json } = await desk.sumun('doctor --json', { env, runtime: '24.99.0', ...circumstances });
  const checks = field(json, 'checks') as readonly Check[];
  return { exit, checks, of: (name: string) => checks.find((check) => check.name === name) };
}

describe('doctor', () => {
  test('finds a new installation in good health', async () => {
    const { exit, checks } = await examine();
    expect(checks.filter((check) => check.status !== 'ok')).toEqual([]);
    expect(exit).toBe(0);
    expect(checks.map((check) => check.name).sort()).toEqual([
      'audit',
      'clock',
      'configuration',
      'database',
      'disk',
      'keys',
      'runtime',
      'upstreams',
    ]);
  });

  test('says of the clock what it was compared with', async () => {
    expect((await examine()).of('clock')?.detail).toMatch(/newest audit record .*no time server is asked/);
  });

  test('fails on a clock behind the audit trail, beyond the tolerance', async () => {
    const { exit, of } = await examine({ clock: { now: () => Date.now() - 60_000 } });
    expect([exit, of('clock')?.status]).toEqual([4, 'fail']);
    expect((await examine({ clock: { now: () => Date.now() - 10_000 } })).of('clock')?.status).toBe('warn');
  });

  test('warns of a runtime without security fixes', async () => {
    const { exit, of } = await examine({ runtime: '24.22.0' });
    expect([exit, of('runtime')]).toMatchObject([0, { status: 'warn', remedy: expect.stringContaining('24.22.1') }]);
  });

  test.each([
    [
      'an upstream that does not answer',
      'upstreams',
      () => rewrite(/127\.0\.0\.1:\d+/g, '127.0.0.1:9'),
      'ECONNREFUSED',
    ],
    ['a key that others can read', 'keys', () => mode('data/master.key', 0o644, 0o600), 'master.key'],
    ['a missing key', 'configuration', () => hide('data/master.key'), 'master.key'],
    ['a broken database', 'database', () => scribble('data/sumun.db'), ''],
    ['a broken configuration', 'configuration', () => rewrite(/^routes:/m, 'routse:'), 'config.yaml'],
    ['a missing configuration', 'configuration', () => hide('config.yaml'), 'config.yaml'],
  ])('fails on %s and says what to do', async (_, name, harm, words) => {
    const mend = harm();
    try {
      const { exit, of } = await examine();
      expect([exit, of(name)?.status]).toEqual([4, 'fail']);
      expect(of(name)?.remedy).toBeTruthy();
      expect(of(name)?.detail).toContain(words);
    } finally {
      mend();
    }
  });

  test('fails on an audit record that was changed', async () => {
    const loaded = loadPolicy(config, { language: 'en', now: Date.now(), env: {} });
    if (!loaded.ok) throw new Error('the configuration is broken');
    const verify = () => Promise.resolve({ ok: false, seq: 2, problem: 'hash' } as const);
    const { openHouse } = (await import('../../src/app/wiring.ts')).createWiring(process, 'en');
    const { exit, of } = await examine({
      openHouse: async (policy) => {
        const house = await openHouse(policy);
        return { ...house, audit: { ...house.audit, read: house.audit.read.bind(house.audit), verify } };
      },
    });
    expect([exit, of('audit')?.status]).toEqual([4, 'fail']);
    expect(of('audit')?.detail).toContain('record 2');
  });

  test('looks at a configuration without a database and makes none', async () => {
    const mend = hide('data/sumun.db');
    try {
      const { of } = await examine();
      expect(of('database')).toMatchObject({ status: 'warn', remedy: expect.stringContaining('first use') });
    } finally {
      mend();
    }
  });

  test('speaks to people in lines of 80 columns and their language', async () => {
    const { stdout } = await desk.sumun('doctor --lang ko', { env, runtime: '24.99.0' });
    expect(stdout).toContain('✓ 설정');
    expect(stdout).toContain('실패 0');
  });
});

function rewrite(found: RegExp, put: string): () => void {
  const text = readFileSync(config, 'utf8');
  writeFileSync(config, text.replace(found, put));
  return () => writeFileSync(config, text);
}

function mode(name: string, harmful: number, good: number): () => void {
  chmodSync(desk.path('site', name), harmful);
  return () => chmodSync(desk.path('site', name), good);
}

function hide(name: string): () => void {
  const path = desk.path('site', name);
  renameSync(path, `${path}.hidden`);
  return () => renameSync(`${path}.hidden`, path);
}

function scribble(name: string): () => void {
  const path = desk.path('site', name);
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0x5a)]));
  return () => writeFileSync(path, bytes);
}
