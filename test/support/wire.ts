import { setTimeout as wait } from 'node:timers/promises';
import { RawClient } from './raw-client.ts';

/** One response as it came over the wire. */
export type WireResponse = {
  readonly status: number;
  readonly body: Buffer;
  /** First value of a field, by its name in lower case. */
  header(name: string): string | undefined;
};

/** Everything a connection answered until it ended or fell silent. */
export type Exchange = {
  readonly responses: readonly WireResponse[];
  /** True if the other end closed the connection. */
  readonly closed: boolean;
};

/**
 * Sends bytes exactly as they are on a connection of their own, in one piece or several, and gathers what comes back
 * until the other end closes or says nothing for `quiet` milliseconds.
 */
export async function sendRaw(
  port: number,
  pieces: string | Buffer | readonly (string | Buffer)[],
  { quiet = 250, pause = 5 } = {},
): Promise<Exchange> {
  const client = await RawClient.open(port);
  const responses: WireResponse[] = [];
  try {
    for (const piece of typeof pieces === 'string' || Buffer.isBuffer(pieces) ? [pieces] : pieces) {
      client.send(piece);
      await wait(pause);
    }
    for (;;) {
      await client.until(() => client.text !== '' || isOver(client), quiet).catch(() => undefined);
      if (client.text === '') return { responses, closed: isOver(client) };
      const { status, rawHeaders, body } = await client.response('GET', quiet);
      const header = (name: string) =>
        rawHeaders[rawHeaders.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name) + 1];
      const has = (name: string) => rawHeaders.some((each, at) => at % 2 === 0 && each.toLowerCase() === name);
      responses.push({
        status,
        body: Buffer.from(body, 'latin1'),
        header: (name) => (has(name) ? header(name) : undefined),
      });
    }
  } catch {
    return { responses, closed: isOver(client) };
  } finally {
    client.destroy();
  }
}

const isOver = (client: RawClient): boolean => client.closed || client.socket.readableEnded;
