import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Running, RunningDemo, Wiring } from '../../src/cli/wiring.ts';
import { Desk } from './terminal.ts';

const desk = new Desk();
beforeAll(async () => {
  await desk.sumun('init site');
});
afterAll(() => desk.remove());

type Signal = Parameters<Wiring['onSignal']>[0];

/** A process that gets signals and a server that records what it is told. */
function stage(signals: readonly Signal[], reload: Running['reload'] = async () => 'reloaded') {
  const listeners = new Map<Signal, () => void>();
  const told: string[] = [];
  const stopped = Promise.withResolvers<void>();
  const onSignal: Wiring['onSignal'] = (name, listener) => {
    listeners.set(name, listener);
    return () => listeners.delete(name);
  };
  const running: Running = {
    addresses: ['http://127.0.0.1:1/'],
    reload: () => {
      told.push('reload');
      return reload();
    },
    stop: async () => {
      told.push('stop');
      stopped.resolve();
    },
    stopped: stopped.promise,
  };
  const start = (): Running => {
    setImmediate(async () => {
      for (const signal of signals) {
        listeners.get(signal)?.();
        await new Promise(setImmediate);
      }
    });
    return running;
  };
  return { told, listeners, onSignal, stopped, start, serve: async () => start() };
}

const run = (line: string, wiring: Partial<Pick<Wiring, 'serve' | 'demo' | 'onSignal'>>) =>
  desk.sumun(line, { env: { SUMUN_CONFIG: 'site/config.yaml' }, ...wiring });

describe('run', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops it in peace', async (signal) => {
    const { told, listeners, onSignal, serve } = stage([signal]);
    const { exit, stderr } = await run('run', { serve, onSignal });
    expect([exit, told, listeners.size]).toEqual([0, ['stop'], 0]);
    expect(stderr).toContain('serving http://127.0.0.1:1/');
  });

  test('SIGHUP reloads and says what became of it', async () => {
    const good = stage(['SIGHUP', 'SIGTERM']);
    expect((await run('run', good)).stderr).toContain('configuration reloaded');
    const refused = stage(['SIGHUP', 'SIGTERM'], async () => 'refused');
    expect((await run('run', refused)).stderr).toContain('the present one stays');
    const broken = stage(['SIGHUP', 'SIGTERM'], () => Promise.reject(new Error('disk')));
    const { exit, stderr } = await run('run', broken);
    expect([exit, stderr.includes('disk')]).toEqual([0, true]);
  });

  test('a server that breaks ends the process with 1', async () => {
    const { onSignal, serve, stopped } = stage([]);
    stopped.reject(new Error('out of files'));
    const { exit, stderr } = await run('run', { serve, onSignal });
    expect([exit, stderr.includes('out of files')]).toEqual([1, true]);
  });
});

describe('demo', () => {
  const summary = {
    gateway: 'http://localhost:1',
    console: 'http://localhost:2',
    api: 'http://localhost:2/api/v1',
    apiKey: 'sk_id_secret',
    radius: { host: '127.0.0.1', port: 3, secret: 's' },
    config: '/c',
    users: [],
    admin: { login: 'admin', password: 'p', pin: '1', otpauth: 'o', groups: [] },
    routes: {},
  };

  test('prints one line of JSON when everything is ready and passes its flags on', async () => {
    const { onSignal, start } = stage(['SIGTERM']);
    const asked: unknown[] = [];
    const demo = async (options: unknown): Promise<RunningDemo> => {
      asked.push(options);
      return { ...start(), summary, describe: () => 'for people' };
    };
    const spoken = await run('demo --port 0 --console-port 0 --radius-port 0 --data d --no-open --json --lang ja', {
      demo,
      onSignal,
    });
    expect([spoken.exit, spoken.json]).toEqual([0, summary]);
    expect(spoken.stdout.trim().split('\n')).toHaveLength(1);
    expect(asked).toEqual([{ port: 0, consolePort: 0, radiusPort: 0, data: 'd', language: 'ja' }]);
  });

  test('speaks to people otherwise', async () => {
    const { onSignal, start } = stage(['SIGINT']);
    const demo = async (): Promise<RunningDemo> => ({ ...start(), summary, describe: () => 'for people' });
    expect((await run('demo', { demo, onSignal })).stdout).toBe('for people\n');
  });

  test('leaves the RADIUS port to the demo unless it is named', async () => {
    const { onSignal, start } = stage(['SIGINT']);
    const asked: unknown[] = [];
    const demo = async (options: unknown): Promise<RunningDemo> => {
      asked.push(options);
      return { ...start(), summary, describe: () => 'for people' };
    };
    await run('demo --lang en', { demo, onSignal });
    expect(asked).toEqual([{ port: 8080, consolePort: 8081, language: 'en' }]);
  });
});
