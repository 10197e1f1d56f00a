import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/core/access/crc32c.ts';
import { type ProxyHeader, readProxyHeader, V1_MAX, V2_MAX } from '../../../src/core/access/proxy-protocol.ts';

const v1 = (text: string) => readProxyHeader('v1', Buffer.from(text, 'latin1'));
const v2 = (bytes: Uint8Array) => readProxyHeader('v2', bytes);
const clientText = (header: ProxyHeader) => (header.kind === 'whole' ? header.client?.text : header.kind);

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const made = (command: number, family: number, body: Uint8Array) =>
  Buffer.concat([SIGNATURE, Buffer.of(command, family, body.length >> 8, body.length & 0xff), body]);
const appended = (type: number, value: Uint8Array) =>
  Buffer.concat([Buffer.of(type, value.length >> 8, value.length & 0xff), value]);
const FOUR = Buffer.of(192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 4, 1, 187);
const SIX = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.of(0xdc, 4, 1, 187),
]);

describe('version 1', () => {
  test.each([
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n', '192.0.2.7'],
    ['PROXY TCP6 2001:db8::7 2001:DB8::1 56324 443\r\n', '2001:db8::7'],
    ['PROXY TCP6 2001:0db8:0:0:0:0:0:0007 ::1 1 65535\r\n', '2001:db8::7'],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 0 0\r\n', '192.0.2.7'],
  ])('%j names the client %s', (text, client) => {
    expect(v1(`${text}GET / HTTP/1.1\r\n`)).toMatchObject({ kind: 'whole', length: text.length, isTls: false });
    expect(clientText(v1(text))).toBe(client);
  });

  test.each(['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n'])(
    '%j names nobody (§2.1)',
    (text) => expect(v1(text)).toEqual({ kind: 'whole', length: text.length, client: undefined, isTls: false }),
  );

  test.each([
    'GET / HTTP/1.1\r\n',
    'proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\r\n',
    'PROXY TCP4 192.0.2.7  198.51.100.1 1 2\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1 65536\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n',
    'PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r \n',
    'PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n',
    'PROXY UNKNOWNS\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(V1_MAX)}\r\n`,
    SIGNATURE.toString('latin1'),
  ])('%j is refused', (text) => expect(v1(text)).toEqual({ kind: 'wrong' }));

  test('the longest header has 107 octets', () => {
    const line = (size: number) => `PROXY UNKNOWN ${'x'.repeat(size - 16)}\r\n`;
    expect(v1(line(V1_MAX))).toMatchObject({ kind: 'whole', length: V1_MAX });
    expect(v1(line(V1_MAX + 1))).toEqual({ kind: 'wrong' });
  });
});

