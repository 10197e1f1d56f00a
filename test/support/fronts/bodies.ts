import type { Draw } from './draw.ts';

/** A body on the wire and the fields that frame it, which need not agree. */
export type DrawnBody = { readonly fields: readonly string[]; readonly text: string };

const NOTHING: DrawnBody = { fields: [], text: '' };

/** A body for a request of this method: rarely one for GET and its like, and one in four framed in a way that is odd. */
export function drawBody(draw: Draw, method: string): DrawnBody {
  const isUsual = ['POST', 'PUT', 'PATCH'].includes(method);
  if (!isUsual && !draw.oneIn(6)) return NOTHING;
  const content = drawContent(draw);
  const body = draw.oneIn(4) ? oddBody(draw, content) : soundBody(draw, content);
  return draw.oneIn(12) ? { ...body, fields: [...body.fields, 'Expect: 100-continue'] } : body;
}

function soundBody(draw: Draw, content: string): DrawnBody {
  if (!draw.oneIn(2)) return { fields: [`Content-Length: ${content.length}`], text: content };
  const coding = draw.from(['chunked', 'chunked', 'chunked', 'Chunked', 'CHUNKED']);
  return { fields: [`Transfer-Encoding: ${coding}`], text: chunks(draw, content, false) };
}

/** What a body holds: sometimes nothing, sometimes what looks like another message. */
export function drawContent(draw: Draw): string {
  switch (draw.below(8)) {
    case 0:
      return '';
    case 1:
      return 'GET /smuggled HTTP/1.1\r\nHost: other.example\r\n\r\n';
    case 2:
      return '0\r\n\r\n';
    case 3:
      return Array.from({ length: draw.below(40) }, () => String.fromCharCode(draw.below(256))).join('');
    case 4:
      return 'x'.repeat(draw.below(3000));
    case 5:
      return draw.oneIn(6) ? 'y'.repeat(draw.below(150_000)) : 'a=1&b=2';
    default:
      return 'hello'.slice(0, 1 + draw.below(5));
  }
}

/** The content in chunks (RFC 9112 §7.1), with extensions and trailers; with `odd` something in it is not as it should be. */
export function chunks(draw: Draw, content: string, odd: boolean): string {
  let text = '';
  const spoilt = odd ? draw.below(3) : -1;
  for (let at = 0, index = 0; at < content.length; index++) {
    const size = Math.min(
      content.length - at,
      1 + draw.below(index > 6 ? content.length : Math.max(8, content.length)),
    );
    const part = content.slice(at, at + size);
    text += spoilt === 0 && index === 0 ? oddChunk(draw, part) : `${sizeLine(draw, size)}\r\n${part}\r\n`;
    at += size;
  }
  if (spoilt === 1) return text + draw.from(ODD_ENDS);
  if (spoilt === 2) return `${text}0\r\n${draw.from(ODD_TRAILERS)}\r\n\r\n`;
  return `${text}${draw.from(['0', '0', '0', '00', '0;last'])}\r\n${draw.oneIn(8) ? 'X-T: 1\r\nX-Sumun-User: root\r\n' : ''}\r\n`;
}

function sizeLine(draw: Draw, size: number): string {
  const digits = size.toString(16);
  switch (draw.below(10)) {
    case 0:
      return digits.toUpperCase();
    case 1:
      return `000${digits}`;
    case 2:
      return `${digits};${draw.from(['a', 'a=b', 'a="b c"', 'a=b;c=d', 'a="\\""', `a=${'e'.repeat(draw.below(600))}`])}`;
    default:
      return digits;
  }
}

