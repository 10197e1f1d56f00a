/** What every study stands on. */
import type { Turns } from './compare.ts';
import type { GatewaySettings } from './gateway.ts';

/** Ports of the two applications, and how the entrants take turns. */
export type Around = { readonly turns: Turns; readonly backend: number; readonly large: number };

/** The cookie of a session over plain HTTP. */
export const pair = (cookie: string): string => `sumun=${cookie}`;

/** A gateway of 100 routes and ten people on core 0. */
export function settingsOf({ turns, backend, large }: Around, name: string): GatewaySettings {
  return { folder: turns.folder, name, core: 0, backend, large, routes: 100, people: 10, signIn: false };
}