describe('version 2', () => {
  test('names clients of both families, an IPv4-mapped one as IPv4', () => {
    expect(clientText(v2(made(0x21, 0x11, FOUR)))).toBe('192.0.2.7');
    expect(clientText(v2(made(0x21, 0x21, SIX)))).toBe('2001:db8::7');
    const mapped = Buffer.from(SIX);
    Buffer.from('00000000000000000000ffffc0000207', 'hex').copy(mapped);
    expect(clientText(v2(made(0x21, 0x21, mapped)))).toBe('192.0.2.7');
  });

  test.each([
    ['LOCAL', made(0x20, 0x00, Buffer.alloc(0))],
    ['LOCAL with an address', made(0x20, 0x11, FOUR)],
    ['LOCAL of an unknown family', made(0x20, 0x77, Buffer.alloc(9))],
    ['UNSPEC', made(0x21, 0x00, Buffer.alloc(0))],
    ['a local socket', made(0x21, 0x31, Buffer.alloc(216))],
  ])('%s names nobody', (_what, bytes) => {
    expect(v2(bytes)).toEqual({ kind: 'whole', length: bytes.length, client: undefined, isTls: false });
  });

  test.each([
    ['version 1', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n')],
    ['another version', made(0x31, 0x11, FOUR)],
    ['another command', made(0x22, 0x11, FOUR)],
    ['datagrams', made(0x21, 0x12, FOUR)],
    ['another family', made(0x21, 0x41, FOUR)],
    ['addresses that are cut', made(0x21, 0x11, FOUR.subarray(1))],
    ['IPv6 addresses that are cut', made(0x21, 0x21, FOUR)],
    ['an appended value that runs over', made(0x21, 0x11, Buffer.concat([FOUR, Buffer.of(4, 0, 9, 1)]))],
    ['an appended value without a length', made(0x21, 0x11, Buffer.concat([FOUR, Buffer.of(4, 0)]))],
    ['more than 4 KiB', made(0x21, 0x11, Buffer.concat([FOUR, appended(4, Buffer.alloc(V2_MAX))]))],
    ['a wrong checksum', made(0x21, 0x11, Buffer.concat([FOUR, appended(3, Buffer.of(1, 2, 3, 4))]))],
    ['a short checksum', made(0x21, 0x11, Buffer.concat([FOUR, appended(3, Buffer.of(1, 2))]))],
  ])('%s is refused', (_what, bytes) => expect(v2(bytes)).toEqual({ kind: 'wrong' }));

  test('what is appended is skipped; a checksum has to be right', () => {
    const bytes = made(0x21, 0x11, Buffer.concat([FOUR, appended(4, Buffer.alloc(9)), appended(3, Buffer.alloc(4))]));
    bytes.writeUInt32BE(crc32c(bytes), bytes.length - 4);
    expect(clientText(v2(bytes))).toBe('192.0.2.7');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    expect(v2(bytes)).toEqual({ kind: 'wrong' });
  });

  test('the sender says whether the client spoke TLS', () => {
    const tls = (flags: number) =>
      made(0x21, 0x11, Buffer.concat([FOUR, appended(0x20, Buffer.of(flags, 0, 0, 0, 0))]));
    expect([v2(tls(1)), v2(tls(7)), v2(tls(6))].map((each) => each.kind === 'whole' && each.isTls)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

test('CRC-32C is that of RFC 3720 §B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

describe('any octets', () => {
  const four = fc.ipV4();
  const port = fc.integer({ min: 0, max: 65535 });
  const line = fc.tuple(four, four, port, port).map(([a, b, from, to]) => `PROXY TCP4 ${a} ${b} ${from} ${to}\r\n`);
  const block = fc
    .tuple(
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }),
    )
    .map(([addresses, more]) =>
      made(0x21, 0x11, Buffer.concat([addresses, ...more.map((value) => appended(0xe0, value))])),
    );
  const header = fc.oneof(
    line.map((text) => ['v1', Buffer.from(text)] as const),
    block.map((bytes) => ['v2', bytes] as const),
  );

  test('every beginning of a header waits for more, and what follows it changes nothing', () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 64 }), ([version, bytes], rest) => {
        const whole = readProxyHeader(version, bytes);
        expect(whole).toMatchObject({ kind: 'whole', length: bytes.length });
        expect(readProxyHeader(version, Buffer.concat([bytes, rest]))).toEqual(whole);
        for (let size = 0; size < bytes.length; size++)
          expect(readProxyHeader(version, bytes.subarray(0, size)).kind).toBe('more');
      }),
    );
  });

  test('are judged without an exception, never as a header longer than they are, and never for ever', () => {
    const mutated = fc
      .tuple(header, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([[version, bytes], at, octet]) => {
        const changed = Buffer.from(bytes);
        changed[at % changed.length] = octet;
        return [version, changed] as const;
      });
    const wild = fc.tuple(fc.constantFrom('v1' as const, 'v2' as const), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(fc.oneof(mutated, wild), ([version, bytes]) => {
        const read = readProxyHeader(version, bytes);
        if (read.kind === 'whole') expect(read.length).toBeLessThanOrEqual(bytes.length);
        const padded = Buffer.concat([bytes, Buffer.alloc(V2_MAX)]);
        expect(readProxyHeader(version, padded).kind).not.toBe('more');
      }),
      { numRuns: 2000 },
    );
  });
});
