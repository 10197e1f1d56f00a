import { type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Provider } from '../../src/messaging/provider.ts';
import { createSmppProvider } from '../../src/messaging/smpp.ts';
import { keptLog, secret, selfSigned, until } from './parts.ts';
import { SmppCentre } from './smpp-centre.ts';

let centre: SmppCentre;
let provider: Provider | undefined;
const receipts: unknown[] = [];
const log = keptLog();

beforeEach(async () => {
  centre = await new SmppCentre().start();
  receipts.length = 0;
});
afterEach(async () => {
  await provider?.close();
  await centre.stop();
});

const open = (changes: Parameters<SmppCentre['settings']>[0] = {}): Provider => {
  provider = createSmppProvider(centre.settings(changes), (...receipt) => receipts.push(receipt), log);
  return provider;
};
const MESSAGE = { id: 'm1', to: '+821012345678', text: '[에이콤] 인증번호 123456\n@sso.example #123456' };
const fault = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'sent',
    (breakage: unknown) => breakage,
  );

describe('a message centre (SMPP 3.4)', () => {
  test('gets the text in UCS-2, the number in E.164 without its plus, and is asked for a receipt', async () => {
    expect(await open().send(MESSAGE)).toEqual({ reference: 's1' });
    const [sent] = centre.submitted;
    expect(sent).toMatchObject({ to: '821012345678', ton: 1, text: MESSAGE.text });
    expect(sent?.pdu).toMatchObject({ data_coding: 8, registered_delivery: 1, source_addr: '0212345678' });
  });

  test('gets a national number as it is, and a sender’s name as a name', async () => {
    await open({ from: 'ACOM' }).send({ ...MESSAGE, to: '01012345678' });
    expect(centre.submitted[0]).toMatchObject({ to: '01012345678', ton: 0 });
    expect(centre.submitted[0]?.pdu).toMatchObject({ source_addr: 'ACOM' });
  });

  test('gets a long text whole, as payload', async () => {
    const text = '가'.repeat(300);
    await open().send({ ...MESSAGE, text });
    expect(centre.submitted[0]?.text).toBe(text);
  });

  test('many messages share one connection, each with its own reference', async () => {
    const many = open();
    const references = await Promise.all(Array.from({ length: 50 }, () => many.send(MESSAGE)));
    expect(new Set(references.map(({ reference }) => reference)).size).toBe(50);
    expect(centre.bound).toHaveLength(1);
  });
});

describe('receipts', () => {
  test.each([
    [{ receipted_message_id: 's9', message_state: 2 }, ['centre', 's9', true]],
    [{ receipted_message_id: 's9', message_state: 5 }, ['centre', 's9', false]],
    [
      { short_message: 'id:s7 sub:001 dlvrd:001 submit date:2611231402 done date:2611231403 stat:DELIVRD err:000' },
      ['centre', 's7', true],
    ],
    [{ short_message: 'id:s7 stat:UNDELIV err:001' }, ['centre', 's7', false]],
  ])('%j', async (fields, expected) => {
    open();
    await until(() => centre.bound.length === 1);
    centre.receipt(fields);
    await until(() => receipts.length > 0);
    expect(receipts).toEqual([expected]);
  });

  test('a state on the way, a message of a person and nonsense are none', async () => {
    open();
    await until(() => centre.bound.length === 1);
    centre.receipt({ receipted_message_id: 's1', message_state: 1 });
    centre.receipt({ esm_class: 0, short_message: 'id:s1 stat:DELIVRD' });
    centre.receipt({ short_message: 'hello' });
    centre.receipt({ receipted_message_id: 's2', message_state: 2 });
    await until(() => receipts.length > 0);
    expect(receipts).toEqual([['centre', 's2', true]]);
  });
});

describe('a message is not taken over', () => {
  test.each([
    [0x0b, 'message'],
    [0x58, 'provider'],
  ] as const)('where it is refused with status %i: the fault of the %s', async (status, blame) => {
    centre.status = status;
    expect(await fault(open().send(MESSAGE))).toMatchObject({ word: `smpp-${status}`, blame });
  });

  test('where the password is wrong', async () => {
    expect(await fault(open({ password: secret('no') }).send(MESSAGE))).toMatchObject({ word: 'smpp-bind-14' });
  });

  test('where the answer does not come in time', async () => {
    centre.status = undefined;
    expect(await fault(open({ timeout: 60 }).send(MESSAGE))).toMatchObject({ word: 'timeout', blame: 'provider' });
  });

  test('where the other side speaks something else', async () => {
    const web = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const address = web.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await fault(open({ port, timeout: 300 }).send(MESSAGE))).toMatchObject({ name: 'DeliveryFault' });
    await provider?.close();
    web.close();
  });
});

test('a certificate that nobody vouches for is not talked to: the password stays here', async () => {
  let bytes = 0;
  const server = createTlsServer(selfSigned(), (socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        bytes += chunk.length;
      });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await fault(open({ port, tls: true, timeout: 5000 }).send(MESSAGE))).toMatchObject({
    word: 'depth_zero_self_signed_cert',
  });
  await provider?.close();
  await new Promise((resolve) => server.close(resolve));
  expect(bytes).toBe(0);
});

describe('a connection that breaks', () => {
  test('fails what was under way, and the next message is sent over a new one', async () => {
    const one = open();
    await one.send(MESSAGE);
    centre.status = undefined;
    const lost = fault(one.send(MESSAGE));
    await until(() => centre.submitted.length === 2);
    for (const session of [...centre.bound]) session.destroy();
    expect(await lost).toMatchObject({ blame: 'provider' });
    centre.status = 0;
    expect(await one.send(MESSAGE)).toEqual({ reference: 's3' });
  });

  test('a centre that comes back is found again', async () => {
    const one = open();
    await one.send(MESSAGE);
    await centre.stop();
    expect(await fault(one.send(MESSAGE))).toMatchObject({ blame: 'provider' });
    await centre.start();
    expect(await one.send(MESSAGE)).toEqual({ reference: 's2' });
  });

  test('closing unbinds, and nothing connects again', async () => {
    const one = open();
    await one.send(MESSAGE);
    await one.close();
    await until(() => centre.bound.length === 0);
    expect(await fault(one.send(MESSAGE))).toMatchObject({ word: 'closed' });
  });
});
