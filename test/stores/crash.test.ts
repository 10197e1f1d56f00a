import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inspectDatabase } from '../../src/stores/inspect.ts';
import { addAccount, addToken, type Fixture, openFixture, totp } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await openFixture();
});
afterEach(() => fixture.remove());

const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url));

/** Starts a process that commits without pause and prints each moving factor after its commit returned. */
function start(folder: string, authenticator: string): { child: ChildProcess; acknowledged: () => number } {
  const child = spawn(process.execPath, [CHILD, folder, authenticator], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = 0;
  child.stdout?.on('data', (bytes: Buffer) => {
    const whole = bytes.toString().split('\n').slice(0, -1).map(Number);
    last = Math.max(last, ...whole);
  });
  return { child, acknowledged: () => last };
}

test('a process killed while it commits loses no commit that it acknowledged, and damages nothing', async () => {
  const kim = await addAccount(fixture.stores);
  const { id } = await addToken(fixture.stores, totp(kim.id));
  await fixture.stores.close();
  for (let round = 0; round < 5; round++) {
    const { child, acknowledged } = start(fixture.folder, id);
    const before = acknowledged();
    while (acknowledged() === before) await once(child.stdout ?? child, 'data');
    await new Promise((resolve) => setTimeout(resolve, 20 + round * 13));
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(inspectDatabase(fixture.path).faults).toEqual([]);
    const again = await fixture.reopen();
    expect((await again.authenticators.find(id))?.movingFactor).toBeGreaterThanOrEqual(acknowledged());
    const records = await again.audit.read({ limit: 1, newestFirst: true, kind: 'token.tested' });
    const floor = (await again.authenticators.find(id))?.movingFactor;
    expect(records[0]?.detail['to']).toBe(floor);
    expect(await again.audit.verify()).toMatchObject({ ok: true });
    await again.close();
  }
});