function oddChunk(draw: Draw, part: string): string {
  const size = part.length.toString(16);
  return draw.from([
    ...[
      `0x${size}`,
      `+${size}`,
      `-${size}`,
      ` ${size}`,
      `${size} `,
      `${size}\t`,
      '',
      'g',
      `${size}g`,
      'f'.repeat(17),
    ].map((line) => `${line}\r\n${part}\r\n`),
    ...[
      `${size};`,
      `${size};a=b\nX`,
      `${size};a="\r\n"`,
      `${size};\x00`,
      `${size}\r`,
      `${size};=`,
      `${size};a=`,
      `${size} ;a`,
    ].map((line) => `${line}\r\n${part}\r\n`),
    ...[
      `${size}; a = b`,
      `${size};a b`,
      `${size};a="b`,
      `${size};"a"`,
      `${size};a=b c`,
      `${size};;`,
      `${size};a;b`,
    ].map((line) => `${line}\r\n${part}\r\n`),
    ...[
      `${size}\n${part}\r\n`,
      `${size}\r\n${part}\n`,
      `${size}\r\n${part}`,
      `${size}\r\n${part}!\r\n`,
      `${size}\r\n${part}\r\r\n`,
    ],
    ...[
      `${size}\r${part}\r\n`,
      `${size}\r\n${part}\r`,
      `\r\n${size}\r\n${part}\r\n`,
      `7fffffffffffffff\r\n${part}\r\n`,
    ],
  ]);
}

const ODD_ENDS = [
  '0\n\r\n',
  '0\r\n\n',
  '0\n\n',
  '0\r\n',
  '',
  '0\r\n\rX',
  '-0\r\n\r\n',
  '0 \r\n\r\n',
  '0;\r\n\r\n',
  '0x\r\n\r\n',
  '\r\n',
];
const ODD_TRAILERS = [
  ...[
    'no field',
    'X: y\r\n folded',
    'Content-Length: 9',
    'Transfer-Encoding: chunked',
    'X: \x00',
    'X : y',
    ' X: y',
    'Host: x',
  ],
  ...[
    'X: y\n',
    ': y',
    `X: ${'t'.repeat(40_000)}`,
    '__proto__: x',
    'Connection: close',
    'X: a\rb',
    'Upgrade: websocket',
  ],
];

const LENGTHS = [
  '+5',
  '-1',
  '0x5',
  '5,5',
  '5, 5',
  '5 5',
  '5;',
  '5.0',
  '',
  ' ',
  '005',
  '12345678901234567890',
  '5\x0b',
  '٥',
  '18446744073709551616',
];
const CODINGS = [
  ...[
    'xchunked',
    'chunkedx',
    'identity',
    'gzip',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    ',chunked',
    'chunked,',
    'chunked;q=1',
  ],
  ...[
    '"chunked"',
    'chunked\x0b',
    '\x0bchunked',
    '',
    'chunked identity',
    'deflate',
    '\r\n chunked',
    'chunked\r\n ',
    'Chunked ',
    'chun\tked',
  ],
];

function oddBody(draw: Draw, content: string): DrawnBody {
  const { length } = content;
  const chunked = chunks(draw, content, false);
  switch (draw.below(10)) {
    case 0:
      return { fields: [`Content-Length: ${draw.from(LENGTHS)}`], text: content };
    case 1:
      return { fields: [`Transfer-Encoding: ${draw.from(CODINGS)}`], text: chunked };
    case 2:
      return { fields: [`Content-Length: ${length}`, 'Transfer-Encoding: chunked'], text: chunked };
    case 3:
      return { fields: ['Transfer-Encoding: chunked', `Content-Length: ${chunked.length}`], text: chunked };
    case 4:
      return { fields: ['Transfer-Encoding: chunked', `Transfer-Encoding: ${draw.from(CODINGS)}`], text: chunked };
    case 5:
      return { fields: [`Content-Length: ${length}`, `content-length: ${length + draw.below(2)}`], text: content };
    case 6:
      return { fields: [`Content-Length: ${length + (draw.oneIn(3) ? 70_000 : 1) + draw.below(9)}`], text: content };
    case 7:
      return { fields: [`Content-Length: ${Math.max(0, length - 1 - draw.below(9))}`], text: content };
    case 8:
      return {
        fields: [
          `${draw.from(['Content-Length ', ' Content-Length', 'Content_Length', 'Content-Length:'])}: ${length}`,
        ],
        text: content,
      };
    default:
      return { fields: ['Transfer-Encoding: chunked'], text: chunks(draw, content, true) };
  }
}
