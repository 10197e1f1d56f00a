import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHttpProvider } from '../../src/messaging/http.ts';
import { DeliveryFault } from '../../src/messaging/provider.ts';
import { HttpCentre, secret, selfSigned } from './parts.ts';

const centre = new HttpCentre();
beforeAll(() => centre.start());
afterAll(() => centre.stop());
beforeEach(() => {
  centre.received.length = 0;
  centre.answer = (_, response) => response.writeHead(200).end('{}');
});

const MESSAGE = { id: 'm1', to: '+821012345678', text: '[에이콤] 인증번호 "123456"\n@sso.example #123456' };
const fault = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'sent',
    (breakage: unknown) => breakage,
  );

describe('a JSON provider', () => {
  test('is handed number, text and our identifier, escaped for JSON', async () => {
    await createHttpProvider(centre.settings()).send(MESSAGE);
    const [call] = centre.received;
    expect([call?.method, call?.url, call?.headers['content-type']]).toEqual(['POST', '/send', 'application/json']);
    expect(JSON.parse(call?.body ?? '')).toEqual({ to: MESSAGE.to, text: MESSAGE.text, ref: 'm1' });
  });

  test('sends the token as bearer token where no template asks for it, else only where it does', async () => {
    const token = secret('s3cret');
    await createHttpProvider(centre.settings({ token })).send(MESSAGE);
    await createHttpProvider(centre.settings({ token, headers: { 'X-Key': 'k={token}' } })).send(MESSAGE);
    const [first, second] = centre.received;
    expect(first?.headers['authorization']).toBe('Bearer s3cret');
    expect([second?.headers['x-key'], second?.headers['authorization']]).toEqual(['k=s3cret', undefined]);
  });

  test.each([
    ['{"id":"abc"}', 'abc'],
    ['{"messageId":12345}', '12345'],
    ['{"result":{"message_id":"q-7"}}', 'q-7'],
    ['{"messages":[{"sid":"SM1"}]}', 'SM1'],
    ['{"id":{"a":1}}', ''],
    ['OK', ''],
    ['', ''],
  ])('the reference in %s is %j', async (body, reference) => {
    centre.answer = (_, response) => response.writeHead(202).end(body);
    expect(await createHttpProvider(centre.settings()).send(MESSAGE)).toEqual({ reference });
  });
});

describe('other forms', () => {
  test('a form: values are percent-encoded', async () => {
    const settings = centre.settings({
      contentType: 'application/x-www-form-urlencoded; charset=utf-8',
      body: 'receiver={to}&msg={text}&key={token}',
      token: secret('a&b=c'),
    });
    await createHttpProvider(settings).send(MESSAGE);
    const form = Object.fromEntries(new URLSearchParams(centre.received[0]?.body));
    expect(form).toEqual({ receiver: MESSAGE.to, msg: MESSAGE.text, key: 'a&b=c' });
  });

  test('GET: values stand in the address, there is no body', async () => {
    const url = `${centre.url}/send?to={to}&text={text}`;
    await createHttpProvider(centre.settings({ url, method: 'GET' })).send(MESSAGE);
    const [call] = centre.received;
    const query = Object.fromEntries(new URLSearchParams(call?.url.split('?')[1]));
    expect([call?.method, query, call?.body]).toEqual(['GET', { to: MESSAGE.to, text: MESSAGE.text }, '']);
  });

  test('XML: values are escaped', async () => {
    const body = '<sms to="{to}">{text}</sms>';
    const text = `</sms><sms to='1' a="&">`;
    await createHttpProvider(centre.settings({ body, contentType: 'text/xml' })).send({ ...MESSAGE, text });
    expect(centre.received[0]?.body).toBe(
      '<sms to="+821012345678">&lt;/sms&gt;&lt;sms to=&apos;1&apos; a=&quot;&amp;&quot;&gt;</sms>',
    );
  });

  test('a media type nobody can escape for is not sent to', async () => {
    const settings = centre.settings({ contentType: 'text/plain' });
    expect(await fault(Promise.resolve().then(() => createHttpProvider(settings).send(MESSAGE)))).toMatchObject({
      word: 'content-type',
    });
    expect(centre.received).toEqual([]);
  });
});

test('no text breaks out of its place: what arrives is what was sent (property)', async () => {
  const json = createHttpProvider(centre.settings());
  const form = createHttpProvider(
    centre.settings({ contentType: 'application/x-www-form-urlencoded', body: 'to={to}&text={text}&ref={id}' }),
  );
  const hostile = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('","to":"+1900', '&to=1900', '{token}{to}', '\\', '%26to=1', '\u2028', '"}', '\r\nX: 1'),
  );
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      centre.received.length = 0;
      await json.send({ ...MESSAGE, text });
      await form.send({ ...MESSAGE, text });
      const [first, second] = centre.received;
      const sent = { to: MESSAGE.to, text: text.toWellFormed(), ref: 'm1' };
      expect(JSON.parse(first?.body ?? '')).toEqual(sent);
      expect(Object.fromEntries(new URLSearchParams(second?.body))).toEqual(sent);
    }),
    { numRuns: 60 },
  );
});

describe('a message is not taken over', () => {
  test.each([
    [500, 'provider'],
    [503, 'provider'],
    [429, 'provider'],
    [401, 'provider'],
    [400, 'message'],
    [422, 'message'],
  ] as const)('where the answer is %i: the fault of the %s', async (status, blame) => {
    centre.answer = (_, response) => response.writeHead(status).end('{"id":"x"}');
    expect(await fault(createHttpProvider(centre.settings()).send(MESSAGE))).toMatchObject({
      word: `http-${status}`,
      blame,
    });
  });

  test('where it is a redirect: it is not followed, the number goes nowhere else', async () => {
    centre.answer = (_, response) => response.writeHead(307, { location: '/elsewhere' }).end();
    expect(await fault(createHttpProvider(centre.settings()).send(MESSAGE))).toMatchObject({ word: 'http-307' });
    expect(centre.received.map((call) => call.url)).toEqual(['/send']);
  });

  test('where there is no answer in time', async () => {
    centre.answer = () => undefined;
    const late = await fault(createHttpProvider(centre.settings({ timeout: 50 })).send(MESSAGE));
    expect(late).toMatchObject({ word: 'timeout', blame: 'provider' });
  });

  test('where nobody listens', async () => {
    const gone = await new HttpCentre().start();
    const settings = gone.settings();
    await gone.stop();
    expect(await fault(createHttpProvider(settings).send(MESSAGE))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('where a token cannot stand in a header', async () => {
    const settings = centre.settings({ token: secret('a\r\nX-Evil: 1') });
    const broken = await fault(Promise.resolve().then(() => createHttpProvider(settings).send(MESSAGE)));
    expect(broken).toBeInstanceOf(DeliveryFault);
  });
});

test('an answer that breaks off after 2xx is a message taken over: it is not sent twice', async () => {
  centre.answer = (_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"id":');
    setImmediate(() => response.destroy());
  };
  expect(await createHttpProvider(centre.settings()).send(MESSAGE)).toEqual({ reference: '' });
});

test('a certificate that nobody vouches for is not talked to, whatever the environment says', async () => {
  const asked: string[] = [];
  const server = createServer(selfSigned(), (request, response) => {
    asked.push(request.url ?? '');
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/send`;
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  expect(await fault(createHttpProvider(centre.settings({ url, timeout: 5000 })).send(MESSAGE))).toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  vi.unstubAllEnvs();
  expect(asked).toEqual([]);
  server.close();
});
