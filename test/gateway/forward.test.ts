import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { headerValues, RawClient, rawRequest } from '../support/raw-client.ts';
import { answerEach, answerInTurn, plainResponse } from '../support/recorder-upstream.ts';
import { type Gateway, HOST, head, openGateway } from './fixture.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openGateway();
});
afterAll(() => gateway.stop());
beforeEach(() => {
  gateway.recorder.forget();
  gateway.recorder.script = answerEach('hello');
});

const linesOf = (text: string): string[] => (text.split('\r\n\r\n')[0] ?? '').split('\r\n');

describe('what reaches the application', () => {
  test('the target that was decided on, byte for byte, and the headers in order and case', async () => {
    const answer = await rawRequest(
      gateway.port,
      head('GET /open/a%20b/c;x=1?q=%2f&q=..//', 'X-Custom: Value  with  spaces', 'aCCEPT: */*', 'Cookie: a=1; b=2'),
    );
    expect(answer).toMatchObject({ status: 200, body: 'hello' });
    const lines = linesOf(gateway.recorder.bytes);
    expect(lines[0]).toBe('GET /open/a%20b/c;x=1?q=%2f&q=..// HTTP/1.1');
    expect(lines.slice(1, 5)).toEqual([
      `Host: ${HOST}`,
      'X-Custom: Value  with  spaces',
      'aCCEPT: */*',
      'Cookie: a=1; b=2',
    ]);
    expect(lines.slice(5, 10)).toEqual([
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      `X-Forwarded-Host: ${HOST}`,
      'X-Forwarded-Port: 80',
      'Via: 1.1 sumun',
    ]);
    expect(lines[10]).toBe(`X-Request-Id: ${headerValues(answer, 'x-request-id')[0]}`);
    expect(lines).toHaveLength(11);
  });

  test('no hop-by-hop field, none that Connection names, and no reserved name in any spelling', async () => {
    await rawRequest(
      gateway.port,
      head(
        'GET /open/x',
        'Connection: keep-alive, X-Private',
        'X-Private: 1',
        'Keep-Alive: timeout=5',
        'TE: trailers',
        'Proxy-Authorization: Basic eDp5',
        'X-Sumun-User: root',
        'x_sumun_user: root',
        'X.Sumun.User: root',
        'Remote_User: root',
        'X-Forwarded-For: 1.2.3.4',
        'X-Real-IP: 1.2.3.4',
        'Forwarded: for=1.2.3.4',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
      ),
    );
    const { bytes } = gateway.recorder;
    expect(bytes).toMatch(/^GET \/open\/x /);
    expect(bytes).not.toMatch(/root|X-Private|1\.2\.3\.4|timeout=5|eDp5|h2c|HTTP2|trailers/i);
    expect(gateway.gate.counters.spoofed).toBeGreaterThanOrEqual(4);
  });

  test.each(['Host', 'Cookie', 'Content-Length', 'Authorization', 'X-Forwarded-For', 'Transfer-Encoding'])(
    'nothing when Connection nominates %s (400)',
    async (name) => {
      const answer = await rawRequest(gateway.port, head('GET /open/x', `Connection: ${name}`));
      expect(answer.status).toBe(400);
      expect(gateway.recorder.bytes).toBe('');
    },
  );

  test('who it is: plain headers and an assertion for a session, and never our cookie', async () => {
    const cookie = await gateway.signIn('lee');
    const answer = await rawRequest(gateway.port, head('GET /salary', `Cookie: a=1; ${cookie}; b=2`));
    expect(answer.status).toBe(200);
    const lines = linesOf(gateway.recorder.bytes);
    expect(lines).toContain('X-Sumun-User: lee');
    expect(lines).toContain('X-Sumun-Name: %EA%B9%80');
    expect(lines).toContain('X-Sumun-Groups: staff');
    expect(lines).toContain('X-Sumun-Amr: otp');
    expect(lines.some((line) => line.startsWith('X-Sumun-Phone'))).toBe(false);
    expect(lines.find((line) => line.startsWith('X-Sumun-Assertion: '))?.split('.')).toHaveLength(3);
    expect(gateway.recorder.bytes).not.toContain(cookie.split('=')[1]);
    expect(gateway.recorder.bytes).toContain('a=1');
    expect(gateway.recorder.bytes).toContain('b=2');
  });

  test('one assertion for half its life, another one after seven tenths of it', async () => {
    const cookie = await gateway.signIn('choi');
    const assertionNow = async (): Promise<string | undefined> => {
      gateway.recorder.forget();
      await rawRequest(gateway.port, head('GET /', `Cookie: ${cookie}`));
      return linesOf(gateway.recorder.bytes).find((line) => line.startsWith('X-Sumun-Assertion'));
    };
    const first = await assertionNow();
    gateway.time.now += 29_000;
    expect(await assertionNow()).toBe(first);
    gateway.time.now += 14_000;
    expect(await assertionNow()).not.toBe(first);
  });
});

