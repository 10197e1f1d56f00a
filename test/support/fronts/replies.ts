import { chunks, drawContent } from './bodies.ts';
import { cut, type Draw } from './draw.ts';
import { mutate } from './mutate.ts';

/** What an application answers to one request. */
export type Reply = {
  /** Octets as latin1, in the pieces in which they are written. */
  readonly pieces: readonly string[];
  /** The application ends its side behind them. */
  readonly ends: boolean;
};

/**
 * A response of any kind: with a length, in chunks, up to the end, without a body, in conflict with itself, cut short. A
 * connection that ends behind a sound response would race with the next request, and so would octets behind it: only an
 * only one may do that.
 */
export function drawReply(draw: Draw, isOnly: boolean): Reply {
  if (draw.oneIn(3)) return { pieces: ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'], ends: false };
  const body = drawFraming(draw);
  const line = draw.oneIn(12) ? draw.from(ODD_LINES) : `HTTP/1.1 ${draw.from(STATUS_LINES)}`;
  const fields = [...Array.from({ length: draw.below(4) }, () => draw.from(FIELDS)), ...body.fields];
  if (draw.oneIn(20)) fields.splice(draw.below(fields.length + 1), 0, draw.from(ODD_FIELDS));
  if (body.ends && !isOnly) fields.push('Connection: close');
  const interim = draw.oneIn(12) ? draw.from(INTERIM) : '';
  const text = `${interim}${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body.text}`;
  const mutated = isOnly && draw.oneIn(14) ? mutate(text, draw) : text;
  // A connection that ends without an octet is tried again or not by what it carried before.
  const spoken = mutated === '' ? 'H' : mutated;
  return { pieces: isOnly ? cut(spoken, draw) : [spoken], ends: body.ends || mutated !== text || / 1\d\d /.test(line) };
}

const STATUS_LINES = [
  ...[
    '200 OK',
    '200 OK',
    '200 OK',
    '201 Created',
    '202 ',
    '203',
    '204 No Content',
    '205 Reset Content',
    '206 Partial Content',
  ],
  ...[
    '301 Moved Permanently',
    '302 Found',
    '303 See Other',
    '304 Not Modified',
    '307 x',
    '400 Bad',
    '401 Unauthorized',
    '403 F',
  ],
  ...[
    '404 Not Found',
    '405 x',
    '408 Request Timeout',
    '413 x',
    '418 teapot',
    '429 x',
    '500 Oops',
    '502 x',
    '503 x',
    '504 x',
    '599 x',
    '299 \xe9',
  ],
];
const ODD_LINES = [
  ...[
    'HTTP/1.0 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/2 200',
    'http/1.1 200 OK',
    'HTTP/1.1 099 x',
    'HTTP/1.1 600 x',
    'ICY 200 OK',
  ],
  ...[
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 +20 OK',
    'HTTP/1.1\t200\tOK',
    'HTTP/1.1',
    '',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.2 200 OK',
  ],
  ...[
    'HTTP/1.1 101 Switching Protocols',
    'HTTP/1.1 100 Continue',
    'HTTP/1.1 199 x',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1 200 \x00',
  ],
];
const FIELDS = [
  ...[
    'Content-Type: text/plain',
    'Server: app',
    'Date: Thu, 01 Jan 1970 00:00:00 GMT',
    'Set-Cookie: a=1; Path=/',
    'Set-Cookie: b=2; HttpOnly',
  ],
  ...[
    'Cache-Control: public, max-age=9',
    'Vary: Accept',
    'ETag: "x"',
    'Connection: close',
    'Connection: keep-alive',
    'Connection: X-Hop',
    'X-Hop: 1',
  ],
  ...[
    'Keep-Alive: timeout=9',
    'X-Empty:',
    'x-lower:  v  ',
    'X-Bytes: \x80\xff',
    'Location: /elsewhere',
    'WWW-Authenticate: Basic realm="x"',
  ],
  ...[
    'Trailer: X-T',
    'Upgrade: h2c',
    'Proxy-Connection: x',
    'X-Request-Id: theirs',
    '__proto__: 1',
    'Content-Encoding: gzip',
    'Alt-Svc: h2=":1"',
  ],
  ...[
    'Accept-Ranges: bytes',
    `X-Pad: ${'p'.repeat(3000)}`,
    'X-A: 1',
    'X-A: 2',
    'Refresh: 0',
    'Expect: x',
    'Host: x',
    'Content-Range: bytes 0-1/2',
  ],
];
const ODD_FIELDS = [
  ...[
    'X-A : 1',
    ' X-A: 1',
    'X-A',
    ': 1',
    'X-A: 1\r\n folded',
    'X-A: a\x00b',
    'X-A: a\nb',
    'X-A: a\rb',
    'X(A): 1',
    'X-A: \x7f',
    'X\xe9: 1',
  ],
  ...[
    'Transfer-Encoding: gzip',
    'Transfer-Encoding: chunked',
    'Content-Length: 1',
    'Content-Length: +1',
    'Content-Length:',
    `X: ${'h'.repeat(70_000)}`,
  ],
];
const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n',
  'HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n',
];

type Framed = { readonly fields: readonly string[]; readonly text: string; readonly ends: boolean };

function drawFraming(draw: Draw): Framed {
  const content = draw.oneIn(9) ? 'z'.repeat(15_000 + draw.below(60_000)) : drawContent(draw);
  const { length } = content;
  switch (draw.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return { fields: [`Content-Length: ${length}`], text: content, ends: false };
    case 4:
    case 5:
    case 6:
      return { fields: ['Transfer-Encoding: chunked'], text: chunks(draw, content, false), ends: false };
    case 7:
      return { fields: ['Connection: close'], text: content, ends: true };
    case 8:
      return { fields: ['Connection: close'], text: '', ends: true };
    case 9:
      return { fields: [`Content-Length: ${length + 1 + draw.below(9)}`], text: content, ends: true };
    case 10:
      return { fields: [`Content-Length: ${Math.max(0, length - 1 - draw.below(9))}`], text: content, ends: true };
    case 11:
      return {
        fields: [`Content-Length: ${length}`, 'Transfer-Encoding: chunked'],
        text: chunks(draw, content, false),
        ends: true,
      };
    case 12:
      return { fields: ['Transfer-Encoding: chunked'], text: chunks(draw, content, true), ends: true };
    default:
      return { fields: [`Content-Length: ${length}`, `Content-Length: ${length}`], text: content, ends: true };
  }
}
