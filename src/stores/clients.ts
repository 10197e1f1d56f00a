import { type Cidr, readCidr } from '../core/access/cidr.ts';
import type { AuditEvent } from '../core/audit.ts';
import { type ApiClient, isScope } from '../core/identity/api-client.ts';
import type { Instant, Milliseconds } from '../core/time.ts';
import type { ClientStore } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { ApiClientTable } from './schema-otp.ts';

/** Keys of the API. */
export function createClients(context: StoreContext): ClientStore {
  const one = context.reader.prepare<[string], ApiClientTable>('SELECT * FROM api_client WHERE key_id = ?');
  return {
    findKey: async (keyId) => {
      const row = one.get(keyId);
      return row === undefined ? undefined : { client: clientOf(row), secretMac: row.secret_mac };
    },
    list: async () => {
      const rows = await context.read.selectFrom('api_client').selectAll().orderBy('name').orderBy('key_id').execute();
      return rows.map(clientOf);
    },
    add: (client, secretMac, event) => add(context, client, secretMac, event),
    rotate: (name, next, overlap, event) => rotate(context, { name, ...next, overlap, event }),
    revoke: (name, event) => revoke(context, name, event),
    touch: async (lastUsed) => {
      if (lastUsed.size === 0) return;
      await transact<void>(context, async ({ trx }) => {
        for (const [keyId, at] of lastUsed) {
          const query = trx.updateTable('api_client').set({ last_used_at: at }).where('key_id', '=', keyId);
          await query.where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)])).execute();
        }
      });
    },
  };
}

const add = (
  context: StoreContext,
  client: ApiClient,
  secretMac: string,
  event: AuditEvent,
): Promise<'added' | 'exists'> =>
  transact<'added' | 'exists'>(context, async ({ trx, audit, refuse }) => {
    const now = context.clock.now();
    const living = trx.selectFrom('api_client').select('key_id').where('name', '=', client.name);
    const active = living
      .where('status', '=', 'active')
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]));
    if ((await active.limit(1).executeTakeFirst()) !== undefined) refuse('exists');
    await trx.insertInto('api_client').values(rowOf(client, secretMac)).execute();
    await audit(event);
    return 'added';
  });

type Rotation = {
  readonly name: string;
  readonly keyId: string;
  readonly secretMac: string;
  readonly overlap: Milliseconds;
  readonly event: AuditEvent;
};

/** The new key lives as long as the newest one was meant to. */
const rotate = (
  context: StoreContext,
  { name, keyId, secretMac, overlap, event }: Rotation,
): Promise<ApiClient | 'missing'> =>
  transact<ApiClient | 'missing'>(context, async ({ trx, audit, refuse }) => {
    const now = context.clock.now();
    const active = trx.selectFrom('api_client').selectAll().where('name', '=', name).where('status', '=', 'active');
    const newest = await active.orderBy('created_at', 'desc').orderBy('key_id', 'desc').limit(1).executeTakeFirst();
    if (newest === undefined) return refuse('missing');
    const old = trx
      .updateTable('api_client')
      .set({ expires_at: now + overlap })
      .where('name', '=', name);
    await old.where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now + overlap)])).execute();
    const client: ApiClient = {
      ...clientOf(newest),
      keyId,
      createdAt: now,
      expiresAt: renewed(newest, now),
      lastUsedAt: undefined,
    };
    await trx.insertInto('api_client').values(rowOf(client, secretMac)).execute();
    await audit(event);
    return client;
  });

const renewed = (row: ApiClientTable, now: Instant): Instant | undefined =>
  row.expires_at === null ? undefined : now + (row.expires_at - row.created_at);

const revoke = async (context: StoreContext, name: string, event: AuditEvent): Promise<'revoked' | 'missing'> => {
  const answer = await transact<'revoked' | 'missing'>(context, async ({ trx, audit, refuse }) => {
    const keys = trx.updateTable('api_client').set({ status: 'revoked' }).where('name', '=', name);
    const { numUpdatedRows } = await keys.where('status', '=', 'active').executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) refuse('missing');
    await audit(event);
    return 'revoked';
  });
  context.changes.tell();
  return answer;
};

const rowOf = (client: ApiClient, secretMac: string): ApiClientTable => ({
  key_id: client.keyId,
  name: client.name,
  app: client.app,
  scopes: client.scopes.join(','),
  networks: client.networks.map((network) => network.text).join(','),
  secret_mac: secretMac,
  status: client.status,
  created_at: client.createdAt,
  expires_at: client.expiresAt ?? null,
  last_used_at: client.lastUsedAt ?? null,
});

const clientOf = (row: ApiClientTable): ApiClient => ({
  keyId: row.key_id,
  name: row.name,
  app: row.app,
  scopes: row.scopes.split(',').filter(isScope),
  networks: networksOf(row.networks),
  status: row.status,
  createdAt: row.created_at,
  expiresAt: row.expires_at ?? undefined,
  lastUsedAt: row.last_used_at ?? undefined,
});

/** Throws on a network that cannot be read: left out, it would open the key to everywhere. */
function networksOf(words: string): readonly Cidr[] {
  if (words === '') return [];
  return words.split(',').map((word) => {
    const network = readCidr(word);
    if (!network.ok) throw new Error('an API key has a network that cannot be read');
    return network.value;
  });
}
