import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { freePort, plain } from './parts.ts';

/** Where HAProxy is on this machine; undefined if it is not there. */
export const haproxy = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy'].find(existsSync);

/** HAProxy in front of a port of this machine: everything that comes is passed on with these words of `server`. */
export async function startHaproxy(to: number, words: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-haproxy-'));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen front
  bind 127.0.0.1:${port}
  server gate 127.0.0.1:${to} ${words}
`,
  );
  const child: ChildProcess = spawn(haproxy ?? '', ['-db', '-f', file], { stdio: 'ignore' });
  await vi.waitFor(async () => (await plain(port)).destroy(), { timeout: 5000, interval: 20 });
  return {
    port,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
