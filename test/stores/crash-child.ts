import { join } from 'node:path';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openSigner } from '../../src/crypto/signer.ts';
import { createVault } from '../../src/crypto/vault.ts';
import { openStores } from '../../src/stores/open.ts';
import { event, START } from './fixture.ts';

const [folder = '', authenticator = ''] = process.argv.slice(2);
const quiet = () => undefined;
const stores = await openStores({
  path: join(folder, 'data', 'sumun.db'),
  vault: createVault(loadMasterKey(join(folder, 'data', 'master.key')), systemRandom),
  signing: openSigner(
    { folder: join(folder, 'data', 'signing'), algorithm: 'ES256', rotateEvery: 1e12, overlap: 1e9 },
    START,
  ),
  clock: { now: () => START },
  random: systemRandom,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  clockTolerance: 15_000,
});
// A parent that gave up must not leave this behind.
setTimeout(() => process.exit(1), 20_000);
const floor = (await stores.authenticators.find(authenticator))?.movingFactor ?? -1;
for (let to = floor + 1; ; to++) {
  const change = { kind: 'advance-moving-factor', authenticator, to, drift: 0 } as const;
  const outcome = await stores.verifications.commit([change], event('token.tested', START, { detail: { to } }));
  if (outcome === 'committed') process.stdout.write(`${to}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
