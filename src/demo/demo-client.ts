/** The key with which programs ask the demo: one client that may do everything. */
import { SCOPES } from '../core/identity/api-client.ts';
import { addClient, authorise, revokeClient } from '../flows/clients.ts';
import type { House } from '../ports.ts';

/** No route and no RADIUS client is called so: what they ask for would be asked for here too. */
const NAME = 'demo-api';
const BY = { actor: 'system', address: '', request: '' };

/** The remembered key where it still counts, otherwise a new one. */
export async function prepareDemoClient(
  house: Pick<House, 'clients' | 'clock' | 'digests' | 'random'>,
  remembered: string | undefined,
): Promise<string> {
  if (remembered !== undefined) {
    const known = await authorise(house, remembered, house.clock.now());
    if (known.kind === 'authorised') return remembered;
  }
  await revokeClient(house, NAME, BY);
  const added = await addClient(house, NAME, { app: '', scopes: SCOPES, networks: [], expiresAt: undefined }, BY);
  if (added.kind === 'exists') throw new Error(`the demo's API client ${NAME} was added by somebody else meanwhile`);
  return added.key;
}
