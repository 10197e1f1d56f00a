import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DemoOptions, RunningDemo } from '../cli/wiring.ts';
import { loadPolicy } from '../config/load.ts';
import { createMasterKey } from '../crypto/keys.ts';
import { systemRandom } from '../crypto/random.ts';
import { createSigningKey } from '../crypto/signing-keys.ts';
import { prepareDemoFolder, prepareDemoHouse, summariseDemo } from '../demo/demo.ts';
import { describeDemo } from '../demo/demo-text.ts';
import type { Clock } from '../ports.ts';
import { openHouse } from './house.ts';
import { createLog, type LogSink } from './log.ts';
import { serve } from './serve.ts';

/** Everything of the demo in one process, on its own folder: temporary and deleted at the end unless one is named. */
export async function startDemo(
  options: DemoOptions,
  rim: { readonly clock: Clock; readonly sink: LogSink; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<RunningDemo> {
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'sumun-demo-'));
  const removeFolder = () => options.data === undefined && rmSync(folder, { recursive: true, force: true });
  const prepared = await prepareDemoFolder(folder, options);
  try {
    const loaded = loadPolicy(prepared.config, { language: options.language, now: rim.clock.now(), env: rim.env });
    if (!loaded.ok) throw new Error(loaded.error.map((finding) => `${finding.line}: ${finding.message}`).join('\n'));
    const { policy } = loaded.value;
    makeKeys(policy.keys, policy.identity.signing.algorithm, rim.clock);
    const house = await openHouse(policy, rim.clock, createLog(policy.log, rim.sink));
    const ready = await prepareDemoHouse(prepared, house, policy);
    const alsoClose = async () => {
      await prepared.legacy.close();
      removeFolder();
    };
    const served = await serve(policy, house, { language: options.language, env: rim.env, alsoClose });
    const summary = summariseDemo(prepared, ready, served.origins);
    const describe = () => describeDemo(summary, ready.people, options.language, rim.clock.now());
    return { ...served, summary, describe };
  } catch (breakage) {
    await prepared.legacy.close();
    removeFolder();
    throw breakage;
  }
}

function makeKeys(
  places: { readonly masterFile: string; readonly signingFolder: string },
  algorithm: 'ES256' | 'EdDSA' | 'RS256',
  clock: Clock,
): void {
  mkdirSync(dirname(places.masterFile), { recursive: true, mode: 0o700 });
  try {
    createMasterKey(places.masterFile, systemRandom);
    createSigningKey(places.signingFolder, algorithm, clock.now());
  } catch (error) {
    // Kept from an earlier run in the same folder.
    if (!(error instanceof Error) || error.name !== 'KeyError') throw error;
  }
}
