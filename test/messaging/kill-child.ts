/** A process that sends what is queued, until it is killed. */
import { join } from 'node:path';
import { createDigests } from '../../src/crypto/digests.ts';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openSigner } from '../../src/crypto/signer.ts';
import { createVault } from '../../src/crypto/vault.ts';
import { startSender } from '../../src/messaging/sender.ts';
import { openStores } from '../../src/stores/open.ts';
import { policyOf, SMS_CODE } from '../portal/policy.ts';
import { START } from '../stores/fixture.ts';
import { keptLog } from './parts.ts';

const [folder = '', url = ''] = process.argv.slice(2);
const master = loadMasterKey(join(folder, 'data', 'master.key'));
const log = keptLog();
const clock = { now: () => START };
const signing = openSigner(
  { folder: join(folder, 'data', 'signing'), algorithm: 'ES256', rotateEvery: 1e12, overlap: 1e9 },
  START,
);
const stores = await openStores({
  path: join(folder, 'data', 'sumun.db'),
  vault: createVault(master, systemRandom),
  signing,
  clock,
  random: systemRandom,
  log,
  clockTolerance: 15_000,
});
const web = {
  type: 'http',
  name: 'web',
  url,
  method: 'POST',
  headers: {},
  body: '{"to":"{to}","text":"{text}","ref":"{id}"}',
  contentType: 'application/json',
  token: undefined,
  timeout: 5000,
} as const;
const policy = policyOf([], { sms: { providers: [web], code: SMS_CODE } });
startSender({ policy: () => policy, house: { ...stores, clock, digests: createDigests(master, systemRandom) }, log });
// A parent that gave up must not leave this behind.
setTimeout(() => process.exit(1), 20_000);
