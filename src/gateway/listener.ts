import type { ListenAddress } from '../core/policy.ts';
import { MINUTE } from '../core/time.ts';
import { ConnectionCaps } from './connection-caps.ts';
import { freshState } from './connection-state.ts';
import { Front } from './front/front.ts';
import type { Incoming, Outgoing } from './front/message.ts';
import type { Gate } from './gate.ts';
import { handle } from './handle.ts';
import type { Accepted } from './listening/arrivals.ts';
import { openDoors } from './listening/doors.ts';
import { answerPlain } from './listening/redirect.ts';
import { respondUnreadable } from './unreadable.ts';
import { asksForWebSocket } from './websocket.ts';

/** The listeners of the gateway, accepting. */
export type Listeners = {
  /** Where they listen; a port that was configured as 0 is the one the system chose. */
  readonly addresses: readonly ListenAddress[];
  /** Plain addresses that only redirect. */
  readonly redirects?: readonly ListenAddress[];
  /** Stops accepting, lets requests in hand end, and cuts what is left when the drain time is over. */
  close(): Promise<void>;
  /** Cuts at once what a `close` under way still waits for. */
  cut?(): void;
};

/** Opens every listener of the configuration, or none: throws if an address cannot be had. */
export async function listen(gate: Gate): Promise<Listeners> {
  const front = frontOf(gate, (request, response) => handle(gate, request, response));
  const redirecting = frontOf(gate, (request, response) => answerPlain(gate, request, response, port));
  const caps = new ConnectionCaps(() => gate.running.policy.server, gate.census);
  let port = 443;
  const serveOn =
    (taker: Front) =>
    ({ socket, peer, scheme, mayForward }: Accepted): void =>
      taker.serve(socket, freshState(peer, scheme, mayForward));
  const doors = await openDoors(gate, caps, { gateway: serveOn(front), redirect: serveOn(redirecting) }).catch(
    async (breakage: unknown) => {
      await Promise.all([front.close(0), redirecting.close(0)]);
      throw breakage;
    },
  );
  port = doors.addresses[0]?.port ?? port;
  return {
    addresses: doors.addresses,
    redirects: doors.redirects,
    close: async () => {
      gate.draining = true;
      doors.close();
      const { drain } = gate.running.policy.server;
      await Promise.all([front.close(drain), redirecting.close(drain)]);
      await gate.close();
    },
    cut: () => {
      front.cut();
      redirecting.cut();
    },
  };
}

/** The HTTP side of the gateway: every request it reads goes through `handle`. */
const frontOf = (gate: Gate, receive: (request: Incoming, response: Outgoing) => void): Front =>
  new Front({
    limits: () => gate.running.policy.server.limits,
    quiet: () => quietLimit(gate),
    draining: () => gate.draining,
    ticker: gate.ticker,
    clock: gate.house.clock,
    takesUpgrade: ({ upgrade, rawHeaders }) => upgrade && asksForWebSocket(rawHeaders),
    receive,
    unreadable: (connection, fault) => respondUnreadable(gate, fault, connection),
  });

/** How long a connection may carry nothing at all, either way: longer than anything that is allowed to be silent. */
function quietLimit(gate: Gate): number {
  const { server, upstreams } = gate.running.policy;
  const silences = [...upstreams.values()].flatMap(({ timeouts }) => [timeouts.firstByte, timeouts.idle]);
  return Math.max(server.limits.idle, ...silences) + MINUTE;
}
