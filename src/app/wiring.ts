import { existsSync, statSync } from 'node:fs';
import type { Wiring } from '../cli/wiring.ts';
import { createMasterKey } from '../crypto/keys.ts';
import { hashingPlaces } from '../crypto/password.ts';
import { systemRandom } from '../crypto/random.ts';
import { createSigningKey } from '../crypto/signing-keys.ts';
import { sendTestMessage } from '../messaging/test-message.ts';
import type { Clock } from '../ports.ts';
import { testRadius } from '../radius/client.ts';
import { inspectDatabase, readOpenings } from '../stores/inspect.ts';
import { MIGRATIONS } from '../stores/migrations.ts';
import { backUp, restore } from './backup.ts';
import { startDemo } from './demo.ts';
import { openHouse } from './house.ts';
import { createLog } from './log.ts';
import { serve } from './serve.ts';
import { packageVersion } from './version.ts';

/** The one reading of the time. */
const clock: Clock = { now: () => Date.now() };

/** Connects the command line with the rest of the program and with this process. */
export function createWiring(process: NodeJS.Process, language: Parameters<typeof serve>[2]['language']): Wiring {
  const { env, stdin, stdout, stderr } = process;
  const quiet = createLog({ level: 'warn', format: 'text' }, stderr);
  return {
    version: packageVersion(),
    env,
    folder: process.cwd(),
    stdin,
    stdout,
    stderr,
    clock,
    random: systemRandom,
    runtime: process.versions.node,
    onSignal: (name, listener) => {
      process.on(name, listener);
      return () => process.off(name, listener);
    },
    openHouse: (policy) => openHouse(policy, clock, quiet),
    serve: async (policy) => {
      const places = hashingPlaces();
      const house = await openHouse(policy, clock, createLog(policy.log, stderr), { places });
      return serve(policy, house, { language, env, places });
    },
    askRadius: (question) => testRadius(question, { clock, random: systemRandom }),
    demo: (options) => startDemo(options, { clock, sink: stderr, env }),
    createKeys: async (places, now) => {
      createMasterKey(places.masterFile, systemRandom);
      createSigningKey(places.signingFolder, places.algorithm, now);
    },
    trySms: (policy, number, chosen) => sendTestMessage(policy, number, { clock, log: quiet, language: chosen }),
    inspectStorage: async (policy) => {
      const { sqlite, bytes, faults } = inspectDatabase(policy.storage.path);
      return { integrity: faults[0] ?? 'ok', bytes, sqlite };
    },
    openings: async ({ storage: { path } }, now) =>
      existsSync(path) && statSync(path).size > 0 ? readOpenings(path, now) : new Map(),
    schema: async ({ storage: { path } }) => ({
      present: existsSync(path) && statSync(path).size > 0 ? inspectDatabase(path).schema : 0,
      newest: MIGRATIONS.length,
    }),
    makeBackup: (policy, file, passphrase) => backUp(policy, file, passphrase, { clock, log: quiet }),
    restoreBackup: (policy, file, options) => restore(policy, file, options, clock),
  };
}
