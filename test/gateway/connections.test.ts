import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { headerValues, RawClient, rawRequest } from '../support/raw-client.ts';
import { answerEach, plainResponse, type Script } from '../support/recorder-upstream.ts';
import { type Gateway, type GatewayOptions, head, openGateway, targetAt } from './fixture.ts';

let gateway: Gateway;
afterEach(() => gateway.stop());
const open = async (options: GatewayOptions = {}): Promise<void> => {
  gateway = await openGateway(options);
};
const pool = () => {
  const found = gateway.gate.running.pools.get('app');
  if (found === undefined) throw new Error('no pool');
  return found;
};
const eventually = async (condition: () => boolean, within = 3000): Promise<void> => {
  const deadline = Date.now() + within;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`still not so: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('upstream connections', () => {
  test('are used again, the last one first, and never for two requests at once', async () => {
    await open();
    for (let count = 0; count < 5; count++) await rawRequest(gateway.port, head('GET /open/x'));
    expect(gateway.recorder.connections).toHaveLength(1);
    gateway.recorder.script = () => {};
    const clients = await Promise.all(Array.from({ length: 3 }, () => RawClient.open(gateway.port)));
    for (const client of clients) client.send(head('GET /open/x'));
    await eventually(() => gateway.recorder.connections.length === 3);
    for (const client of clients) client.destroy();
  });

  test('are no more than the pool allows; what waits is served in turn', async () => {
    await open({ upstream: { pool: { max: 2, idle: 5000 } }, script: () => {} });
    const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.open(gateway.port)));
    for (const client of clients) client.send(head('GET /open/x'));
    await eventually(() => pool().counts.waiting === 4);
    expect(gateway.recorder.connections).toHaveLength(2);
    gateway.recorder.script = answerEach('hello');
    for (const { socket } of gateway.recorder.connections) socket.write(plainResponse('hello'));
    for (const client of clients) expect((await client.response()).body).toBe('hello');
    expect(gateway.recorder.connections).toHaveLength(2);
    expect(pool().counts).toEqual({ open: 2, free: 2, waiting: 0 });
    for (const client of clients) client.destroy();
  });

  test('beyond the waiting line: 503 at once', async () => {
    await open({ upstream: { pool: { max: 1, idle: 5000 } }, script: () => {} });
    const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.open(gateway.port)));
    for (const client of clients.slice(0, 9)) client.send(head('GET /open/x'));
    await eventually(() => pool().counts.waiting === 8);
    expect((await clients[9]?.send(head('GET /open/x')).response())?.status).toBe(503);
    for (const client of clients) client.destroy();
    await eventually(() => pool().counts.open === 0);
  });

  test('that send a byte nobody asked for are destroyed', async () => {
    await open({
      script: (connection) =>
        connection.socket.write(`${plainResponse('hello')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
    });
    for (let count = 0; count < 3; count++) {
      expect((await rawRequest(gateway.port, head('GET /open/x'))).body).toBe('hello');
    }
    expect(gateway.recorder.connections).toHaveLength(3);
    gateway.recorder.script = answerEach('hello');
    await rawRequest(gateway.port, head('GET /open/x'));
    const last = gateway.recorder.connections.at(-1);
    last?.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await eventually(() => last?.closed === true);
    expect((await rawRequest(gateway.port, head('GET /open/x'))).body).toBe('hello');
  });

  test.each([['Connection: close\r\n'], ['Connection: x, CLOSE\r\n']])(
    'that say %s are not used again',
    async (field) => {
      await open({ script: answerEach('hello', field) });
      await rawRequest(gateway.port, head('GET /open/x'));
      await rawRequest(gateway.port, head('GET /open/x'));
      expect(gateway.recorder.connections).toHaveLength(2);
    },
  );

  test('that answered before the body was sent are not used again', async () => {
    await open({ script: answerEach('early') });
    const client = await RawClient.open(gateway.port);
    client.send(`${head('POST /open/x', 'Content-Length: 10')}01234`);
    expect((await client.response()).body).toBe('early');
    await eventually(() => gateway.recorder.connections[0]?.closed === true);
    client.destroy();
    expect((await rawRequest(gateway.port, head('GET /open/x'))).body).toBe('early');
    expect(gateway.recorder.connections).toHaveLength(2);
  });

  test('that idle too long are closed', async () => {
    await open({ upstream: { pool: { max: 4, idle: 200 } } });
    await rawRequest(gateway.port, head('GET /open/x'));
    expect(pool().counts.free).toBe(1);
    await eventually(() => pool().counts.open === 0);
  });
});

