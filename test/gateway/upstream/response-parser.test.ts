import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRequestHead, isFieldContent } from '../../../src/gateway/upstream/request-head.ts';
import { type Progress, ResponseParser } from '../../../src/gateway/upstream/response-parser.ts';

/** Reads the parts in turn and tells what came out. */
function read(parts: readonly Buffer[], method = 'GET') {
  const parser = new ResponseParser();
  const told = { status: 0, headers: [] as readonly string[], body: '', ended: false, progress: 'open' as Progress };
  parser.begin(method, false);
  const sink = {
    onInformational: () => {},
    onHead: (head: { status: number; rawHeaders: readonly string[] }) => {
      told.status = head.status;
      told.headers = head.rawHeaders;
    },
    onBody: (bytes: Buffer, last: boolean) => {
      told.body += bytes.toString('latin1');
      told.ended = last;
    },
  };
  for (const part of parts) {
    told.progress = parser.feed(part, part.length, sink);
    if (told.progress !== 'open') break;
  }
  return { ...told, keepAlive: parser.keepAlive };
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

const chunked = (parts: readonly string[]): string =>
  `${parts.map((part) => `${part.length.toString(16)};e=1\r\n${part}\r\n`).join('')}0\r\nTrailer: x\r\n\r\n`;

const text = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', ':', '\xff'), minLength: 1, maxLength: 40 });

describe('a response', () => {
  test('reads the same however its bytes are cut', () => {
    const response = fc.array(text, { minLength: 1, maxLength: 5 }).chain((parts) =>
      fc.constantFrom(
        {
          wire: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA:  b \r\n\r\n${chunked(parts)}`,
          body: parts.join(''),
        },
        {
          wire: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${parts.join('').length}\r\nA: b\r\n\r\n${parts.join('')}`,
          body: parts.join(''),
        },
      ),
    );
    fc.assert(
      fc.property(response, fc.array(fc.nat(), { maxLength: 40 }), ({ wire, body }, cuts) => {
        const told = read(split(Buffer.from(wire, 'latin1'), cuts));
        expect(told).toMatchObject({ status: 200, body, ended: true, progress: 'complete', keepAlive: true });
        expect(told.headers.slice(-1)).toEqual(['b']);
      }),
    );
  });

  test('with bytes behind it is surplus, never a second response', () => {
    const wire = 'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\n';
    expect(read([Buffer.from(wire)])).toMatchObject({ status: 204, ended: true, progress: 'surplus' });
  });

  test('is never complete when it is cut short', () => {
    const wire = Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(['hello', 'world'])}`);
    for (let length = 1; length < wire.length; length++) {
      expect(read([wire.subarray(0, length)])).toMatchObject({ progress: 'open', ended: false });
    }
  });

  test.each([
    ['a chunk size with a sign', '+5\r\nhello\r\n'],
    ['with a prefix', '0x5\r\nhello\r\n'],
    ['with a space before', ' 5\r\nhello\r\n'],
    ['that is too long', `${'0'.repeat(12)}5\r\nhello\r\n`],
    ['that is missing', '\r\nhello\r\n'],
    ['that ends in a line feed', '5\nhello\r\n'],
    ['smaller than its data', '4\r\nhello\r\n'],
    ['with an endless extension', `5;${'x'.repeat(300)}\r\nhello\r\n`],
  ])('%s is malformed', (_, body) => {
    const wire = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
    expect(read([Buffer.from(wire)]).progress).toBe('malformed');
  });

  test('made of any bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        read([Buffer.from(bytes)]);
        read([Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), Buffer.from(bytes)]);
      }),
    );
  });
});

describe('a request head', () => {
  test('with a character that could end a line is never written', () => {
    const request = {
      method: 'GET',
      target: '/',
      framing: { kind: 'none' } as const,
      expectContinue: false,
      upgrade: false,
      owner: '',
      bodyIdle: 0,
    };
    for (const bad of ['\r', '\n', '\0', '\u010d', '\u560a', '\x7f']) {
      expect(isFieldContent(`a${bad}b`)).toBe(false);
      expect(() => encodeRequestHead({ ...request, host: 'a', fields: '', target: `/a${bad}b` })).toThrow();
    }
  });
});
