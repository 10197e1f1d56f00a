import { join } from 'node:path';
import { openHouse } from '../../src/app/house.ts';
import { serve } from '../../src/app/serve.ts';
import { loadPolicy } from '../../src/config/load.ts';

/** What the conductor sends: the time to live in from now on. */
export type Order = { readonly now: number };

/** What comes back: the ports once everything listens, and that a time was taken over. */
export type Told =
  | { readonly kind: 'ready'; readonly gate: number; readonly api: number; readonly radius: number }
  | { readonly kind: 'moved'; readonly now: number };

const tell = (told: Told): void => void process.send?.(told);
const quiet = () => undefined;

const [folder = '', begin = '0'] = process.argv.slice(2);
const time = { now: Number(begin) };
const loaded = loadPolicy(join(folder, 'config.yaml'), { language: 'en', now: time.now, env: {} });
if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('\n'));
const { policy } = loaded.value;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const house = await openHouse(policy, { now: () => time.now }, log);
const served = await serve(policy, house, { language: 'en', env: {} });

process.on('message', ({ now }: Order) => {
  time.now = now;
  tell({ kind: 'moved', now });
});
process.on('disconnect', () => process.exit(0));
tell({
  kind: 'ready',
  gate: Number(new URL(served.origins.gateway).port),
  api: Number(new URL(served.origins.console).port),
  radius: served.radius[0]?.port ?? 0,
});
