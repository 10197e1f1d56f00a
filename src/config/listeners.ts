import { contains, readAddress } from '../core/access/cidr.ts';
import type { ListenAddress } from '../core/policy.ts';
import { type Context, writtenAt } from './context.ts';
import type { YamlPath } from './document.ts';
import type { Configuration } from './schema/root.ts';

type Listener = {
  readonly protocol: 'tcp' | 'udp';
  readonly address: ListenAddress;
  /** Where it is written, if it is. */
  readonly path: YamlPath | undefined;
};

/** Reports addresses listened on twice, and in a demo every one that others reach: literal secrets are for this machine. */
export function checkListeners(config: Configuration, context: Context): void {
  const taken = new Map<string, Listener>();
  for (const listener of listenersOf(config, context)) {
    const found = `${listener.address.host}:${listener.address.port}`;
    const key = `${listener.protocol} ${found}`;
    const path = listener.path ?? taken.get(key)?.path ?? [];
    if (listener.address.port !== 0 && taken.has(key)) context.report('same-address', path, { found });
    taken.set(key, listener);
    if (config.demo && !isLoopback(listener.address))
      context.report('demo-not-loopback', listener.path ?? ['demo'], { found });
  }
}

function listenersOf(
  { server, console, radius, forward_auth: asked }: Configuration,
  context: Context,
): readonly Listener[] {
  const list = (addresses: readonly ListenAddress[], protocol: Listener['protocol'], base: YamlPath) =>
    addresses.map((address, index) => ({ protocol, address, path: pathOf(base, index, context) }));
  const one = (address: ListenAddress, path: YamlPath): Listener => ({
    protocol: 'tcp',
    address,
    path: writtenAt(context.document, path) === undefined ? undefined : path,
  });
  return [
    ...list(server.listen, 'tcp', ['server', 'listen']),
    ...list(server.redirect_from, 'tcp', ['server', 'redirect_from']),
    one(console.listen, ['console', 'listen']),
    ...(asked.listen === null ? [] : [one(asked.listen, ['forward_auth', 'listen'])]),
    ...list(radius.listen, 'udp', ['radius', 'listen']),
    ...list(radius.tcp, 'tcp', ['radius', 'tcp']),
    ...(radius.tls === null ? [] : [one(radius.tls.listen, ['radius', 'tls', 'listen'])]),
  ];
}

const pathOf = (base: YamlPath, index: number, context: Context): YamlPath | undefined =>
  writtenAt(context.document, base) === undefined ? undefined : [...base, index];

/** True if only this machine reaches the address. */
export function isLoopback({ host }: ListenAddress): boolean {
  if (host === 'localhost') return true;
  const address = readAddress(host);
  const loopback = { family: 4, base: 127n << 24n, bits: 8, text: '127.0.0.0/8' } as const;
  return address !== undefined && (contains(loopback, address) || (address.family === 6 && address.value === 1n));
}
