import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Llhttp } from '../../../src/gateway/front/llhttp.ts';
import { HeaderNames } from '../../../src/gateway/front/names.ts';
import { type ParserParts, type RequestHead, RequestParser } from '../../../src/gateway/front/request-parser.ts';
import { Spans } from '../../../src/gateway/front/spans.ts';

let parts: ParserParts;
beforeAll(() => {
  parts = { llhttp: new Llhttp(), names: new HeaderNames(), spans: new Spans() };
});

const HEAD_MAX = 4096;

type Reading = { readonly heads: RequestHead[]; readonly bodies: string[]; readonly fault: string | undefined };

/** Everything one parser makes of these octets, handed over in pieces that end at `cuts`; a known length is stepped over. */
function read(text: string, cuts: readonly number[] = [], parser = new RequestParser(parts, () => HEAD_MAX)): Reading {
  const bytes = Buffer.from(text, 'latin1');
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  const heads: RequestHead[] = [];
  const bodies: string[] = [];
  let skip = 0;
  let at = 0;
  for (const end of ends) {
    while (at < end && parser.fault === undefined) {
      if (skip > 0) {
        const step = Math.min(skip, end - at);
        bodies[bodies.length - 1] += bytes.toString('latin1', at, at + step);
        skip -= step;
        at += step;
        continue;
      }
      // A copy of its own, as a socket would hand it over.
      const piece = Buffer.from(bytes.subarray(at, end));
      at += parser.feed(piece, 0);
      if (parser.head !== undefined) {
        heads.push(parser.head);
        bodies.push('');
        skip = parser.head.framing === 'length' ? parser.head.length : 0;
      }
      const data = parser.body.map((part) => part.toString('latin1')).join('');
      if (bodies.length > 0) bodies[bodies.length - 1] += data;
      if (parser.complete) parser.next();
    }
  }
  return { heads, bodies, fault: parser.fault };
}

const GET =
  'GET /a%20b?q=1 HTTP/1.1\r\nHost: app.test\r\nX-Empty:\r\nX-Spaced:   two  words \t \r\nCookie: a=1; b=2\r\n\r\n';
const POST = 'POST /form HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'PUT /up HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: y\r\n\r\n';
const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';

describe('a request head', () => {
  test('comes out octet for octet: target, order and case of names, values without outer white space', () => {
    const { heads } = read(GET);
    expect(heads).toEqual([
      {
        method: 'GET',
        url: '/a%20b?q=1',
        rawHeaders: ['Host', 'app.test', 'X-Empty', '', 'X-Spaced', 'two  words', 'Cookie', 'a=1; b=2'],
        ...{ httpVersionMajor: 1, httpVersionMinor: 1, keepAlive: true, upgrade: false, framing: 'none', length: 0 },
      },
    ]);
  });

  test('octets above 0x7f in a value stay what they are', () => {
    expect(read('GET / HTTP/1.1\r\nHost: a\r\nX: \xb0\xa1\r\n\r\n').heads[0]?.rawHeaders.at(-1)).toBe('\xb0\xa1');
  });

  test.each([
    ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', true],
    ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', false],
    ['GET / HTTP/1.0\r\nHost: a\r\n\r\n', false],
    ['GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n', true],
  ])('%j keeps the connection: %s', (text, keepAlive) => {
    expect(read(text).heads[0]?.keepAlive).toBe(keepAlive);
  });

  test('a remembered header section gives way to the first octet that differs', () => {
    const parser = new RequestParser(parts, () => HEAD_MAX);
    const with_ = (value: string): string => `GET /${value} HTTP/1.1\r\nHost: a\r\nCookie: sumun=${value}\r\n\r\n`;
    const values = ['aaaa', 'aaaa', 'aaab', 'baab', 'aaaa', 'aaaaa'];
    const { heads } = read(values.map(with_).join(''), [], parser);
    expect(heads.map((head) => head.rawHeaders[3])).toEqual(values.map((value) => `sumun=${value}`));
    expect(heads.map((head) => head.url)).toEqual(values.map((value) => `/${value}`));
    const long = `GET /long HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(3000)}\r\n\r\n`;
    const none = 'GET /none HTTP/1.1\r\n\r\n';
    expect(read(long + none + long + with_('a') + none).heads.map((head) => head.rawHeaders.length)).toEqual([
      4, 0, 4, 4, 0,
    ]);
    const same = read('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n').heads;
    expect(same[1]?.rawHeaders).toBe(same[0]?.rawHeaders);
    const version = read(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nHost: a\r\n\r\n',
    ).heads;
    expect(version.map((head) => head.httpVersionMinor)).toEqual([1, 0]);
  });
});

