import type { Kysely } from 'kysely';
import type { KeyRing, Sealer, SigningKeys } from '../ports.ts';
import { type StoreContext, transact } from './context.ts';
import type { Tables } from './schema.ts';

/** What a seed is sealed to: moved to another row it does not open. */
export const seedContext = (authenticator: string): string => `authenticator|${authenticator}|seed`;

/** A sealer over the data keys that were in the database when it was made, and the key it seals with. */
export type ActiveSealer = { readonly sealer: Sealer; readonly keyId: string };

/** The data keys, opened. Another process may rotate them, so each transaction asks which is active. */
export class DataKeys {
  readonly #context: Pick<StoreContext, 'vault'>;
  #opened: (ActiveSealer & { readonly count: number }) | undefined;

  constructor(context: Pick<StoreContext, 'vault'>) {
    this.#context = context;
  }

  /** The sealer as the database has it now. Throws if the master key does not open the data keys. */
  async current(db: Kysely<Tables>): Promise<ActiveSealer> {
    const marks = await db.selectFrom('data_key').select(['id', 'active']).execute();
    const active = marks.find((row) => row.active === 1)?.id ?? '';
    if (this.#opened?.keyId === active && this.#opened.count === marks.length) return this.#opened;
    const rows = await db.selectFrom('data_key').select(['id', 'wrapped', 'canary']).execute();
    const sealer = this.#context.vault.openDataKeys(rows, active);
    this.#opened = { sealer, keyId: active, count: rows.length };
    return this.#opened;
  }
}

/** Makes the first data key of a new database. */
export async function ensureDataKey(context: StoreContext): Promise<void> {
  await transact<void>(context, async ({ trx }) => {
    const present = await trx.selectFrom('data_key').select('id').limit(1).executeTakeFirst();
    if (present !== undefined) return;
    const key = context.vault.newDataKey();
    await trx
      .insertInto('data_key')
      .values({ ...key, active: 1, created_at: context.clock.now() })
      .execute();
  });
}

/** The keys at rest: data keys in the database, signing keys in their folder. */
export function createKeyRing(context: StoreContext, dataKeys: DataKeys, signing: SigningKeys): KeyRing {
  return {
    status: async () => ({ sealing: await sealingStatus(context), signing: signing.status(context.clock.now()) }),
    rotate: async (event) => {
      const resealed = await transact<number>(context, async ({ trx, audit }) => {
        const old = await dataKeys.current(trx);
        const key = context.vault.newDataKey();
        await trx.updateTable('data_key').set({ active: 0 }).where('active', '=', 1).execute();
        await trx
          .insertInto('data_key')
          .values({ ...key, active: 1, created_at: context.clock.now() })
          .execute();
        const { sealer } = await dataKeys.current(trx);
        const rows = await trx.selectFrom('authenticator').select(['id', 'seed']).execute();
        for (const { id, seed } of rows) {
          const sealed = sealer.seal(old.sealer.open(seed, seedContext(id)), seedContext(id));
          await trx.updateTable('authenticator').set({ seed: sealed, key_id: key.id }).where('id', '=', id).execute();
        }
        await audit({ ...event, detail: { ...event.detail, resealed: rows.length } });
        return rows.length;
      });
      await signing.rotate(context.clock.now());
      return { resealed };
    },
  };
}

async function sealingStatus(context: StoreContext): Promise<Awaited<ReturnType<KeyRing['status']>>['sealing']> {
  const rows = await context.db
    .selectFrom('data_key')
    .select((eb) => [
      'data_key.id',
      'data_key.active',
      'data_key.created_at',
      eb
        .selectFrom('authenticator')
        .whereRef('authenticator.key_id', '=', 'data_key.id')
        .select(({ fn }) => fn.countAll<number>().as('seals'))
        .as('seals'),
    ])
    .orderBy('data_key.created_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    active: row.active === 1,
    createdAt: row.created_at,
    seals: row.seals ?? 0,
  }));
}
