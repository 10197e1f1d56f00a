import type { SealingCipher } from '../core/policy.ts';
import type { KeyRing, SigningKeys } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { Resealing } from './resealing.ts';

/** Makes the first data key of a new database. */
export async function ensureDataKey(context: StoreContext, cipher: SealingCipher): Promise<void> {
  await transact<void>(context, async ({ trx }) => {
    const present = await trx.selectFrom('data_key').select('id').limit(1).executeTakeFirst();
    if (present !== undefined) return;
    const key = context.vault.newDataKey(cipher);
    await trx
      .insertInto('data_key')
      .values({ ...key, active: 1, created_at: context.clock.now() })
      .execute();
  });
}

export type KeyRingParts = {
  readonly resealing: Resealing;
  readonly signing: SigningKeys;
  /** What a new data key is for. */
  readonly cipher: SealingCipher;
};

/** The keys at rest: data keys in the database, signing keys in their folder. */
export function createKeyRing(context: StoreContext, { resealing, signing, cipher }: KeyRingParts): KeyRing {
  return {
    status: async () => ({ sealing: await sealingStatus(context), signing: signing.status(context.clock.now()) }),
    rotate: async (event) => {
      const key = context.vault.newDataKey(cipher);
      await transact<void>(context, async ({ trx, audit }) => {
        await trx.updateTable('data_key').set({ active: 0 }).where('active', '=', 1).execute();
        await trx
          .insertInto('data_key')
          .values({ ...key, active: 1, created_at: context.clock.now() })
          .execute();
        await audit({ ...event, detail: { ...event.detail, key: key.id, cipher } });
      });
      const resealed = await resealing.run();
      await signing.rotate(context.clock.now());
      return { resealed };
    },
  };
}

async function sealingStatus(context: StoreContext): Promise<Awaited<ReturnType<KeyRing['status']>>['sealing']> {
  const rows = await context.read
    .selectFrom('data_key')
    .select((eb) => [
      'data_key.id',
      'data_key.active',
      'data_key.cipher',
      'data_key.created_at',
      eb
        .selectFrom('authenticator')
        .whereRef('authenticator.key_id', '=', 'data_key.id')
        .select(({ fn }) => fn.countAll<number>().as('seals'))
        .as('seals'),
    ])
    .orderBy('data_key.created_at')
    .orderBy('data_key.active')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    active: row.active === 1,
    cipher: row.cipher,
    createdAt: row.created_at,
    seals: row.seals ?? 0,
  }));
}