describe('bodies', () => {
  const echoLength = (): void => {
    gateway.recorder.script = (connection) => {
      const [, body = ''] = connection.bytes.split('\r\n\r\n');
      if (/content-length/i.test(connection.bytes) && body.length >= 10) connection.socket.write(plainResponse('done'));
      if (connection.bytes.endsWith('0\r\n\r\n')) connection.socket.write(plainResponse('done'));
    };
  };

  test('a length stays a length', async () => {
    echoLength();
    const answer = await rawRequest(gateway.port, `${head('POST /open/x', 'Content-Length: 10')}0123456789`);
    expect(answer.body).toBe('done');
    expect(gateway.recorder.bytes).toMatch(/\r\nContent-Length: 10\r\n\r\n0123456789$/);
  });

  test('chunks are framed anew, extensions and trailers are dropped', async () => {
    echoLength();
    const body = '5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sumun-User: root\r\n\r\n';
    const answer = await rawRequest(gateway.port, head('POST /open/x', 'Transfer-Encoding: chunked') + body);
    expect(answer.body).toBe('done');
    expect(gateway.recorder.bytes).toMatch(/\r\nTransfer-Encoding: chunked\r\n\r\n/);
    expect(gateway.recorder.bytes).not.toMatch(/ext|root/);
    const sent = gateway.recorder.bytes.split('\r\n\r\n').slice(1).join('\r\n\r\n');
    expect(sent.replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '')).toContain('hello world'.slice(0, 5));
  });

  test('Expect: 100-continue goes to the application, and its 100 comes back before the body', async () => {
    gateway.recorder.script = (connection, fresh) => {
      if (fresh.includes('Expect: 100-continue')) connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (connection.bytes.endsWith('0123456789')) connection.socket.write(plainResponse('done'));
    };
    const client = await RawClient.open(gateway.port);
    client.send(head('POST /open/x', 'Content-Length: 10', 'Expect: 100-continue'));
    expect((await client.response()).status).toBe(100);
    expect((await client.send('0123456789').response()).body).toBe('done');
    client.destroy();
  });

  test('an application that answers an expectation with 417 is believed; the body is not asked for', async () => {
    gateway.recorder.script = answerInTurn('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n');
    const client = await RawClient.open(gateway.port);
    client.send(head('POST /open/x', 'Content-Length: 100000', 'Expect: 100-continue'));
    const answer = await client.response();
    expect(answer.status).toBe(417);
    expect(headerValues(answer, 'connection')).toEqual(['close']);
    await client.untilClosed();
  });

  test('an application that ignores the expectation gets the body after a second', async () => {
    gateway.recorder.script = (connection) => {
      if (connection.bytes.endsWith('0123456789')) connection.socket.write(plainResponse('done'));
    };
    const client = await RawClient.open(gateway.port);
    client.send(head('POST /open/x', 'Content-Length: 10', 'Expect: 100-continue'));
    expect((await client.response()).status).toBe(100);
    expect((await client.send('0123456789').response()).body).toBe('done');
    client.destroy();
  });
});