describe('a stream of requests', () => {
  const stream = [GET, POST, CHUNKED, UPGRADE, GET, CHUNKED, POST, GET].join('');
  const whole = () => read(stream);

  test('is read one message after another, bodies apart', () => {
    expect(whole().heads.map((head) => head.url)).toEqual([
      '/a%20b?q=1',
      '/form',
      '/up',
      '/ws',
      '/a%20b?q=1',
      '/up',
      '/form',
      '/a%20b?q=1',
    ]);
    expect(whole().bodies).toEqual(['', 'hello', 'hello!', '', '', 'hello!', 'hello', '']);
    expect(whole().fault).toBeUndefined();
  });

  test('reads the same however the network cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        expect(read(stream, cuts)).toEqual(whole());
      }),
      { numRuns: 500 },
    );
    const everyOctet = Array.from({ length: stream.length }, (_, index) => index);
    expect(read(stream, everyOctet)).toEqual(whole());
  });

  test('two connections in turns do not mix', () => {
    const [left, right] = [new RequestParser(parts, () => HEAD_MAX), new RequestParser(parts, () => HEAD_MAX)];
    const [first, second] = [GET, CHUNKED];
    for (let at = 0; at < Math.max(first.length, second.length); at += 3) {
      if (at < first.length) left.feed(Buffer.from(first.slice(at, at + 3), 'latin1'), 0);
      const { head } = left;
      if (head !== undefined) expect(head).toEqual(whole().heads[0]);
      if (at >= second.length) continue;
      right.feed(Buffer.from(second.slice(at, at + 3), 'latin1'), 0);
      if (right.head !== undefined) expect(right.head).toEqual(whole().heads[2]);
    }
    expect([left.complete, right.complete]).toEqual([true, true]);
  });
});

describe('what is no request', () => {
  test.each([
    ['a space too many before the target', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
    ['a space too many behind the target', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n', 'request-line'],
    ['a method nobody knows', 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n', 'unknown-method'],
    ['no method at all', '\x16\x03\x01\x02', 'HPE_INVALID_METHOD'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HPE_PAUSED_H2_UPGRADE'],
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 'HPE_INVALID_VERSION'],
    ['a folded field', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n', 'HPE_INVALID_HEADER_TOKEN'],
    [
      'length and coding',
      'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HPE_INVALID_TRANSFER_ENCODING',
    ],
    ['a length that is no number', 'POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH'],
  ])('%s: refused with its name', (_, text, fault) => {
    expect(read(text).fault).toBe(fault);
    expect(read(text, [1, 5, 9]).fault).toBeDefined();
  });

  test('after a fault nothing is read any more', () => {
    const parser = new RequestParser(parts, () => HEAD_MAX);
    expect(read(`BAD\x00${GET}`, [], parser).heads).toEqual([]);
    parser.feed(Buffer.from(GET), 0);
    expect(parser.head).toBeUndefined();
  });
});

describe('sizes', () => {
  const sized = (octets: number): string => {
    const empty = 'GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n';
    return empty.replace('X: ', `X: ${'x'.repeat(octets - empty.length)}`);
  };

  test.each([
    [HEAD_MAX - 1, undefined],
    [HEAD_MAX, undefined],
    [HEAD_MAX + 1, 'HPE_HEADER_OVERFLOW'],
  ])('DOS-1: a head of %i octets', (octets, fault) => {
    expect(sized(octets)).toHaveLength(octets);
    expect(read(sized(octets)).fault).toBe(fault);
    expect(read(sized(octets), [100, 2000, 4000]).fault).toBe(fault);
  });

  test('DOS-1: a head without end is refused as soon as it is too long', () => {
    expect(read(`GET / HTTP/1.1\r\nX: ${'x'.repeat(HEAD_MAX)}`, [7, 1000]).fault).toBe('HPE_HEADER_OVERFLOW');
  });

  const start = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

  test.each([
    ['one extension of 15 KiB', `5;${'e'.repeat(15 * 1024)}\r\nhello\r\n0\r\n\r\n`, undefined],
    ['one extension of 40 KiB', `5;${'e'.repeat(40 * 1024)}\r\nhello\r\n0\r\n\r\n`, 'HPE_CHUNK_EXTENSIONS_OVERFLOW'],
    [
      'G135: many of 1 KiB around single octets',
      `${`1;${'e'.repeat(1024)}\r\nx\r\n`.repeat(200)}0\r\n\r\n`,
      'HPE_CHUNK_EXTENSIONS_OVERFLOW',
    ],
    ['many chunks of one octet', `${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`, undefined],
    ['trailers of 8 KiB', `0\r\nX: ${'t'.repeat(8 * 1024)}\r\n\r\n`, 'HPE_HEADER_OVERFLOW'],
  ])('chunked body, %s', (_, body, fault) => {
    expect(read(start + body).fault).toBe(fault);
    expect(read(start + body, [start.length, 9_000, 30_000, 77_777]).fault).toBe(fault);
  });
});
