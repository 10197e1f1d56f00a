import type { Policy } from '../core/policy.ts';
import type { Clock, House, Log, Random } from '../ports.ts';
import type { Verifier } from './access.ts';
import type { Counts } from './counters.ts';
import { RadiusDoor } from './door.ts';
import type { Listening } from './listening.ts';
import { listenTcp, listenTls } from './stream.ts';
import { listenUdp } from './udp.ts';

/** A RADIUS server that answers. */
export type RadiusServer = {
  /** What it is bound to; port 0 of the configuration is the real one here. */
  readonly addresses: readonly Pick<Listening, 'transport' | 'address' | 'port'>[];
  /** Numbers since the start, for the metrics. */
  counters(): Readonly<Counts>;
  /** Takes nothing new, answers what is in work, then closes. */
  close(): Promise<void>;
};

export type RadiusOptions = {
  readonly policy: () => Policy;
  readonly verifier: Verifier;
  readonly audit: Pick<House['audit'], 'append'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/**
 * Starts every RADIUS listener of the policy. Clients, their secrets and rules are read from the present policy with
 * every packet; addresses are bound once. Rejects, with nothing left bound, where one cannot be.
 */
export async function openRadius(options: RadiusOptions): Promise<RadiusServer> {
  const { log } = options;
  const { listen, tcp, tls } = options.policy().radius;
  const door = new RadiusDoor(options);
  const starts = [
    ...listen.map((address) => () => listenUdp(door, address, log)),
    ...tcp.map((address) => () => listenTcp(door, address, log)),
    ...(tls === undefined ? [] : [() => listenTls(door, tls, log)]),
  ];
  const bound: Listening[] = [];
  const close = async (): Promise<void> => {
    for (const each of bound) each.stop();
    await door.settled();
    await Promise.all(bound.map((each) => each.close()));
  };
  try {
    for (const start of starts) bound.push(await start());
  } catch (breakage) {
    await close();
    throw breakage;
  }
  return {
    addresses: bound.map(({ transport, address, port }) => ({ transport, address, port })),
    counters: () => ({ ...door.counts }),
    close,
  };
}
