/** A folder with configuration, keys and a filled database, and the house on it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHouse } from '../../src/app/house.ts';
import { createLog } from '../../src/app/log.ts';
import { loadPolicy } from '../../src/config/load.ts';
import type { Policy } from '../../src/core/policy.ts';
import { createMasterKey, loadMasterKey } from '../../src/crypto/keys.ts';
import { createHasher } from '../../src/crypto/password.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createSigningKey } from '../../src/crypto/signing-keys.ts';
import { createVault } from '../../src/crypto/vault.ts';
import type { House } from '../../src/ports.ts';
import { addPeople } from './people.ts';

export const RADIUS_SECRET = 'a-secret-of-the-benchmark';
export const PASSWORD = 'correct horse battery';
export const PIN = '7391';

/** People who have a password and a PIN as well. */
export const WITH_SECRETS = 10;

const clock = { now: () => Date.now() };

const configOf = (radiusPort: number, gatePort: number, apiPort: number): string => `version: 1
demo: true
server: { listen: "127.0.0.1:${gatePort}" }
console: { listen: "127.0.0.1:${apiPort}" }
log: { level: error }
defaults: { auth: id+otp }
radius:
  listen: ["127.0.0.1:${radiusPort}"]
  clients:
    - { name: bench, address: 127.0.0.0/8, secret: "${RADIUS_SECRET}", auth: id+otp, rate: { client: 100000, user: 1000 } }
routes:
  - { name: app, to: "http://127.0.0.1:9", auth: id+otp }
`;

function policyIn(folder: string): Policy {
  const loaded = loadPolicy(join(folder, 'config.yaml'), { language: 'en', now: clock.now(), env: {} });
  if (!loaded.ok) throw new Error(loaded.error.map((each) => `${each.line}:${each.column} ${each.message}`).join('\n'));
  return loaded.value.policy;
}

/** Makes the folder, with so many people in its database. */
export async function makeHouse(
  folder: string,
  people: number,
  ports: { readonly radius: number; readonly gate: number; readonly api: number },
): Promise<void> {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'config.yaml'), configOf(ports.radius, ports.gate, ports.api));
  const masterFile = join(folder, 'data/master.key');
  createMasterKey(masterFile, systemRandom);
  createSigningKey(join(folder, 'data/signing'), 'ES256', clock.now());
  const { house, policy } = await openIn(folder);
  await house.close();
  const hasher = createHasher(systemRandom);
  const secrets = { pw: await hasher.hash(PASSWORD), pin: await hasher.hash(PIN), first: WITH_SECRETS };
  const vault = createVault(loadMasterKey(masterFile), systemRandom);
  addPeople(policy.storage.path, vault, people, secrets);
}

/** The house of a folder. */
export async function openIn(folder: string): Promise<{ readonly house: House; readonly policy: Policy }> {
  const policy = policyIn(folder);
  const log = createLog(policy.log, process.stderr);
  return { house: await openHouse(policy, clock, log), policy };
}
