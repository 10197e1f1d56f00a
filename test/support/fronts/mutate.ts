import type { Draw } from './draw.ts';

/** Octets and words that parsers stumble over. */
const TRIPS = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    '\0',
    '\t',
    ' ',
    '\x0b',
    '\x0c',
    '\x7f',
    '\x80',
    '\xff',
    ':',
    ';',
    ',',
    '"',
    '\\',
    '/',
  ],
  ...[
    '0\r\n\r\n',
    '\r\n ',
    '\r\n\t',
    'HTTP/1.1',
    'GET / HTTP/1.1\r\n',
    'Content-Length: 1\r\n',
    'Transfer-Encoding: chunked\r\n',
  ],
  ...[
    'Host: x\r\n',
    '\r\r\n',
    '\n\r',
    'chunked',
    '\x85',
    '\xc4\x8a',
    '5\r\n',
    'Connection: close\r\n',
    'Expect: 100-continue\r\n',
    '\x01',
  ],
];

/** Does something to octets that nobody would do on purpose, once to four times. Most of it happens in the heads. */
export function mutate(text: string, draw: Draw): string {
  let mutated = text;
  for (let times = 1 + draw.below(draw.oneIn(3) ? 4 : 1); times > 0; times--) mutated = once(mutated, draw);
  return mutated;
}

function once(text: string, draw: Draw): string {
  if (text === '') return draw.from(TRIPS);
  const headEnd = text.indexOf('\r\n\r\n');
  const at = draw.below(draw.oneIn(4) || headEnd < 1 ? text.length : Math.min(text.length, headEnd + 4));
  const before = text.slice(0, at);
  const behind = text.slice(at);
  switch (draw.below(12)) {
    case 0:
    case 1:
    case 2:
      return before + draw.from(TRIPS) + behind;
    case 3:
      return before + behind.slice(1);
    case 4:
      return before + String.fromCharCode(text.charCodeAt(at) ^ (1 << draw.below(8))) + behind.slice(1);
    case 5:
      return before + String.fromCharCode(draw.below(256)) + behind.slice(1);
    case 6:
      return before + behind.slice(0, 1 + draw.below(20)) + behind;
    case 7:
      return before;
    case 8:
      return replaceOne(text, '\r\n', draw.from(['\n', '\r', '\r\n\r\n', '\r\n ', '\n\r', '\r\r\n', '']), draw);
    case 9:
      return replaceOne(text, ': ', draw.from([':', ' : ', ' ', ':\t', '::', ':\r\n ']), draw);
    case 10:
      return repeatLine(text, draw);
    default:
      return before + draw.from(TRIPS) + behind.slice(draw.below(4));
  }
}

function replaceOne(text: string, what: string, by: string, draw: Draw): string {
  const parts = text.split(what);
  if (parts.length < 2) return text;
  const at = 1 + draw.below(parts.length - 1);
  return parts.slice(0, at).join(what) + by + parts.slice(at).join(what);
}

function repeatLine(text: string, draw: Draw): string {
  const lines = text.split('\r\n');
  const line = lines[draw.below(lines.length)] ?? '';
  lines.splice(draw.below(lines.length), 0, line);
  return lines.join('\r\n');
}