describe('a request that no one has read', () => {
  /** Closes a connection without an answer when its second request comes. */
  const closeSecond: Script = (connection) => {
    if (connection.bytes.split('\r\n\r\n').length > 2 && connection.index === 0) connection.socket.destroy();
    else connection.socket.write(plainResponse('hello'));
  };

  test.each(['GET', 'HEAD'])('is sent once more if it is a %s without a body on a used connection', async (method) => {
    await open({
      script: (connection, fresh) => {
        if (connection.bytes.split('\r\n\r\n').length > 2 && connection.index === 0) connection.socket.destroy();
        else if (fresh.startsWith('HEAD')) connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
        else connection.socket.write(plainResponse('hello'));
      },
    });
    await rawRequest(gateway.port, head('GET /open/x'));
    expect((await rawRequest(gateway.port, head(`${method} /open/y`), method)).status).toBe(200);
    expect(gateway.recorder.connections).toHaveLength(2);
  });

  test.each([
    ['POST', head('POST /open/y', 'Content-Length: 0')],
    ['GET with a body', `${head('GET /open/y', 'Content-Length: 1')}x`],
    ['DELETE', head('DELETE /open/y')],
  ])('is 502 if it is a %s', async (_, message) => {
    await open({ script: closeSecond });
    await rawRequest(gateway.port, head('GET /open/x'));
    expect((await rawRequest(gateway.port, message)).status).toBe(502);
    expect(gateway.recorder.bytes.split(' /open/y')).toHaveLength(2);
  });

  test.each([
    [0, 1],
    [1, 2],
  ])('on a new connection is repeated as often as the upstream says: %i', async (times, connections) => {
    const retry = { times, methods: ['GET'] };
    await open({ upstream: { retry }, script: (connection) => connection.socket.destroy() });
    expect((await rawRequest(gateway.port, head('GET /open/x'))).status).toBe(502);
    expect(gateway.recorder.connections).toHaveLength(connections);
  });
});

describe('deadlines', () => {
  test('an upstream that cannot be reached: 502', async () => {
    await open({ upstream: { targets: [targetAt(1)] } });
    expect((await rawRequest(gateway.port, head('GET /open/x'))).status).toBe(502);
  });

  test('an upstream that says nothing: 504, and its connection is gone', async () => {
    await open({ upstream: { timeouts: { connect: 500, firstByte: 300, idle: 300 } }, script: () => {} });
    expect((await rawRequest(gateway.port, head('GET /open/x'))).status).toBe(504);
    await eventually(() => gateway.recorder.connections[0]?.closed === true);
  });

  test('a response that stops: the connection to the browser ends', async () => {
    await open({
      upstream: { timeouts: { connect: 500, firstByte: 300, idle: 300 } },
      script: (connection) => connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
    });
    const client = await RawClient.open(gateway.port);
    client.send(head('GET /open/x'));
    await client.untilClosed();
    expect(client.text).toMatch(/hello$/);
  });

  test('a body that stops: 408', async () => {
    await open({ limits: { idle: 300 }, script: () => {} });
    const client = await RawClient.open(gateway.port);
    client.send(`${head('POST /open/x', 'Content-Length: 10')}01234`);
    expect((await client.response()).status).toBe(408);
    await eventually(() => gateway.recorder.connections[0]?.closed === true);
    client.destroy();
  });
});

describe('whoever goes away takes the other side along', () => {
  const request = `${head('POST /open/x', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`;
  const response = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';

  test('a browser that goes at any octet of its request', async () => {
    await open({ script: () => {} });
    for (let length = 1; length < request.length; length += 3) {
      const client = await RawClient.open(gateway.port);
      client.send(request.slice(0, length));
      await new Promise((resolve) => setTimeout(resolve, 3));
      client.destroy();
    }
    await eventually(() => gateway.recorder.connections.every(({ closed }) => closed) && pool().counts.open === 0);
    // Nothing but the whole message may have reached the application as a whole message.
    const whole = gateway.recorder.connections.filter(({ bytes }) => bytes.endsWith('0\r\n\r\n'));
    expect(whole.length).toBeLessThanOrEqual(1);
    expect(pool().counts).toEqual({ open: 0, free: 0, waiting: 0 });
  });

  test('an upstream that goes at any octet of its response: never a whole message for the browser', async () => {
    let length = 1;
    await open({ script: (connection) => connection.socket.end(response.slice(0, length)) });
    for (; length < response.length; length += 3) {
      const client = await RawClient.open(gateway.port);
      client.send(head('GET /open/x'));
      await client.until(() => client.text.includes('\r\n\r\n'));
      if (client.text.startsWith('HTTP/1.1 200')) {
        await client.untilClosed();
        expect(client.text).not.toMatch(/0\r\n\r\n$/);
      } else expect(client.text).toMatch(/^HTTP\/1\.1 502 /);
      client.destroy();
    }
  });

  test('a browser that waits for the answer', async () => {
    await open({ script: () => {} });
    const client = await RawClient.open(gateway.port);
    client.send(head('GET /open/x'));
    await eventually(() => gateway.recorder.bytes !== '');
    client.destroy();
    await eventually(() => gateway.recorder.connections[0]?.closed === true);
  });
});

