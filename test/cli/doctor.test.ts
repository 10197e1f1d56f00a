import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/load.ts';
import { Authority } from '../support/pki.ts';
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
      'certificates',
      'clock',
      'configuration',
      'database',
      'disk',
      'keys',
      'openings',
      'outage',
      'radius',
      'runtime',
      'sms',
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

  test('names the hosts of certificates it shows to others, and how long they last', async () => {
    const authority = Authority.open();
    const { certFile, keyFile } = authority.issue({ names: 'DNS:hr.example,DNS:*.apps.example' });
    const undo = rewrite(/^server:\n/m, `server:\n  tls: { cert: ${certFile}, key: { file: ${keyFile} } }\n`);
    try {
      const now = await examine();
      expect(now.of('certificates')).toMatchObject({
        status: 'ok',
        detail: 'hr.example, *.apps.example: 364 days left',
      });
      const late = await examine({ clock: { now: () => Date.now() + 356 * 24 * 3600 * 1000 } });
      expect(late.of('certificates')).toMatchObject({
        status: 'warn',
        detail: expect.stringContaining(': 8 days left'),
      });
      expect(late.of('certificates')?.remedy).toContain('by itself');
    } finally {
      undo();
      authority.close();
    }
  });

  describe('RADIUS, SMS and outages', () => {
    const CLIENT = (more = '') =>
      `    - { name: vpn, address: 127.0.0.1, secret: { env: VPN }, auth: id+otp${more} }\n`;
    const radius = (port: number, clients: string) => `radius:\n  listen: "127.0.0.1:${port}"\n  clients:\n${clients}`;
    const secrets = { ...env, VPN: 'sixteen bytes or more' };

    async function withSection(section: string, circumstances: Circumstances = {}) {
      const mend = rewrite(/$/, `\n${section}`);
      try {
        return await examine({ env: secrets, ...circumstances });
      } finally {
        mend();
      }
    }

    test('a server that listens is recognised, without a packet to it', async () => {
      const socket = createSocket('udp4').bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const received: Buffer[] = [];
      socket.on('message', (message) => received.push(message));
      const { port } = socket.address();
      const fine = await withSection(radius(port, CLIENT()));
      const open = await withSection(radius(port, CLIENT(', require_message_authenticator: false')));
      const other = '    - { name: other, address: 127.0.0.2, secret: { env: VPN }, auth: id+otp }\n';
      const shared = await withSection(radius(port, CLIENT() + other));
      socket.close();
      expect(fine.of('radius')).toMatchObject({ status: 'ok', detail: 'listening, 1 client' });
      expect(open.of('radius')).toMatchObject({ status: 'warn', detail: expect.stringContaining('vpn') });
      expect(shared.of('radius')).toMatchObject({ status: 'warn', detail: expect.stringContaining('vpn, other') });
      expect(received).toEqual([]);
      const silent = await withSection(radius(port, CLIENT()));
      expect(silent.of('radius')).toMatchObject({ status: 'warn', detail: expect.stringContaining(`:${port}`) });
    });

    test('providers of messages are reached and nothing is sent', async () => {
      const { port } = new URL(readFileSync(config, 'utf8').match(/http:\/\/127\.0\.0\.1:\d+/)?.[0] ?? '');
      const reachable = `{ type: http, url: "http://127.0.0.1:${port}/send" }`;
      const gone = '{ type: smpp, host: 127.0.0.1, port: 9, system_id: x, password: { env: VPN }, from: "1" }';
      const file = (path: string) => `{ type: file, path: ${path} }`;
      const sms = async (...providers: readonly string[]) =>
        (await withSection(`sms: { providers: [ ${providers.join(', ')} ] }`)).of('sms');
      expect(await sms(reachable, file('data/sms.jsonl'))).toMatchObject({ status: 'ok' });
      expect(await sms(reachable, gone)).toMatchObject({ status: 'warn', detail: 'smpp (ECONNREFUSED)' });
      expect(await sms(gone, file('nowhere/sms.jsonl'))).toMatchObject({
        status: 'fail',
        detail: 'smpp (ECONNREFUSED), file (ENOENT)',
      });
    });

    test('warns of an outage that is declared', async () => {
      const { openHouse } = (await import('../../src/app/wiring.ts')).createWiring(process, 'en');
      const until = Date.now() + 60_000;
      const { of } = await examine({
        openHouse: async (policy) => {
          const house = await openHouse(policy);
          return { ...house, switches: { ...house.switches, outageUntil: () => Promise.resolve(until) } };
        },
      });
      expect(of('outage')).toMatchObject({
        status: 'warn',
        detail: expect.stringContaining(new Date(until).toISOString()),
      });
    });

    test('warns of a route that a sealed code opened', async () => {
      const until = Date.now() + 60_000;
      const { openHouse } = (await import('../../src/app/wiring.ts')).createWiring(process, 'en');
      const { of } = await examine({
        openHouse: async (policy) => {
          const house = await openHouse(policy);
          const openings = () => Promise.resolve(new Map([['payroll', until]]));
          return { ...house, switches: { ...house.switches, openings } };
        },
      });
      expect(of('openings')).toMatchObject({
        status: 'warn',
        detail: expect.stringContaining(`payroll is open without sign-in until ${new Date(until).toISOString()}`),
        remedy: 'sumun break-glass close',
      });
    });

    test('warns of seeds that are sealed with another cipher than the configuration wants', async () => {
      const { of } = await withSection('otp: { sealing: aria-256-gcm }');
      expect(of('keys')).toMatchObject({ status: 'warn', remedy: 'sumun key rotate' });
      expect(of('keys')?.detail).toMatch(/aes-256-gcm.*aria-256-gcm/);
    });
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
