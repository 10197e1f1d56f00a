import type { Scope } from '../../src/core/identity/api-client.ts';
import { addClient } from '../../src/flows/clients.ts';
import { Doors } from './doors.ts';
import { type GateFixture, type GateOptions, startGate } from './gate.ts';

/** The product with its web door, its API and its RADIUS server, and somebody at each of them. */
export type ThreeDoors = GateFixture & {
  readonly doors: Doors;
  readonly apiPort: number;
  readonly radiusPort: number;
  /** An API key of its own. */
  addKey(name: string, scopes: readonly Scope[], app?: string): Promise<string>;
};

export const RADIUS_SECRET = 'a-secret-of-24-octets-ok';

/** The part of a configuration with one RADIUS client at 127.0.0.1; `lines` are more of its fields. */
export const radiusYaml = (lines = 'auth: id+otp', name = 'vpn'): string =>
  `demo: true\nradius:\n  listen: "127.0.0.1:0"\n  clients:\n    - name: ${name}\n      address: 127.0.0.1\n` +
  `      secret: ${RADIUS_SECRET}\n      rate: { client: 100000, user: 1000 }\n${lines.trim().replace(/^/gm, '      ')}\n`;

/** Starts it with routes and whatever else a configuration holds; the form of `path` is what the web door fills in. */
export async function startThreeDoors(yaml: string, path: string, options: GateOptions = {}): Promise<ThreeDoors> {
  const gate = await startGate(yaml, options);
  const addKey = async (name: string, scopes: readonly Scope[], app = ''): Promise<string> => {
    const by = { actor: 'cli', address: '', request: '' };
    const added = await addClient(gate.house, name, { app, scopes, networks: [], expiresAt: undefined }, by);
    if (added.kind !== 'added') throw new Error(`the key ${name} exists`);
    return added.key;
  };
  const apiPort = Number(new URL(gate.served.origins.console).port);
  const radiusPort = gate.served.radius.find(({ transport }) => transport === 'udp')?.port ?? 0;
  const key = await addKey(`door-${Date.now().toString(36)}`, ['verify']);
  const doors = await Doors.open({ gatePort: gate.port, apiPort, radiusPort, key, secret: RADIUS_SECRET, path });
  return {
    ...gate,
    doors,
    apiPort,
    radiusPort,
    addKey,
    stop: async (how) => {
      doors.close();
      await gate.stop(how);
    },
  };
}
