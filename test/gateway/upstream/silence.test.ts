import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isSilent } from '../../../src/gateway/upstream/silence.ts';

let server: Server;
let near: Socket;
let far: Socket;

beforeEach(async () => {
  const accepted = Promise.withResolvers<Socket>();
  server = createServer({ noDelay: true, allowHalfOpen: true }, accepted.resolve);
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)); // listening on TCP
  });
  near = connect({ port, host: '127.0.0.1' });
  far = await accepted.promise;
  await new Promise((resolve) => setImmediate(resolve));
});
afterEach(async () => {
  near.destroy();
  far.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** Waits without letting the event loop read: what was sent lies in the kernel. */
const settle = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);

describe('an idle connection', () => {
  test('on which nothing came is silent, however often one looks', () => {
    expect([isSilent(near), isSilent(near), isSilent(far)]).toEqual([true, true, true]);
  });

  test('on which an octet waits is not, before the event loop has told of it', () => {
    far.write('!');
    settle();
    expect(isSilent(near)).toBe(false);
  });

  test('that the other side has reset is not', () => {
    far.resetAndDestroy();
    settle();
    expect(isSilent(near)).toBe(false);
  });
});
