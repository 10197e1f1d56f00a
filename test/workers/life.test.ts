import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { Site } from './site.ts';

const sites: Site[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.remove();
}, 60_000);

async function open(options: Parameters<typeof Site.open>[0]): Promise<Site> {
  const site = await Site.open(options);
  sites.push(site);
  return site;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const pidsOf = (site: Site): readonly number[] => [site.pidOf(1), site.pidOf(2)];

describe('the end of a server with workers', () => {
  test('SIGTERM lets requests in hand end, and leaves no process behind', async () => {
    const site = await open({ workers: 2 });
    const pids = pidsOf(site);
    expect(pids.every(isAlive)).toBe(true);
    const clients = await Promise.all([1, 2, 3, 4].map(() => site.connect()));
    const answers = clients.map((client, index) => site.get(client, `/open/slow-${index}-`));
    await new Promise((resolve) => setTimeout(resolve, 300));
    site.child.kill('SIGTERM');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await once(site.child, 'exit');
    expect(site.child.exitCode).toBe(0);
    expect(pids.some(isAlive)).toBe(false);
  }, 120_000);

  test('a second SIGTERM cuts what is still open', async () => {
    const site = await open({ workers: 2, drain: '60s' });
    const client = await site.connect();
    client.send('GET /open/stuck HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    site.child.kill('SIGTERM');
    await site.until(() => site.stderr.includes('then stopping'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(site.child.exitCode).toBeNull();
    site.child.kill('SIGTERM');
    await client.untilClosed(3000);
    if (site.child.exitCode === null) await once(site.child, 'exit');
    expect(site.child.exitCode).toBe(0);
  }, 120_000);

  test('without the primary process no worker goes on', async () => {
    const site = await open({ workers: 2 });
    const pids = pidsOf(site);
    site.child.kill('SIGKILL');
    await site.until(() => !pids.some(isAlive), 3000);
  }, 120_000);
});

describe('the start of a server with workers', () => {
  test('a port that is taken is one error, and exit 1', async () => {
    const first = await open({ workers: 2 });
    const second = await open({ workers: 2, listen: first.port });
    expect(second.child.exitCode).toBe(1);
    expect(second.stderr).toContain('EADDRINUSE');
    expect(second.stderr.match(/EADDRINUSE/g)?.length).toBeLessThanOrEqual(3);
    await second.until(() => second.stderr.includes('EADDRINUSE'));
    expect(pidsOf(second).some((pid) => Number.isInteger(pid) && isAlive(pid))).toBe(false);
  }, 120_000);
});