describe('a body is never held', () => {
  const MIB = 1024 * 1024;
  const SIZE = 128 * MIB;
  const IN_FLIGHT = 32 * MIB;

  /** Settles when a count has not moved for a while. */
  async function stalls(count: () => number): Promise<void> {
    for (let before = -1; before !== count(); ) {
      before = count();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test('128 MiB from the application to a browser that stops reading for a while', async () => {
    const block = Buffer.alloc(MIB, 'x');
    let sender: Socket | undefined;
    await open({
      script: (connection) => {
        sender = connection.socket;
        connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
        let left = SIZE;
        const pump = (): void => {
          while (left > 0) {
            left -= block.length;
            if (!connection.socket.write(block)) return;
          }
        };
        connection.socket.on('drain', pump);
        pump();
      },
    });
    const client = await RawClient.open(gateway.port);
    let received = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    client.send(head('GET /open/big'));
    await eventually(() => received > MIB);
    client.socket.pause();
    await stalls(() => sender?.bytesWritten ?? 0);
    // What is on its way lies in the buffers of the operating system and in one read of the gateway.
    expect((sender?.bytesWritten ?? 0) - received).toBeLessThan(IN_FLIGHT);
    client.socket.resume();
    await eventually(() => received >= SIZE, 15_000);
    client.destroy();
  });

  test('128 MiB from a browser to an application that stops reading for a while', async () => {
    await open({ script: () => {} });
    let received = 0;
    gateway.recorder.onConnection = (socket) => {
      socket.removeAllListeners('data');
      socket.on('data', (bytes: Buffer) => {
        received += bytes.length;
        if (received >= SIZE) socket.write(plainResponse('done'));
      });
    };
    const block = Buffer.alloc(MIB, 'x');
    const client = await RawClient.open(gateway.port);
    client.send(head('POST /open/big', `Content-Length: ${SIZE}`));
    let left = SIZE;
    const pump = (): void => {
      while (left > 0) {
        left -= block.length;
        if (!client.socket.write(block)) return;
      }
    };
    client.socket.on('drain', pump);
    pump();
    await eventually(() => received > MIB);
    gateway.recorder.connections[0]?.socket.pause();
    await stalls(() => client.socket.bytesWritten);
    expect(client.socket.bytesWritten - received).toBeLessThan(IN_FLIGHT);
    gateway.recorder.connections[0]?.socket.resume();
    expect((await client.response('GET', 15_000)).body).toBe('done');
    client.destroy();
  });
});

describe('connections of browsers', () => {
  test('are no more for one address than the limit', async () => {
    await open({ limits: { perAddress: 3 } });
    const clients = await Promise.all(Array.from({ length: 3 }, () => RawClient.open(gateway.port)));
    for (const client of clients) expect((await client.send(head('GET /open/x')).response()).status).toBe(200);
    expect((await (await RawClient.open(gateway.port)).response()).status).toBe(429);
    clients[0]?.destroy();
    await eventually(() => clients[0]?.closed === true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await rawRequest(gateway.port, head('GET /open/x'))).status).toBe(200);
    for (const client of clients) client.destroy();
  });

  test('that have a request in hand when the gateway stops get its answer, and are told it is the last', async () => {
    await open({ script: () => {}, drain: 3000 });
    const busy = await RawClient.open(gateway.port);
    const idle = await RawClient.open(gateway.port);
    busy.send(head('GET /open/x'));
    await eventually(() => gateway.recorder.bytes !== '');
    const closed = gateway.listeners.close();
    await expect(RawClient.open(gateway.port)).rejects.toThrow();
    gateway.recorder.connections[0]?.socket.write(plainResponse('last'));
    const answer = await busy.response();
    expect(answer.body).toBe('last');
    expect(headerValues(answer, 'connection')).toEqual(['close']);
    await idle.untilClosed();
    await closed;
  });
});