describe('responses', () => {
  const through = async (response: string, request = head('GET /open/x'), method = 'GET') => {
    gateway.recorder.script = answerInTurn(response);
    return rawRequest(gateway.port, request, method);
  };

  test.each([
    ['length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: v\r\n\r\n'],
    ['no reason', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello'],
    [
      'early hints first',
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    ],
  ])('framed by %s arrive whole', async (_, response) => {
    expect(await through(response)).toMatchObject({ status: 200, body: 'hello' });
  });

  test.each([
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello'],
    ['without a length', 'HTTP/1.1 200 OK\r\n\r\nhello'],
  ])('%s end with the connection', async (_, response) => {
    gateway.recorder.script = (connection) => connection.socket.end(response);
    expect(await rawRequest(gateway.port, head('GET /open/x'))).toMatchObject({ status: 200, body: 'hello' });
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', 200],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n', 304],
  ])('%s with no body: the connection stays', async (method, response, status) => {
    gateway.recorder.script = answerInTurn(response, plainResponse('next'));
    const client = await RawClient.open(gateway.port);
    expect((await client.send(head(`${method} /open/x`)).response(method)).status).toBe(status);
    expect((await client.send(head('GET /open/y')).response()).body).toBe('next');
    client.destroy();
  });

  test.each([
    ['length and coding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
    ['an odd coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 5\r\n\r\nhello'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 5\r\n\r\nhello'],
    ['a control character', 'HTTP/1.1 200 OK\r\nA: b\u0001\r\nContent-Length: 5\r\n\r\nhello'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(70_000)}`],
  ])('with %s are 502', async (_, response) => {
    expect((await through(response)).status).toBe(502);
  });

  test('that break off in the middle break off for the browser too', async () => {
    gateway.recorder.script = (connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
      setTimeout(() => connection.socket.destroy(), 30);
    };
    const client = await RawClient.open(gateway.port);
    client.send(head('GET /open/x'));
    await client.untilClosed();
    expect(client.text).toMatch(/Content-Length: 10\r\n/);
    expect(client.text).toMatch(/hello$/);
  });

  test('a faulty chunk never becomes the end of a message', async () => {
    gateway.recorder.script = (connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      setTimeout(() => connection.socket.write('zz\r\n'), 30);
    };
    const client = await RawClient.open(gateway.port);
    client.send(head('GET /open/x'));
    await client.untilClosed();
    expect(client.text).not.toMatch(/0\r\n\r\n$/);
  });

  test('server-sent events arrive one by one', async () => {
    gateway.recorder.script = (connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      setTimeout(() => connection.socket.write('data: 1\n\n'), 20);
      setTimeout(() => connection.socket.write('data: 2\n\n'), 120);
    };
    const client = await RawClient.open(gateway.port);
    client.send(head('GET /open/events'));
    await client.until(() => client.text.includes('text/event-stream'));
    await client.until(() => client.text.includes('data: 1'));
    expect(client.text).not.toContain('data: 2');
    await client.until(() => client.text.includes('data: 2'));
    client.destroy();
  });

  test('hop-by-hop fields stay behind, everything else comes as it was', async () => {
    const fields =
      'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nsERVER: Old/1\r\nETag: "x"\r\n';
    const answer = await through(plainResponse('hello', fields));
    expect(headerValues(answer, 'x-hop')).toEqual([]);
    expect(answer.rawHeaders).toContain('sERVER');
    expect(headerValues(answer, 'etag')).toEqual(['"x"']);
    expect(headerValues(answer, 'cache-control')).toEqual([]);
  });

  test('every answer carries one request number', async () => {
    const answer = await through(plainResponse('hello', 'X-Request-Id: theirs\r\n'));
    expect(headerValues(answer, 'x-request-id')).toHaveLength(1);
    expect(headerValues(answer, 'x-request-id')[0]).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  test('personal answers are private unless they call themselves public', async () => {
    const cookie = `Cookie: ${await gateway.signIn('han')}`;
    const cached = async (fields: string) => {
      const answer = await through(plainResponse('hello', fields), head('GET /x', cookie));
      return [headerValues(answer, 'cache-control'), headerValues(answer, 'vary')];
    };
    expect(await cached('')).toEqual([['private'], ['Cookie']]);
    expect(await cached('Cache-Control: max-age=60\r\n')).toEqual([['max-age=60', 'private'], ['Cookie']]);
    expect(await cached('Cache-Control: no-store\r\n')).toEqual([['no-store'], ['Cookie']]);
    expect(await cached('Cache-Control: public, max-age=60\r\n')).toEqual([['public, max-age=60'], []]);
    expect(await cached('Vary: accept, cookie\r\n')).toEqual([['private'], ['accept, cookie']]);
  });

  test('cookies of our names are dropped, others stay as they were', async () => {
    const lines =
      'Set-Cookie: sumun=evil; Path=/\r\nSet-Cookie: =sumun=evil\r\nSet-Cookie: sumun-browser=evil\r\nSet-Cookie: JSESSIONID=1; Path=/; HttpOnly\r\n';
    const answer = await through(plainResponse('hello', lines));
    expect(headerValues(answer, 'set-cookie')).toEqual(['JSESSIONID=1; Path=/; HttpOnly']);
  });

  test.each([
    [() => `http://127.0.0.1:${gateway.recorder.port}/next?a=1`, `http://${HOST}/next?a=1`],
    [() => `http://${HOST}:${gateway.recorder.port}/next`, `http://${HOST}/next`],
    [() => '/next', '/next'],
    [() => 'next', 'next'],
    [() => 'https://elsewhere.example/next', 'https://elsewhere.example/next'],
    [() => `http://${HOST}:9/next`, `http://${HOST}:9/next`],
  ])('a redirect %s leads where the browser can follow', async (location, expected) => {
    const answer = await through(`HTTP/1.1 302 Found\r\nLocation: ${location()}\r\nContent-Length: 0\r\n\r\n`);
    expect(headerValues(answer, 'location')).toEqual([expected]);
  });
});
