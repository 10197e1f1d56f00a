import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { startLegacy } from './legacy.ts';

/** Ports to listen on; 0 is any free one. Without a RADIUS port it is the usual one of the demo, if that is free. */
export type DemoPorts = { readonly port: number; readonly consolePort: number; readonly radiusPort?: number };

const USUAL_RADIUS_PORT = 18120;

/** Ports that can be listened on, each a number: what is written down is where a reload finds the listener. */
export const freePorts = async (ports: DemoPorts): Promise<Required<DemoPorts>> => ({
  port: await freeUnless(ports.port),
  consolePort: await freeUnless(ports.consolePort),
  radiusPort: await radiusPort(ports.radiusPort),
});

async function freeUnless(port: number): Promise<number> {
  if (port !== 0) return port;
  const probe = await startLegacy();
  await probe.close();
  return probe.port;
}

/** A port that was asked for is taken as it is; otherwise the usual one, or a free one where that is taken. */
async function radiusPort(asked: number | undefined): Promise<number> {
  if (asked !== undefined && asked !== 0) return asked;
  return (asked === 0 ? undefined : await udpPort(USUAL_RADIUS_PORT)) ?? (await udpPort(0)) ?? 0;
}

/** The number of a UDP port that can be bound now, or undefined where it is taken. */
async function udpPort(port: number): Promise<number | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return socket.address().port;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
