import { type StoreContext, transact } from './context.ts';
import { type DataKeys, seedContext } from './data-keys.ts';

/** Seeds that are sealed anew in one transaction: a few milliseconds of the writing connection. */
const STEP = 200;

/**
 * Seals seeds that are still sealed with an older key with the active one, in small steps with others in between. An
 * interrupted run is finished by the next one; until then every seed opens with the key its envelope names.
 */
export class Resealing {
  readonly #context: StoreContext;
  readonly #keys: DataKeys;
  #background: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(context: StoreContext, keys: DataKeys) {
    this.#context = context;
    this.#keys = keys;
  }

  /** Seals all of them and answers how many there were. */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      const done = await this.#step();
      total += done;
      if (done < STEP || this.#isStopped) return total;
    }
  }

  /** Finishes in the background what an earlier run left. */
  finish(): void {
    const { keyId } = this.#keys.current(this.#context.reader);
    const left = this.#context.reader.prepare('SELECT 1 FROM authenticator WHERE key_id <> ? LIMIT 1').get(keyId);
    if (left === undefined) return;
    this.#context.log.info('keys.resealing-resumed', { key: keyId });
    this.#background = this.run().then(
      (resealed) => this.#context.log.info('keys.resealed', { resealed }),
      (error: unknown) => this.#context.log.error('keys.resealing-failed', { error: String(error) }),
    );
  }

  /** Ends after the step that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#background;
  }

  #step(): Promise<number> {
    return transact<number>(this.#context, async ({ trx }) => {
      const { sealer, keyId } = this.#keys.current(this.#context.writer);
      const rows = await trx
        .selectFrom('authenticator')
        .select(['id', 'seed'])
        .where('key_id', 'in', (eb) => eb.selectFrom('data_key').select('data_key.id').where('active', '=', 0))
        .limit(STEP)
        .execute();
      for (const { id, seed } of rows) {
        const sealed = sealer.seal(sealer.open(seed, seedContext(id)), seedContext(id));
        await trx.updateTable('authenticator').set({ seed: sealed, key_id: keyId }).where('id', '=', id).execute();
      }
      return rows.length;
    });
  }
}
