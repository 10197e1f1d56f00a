import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LegacyApplication, startLegacy } from '../../src/demo/legacy.ts';

let legacy: LegacyApplication;
beforeAll(async () => {
  legacy = await startLegacy();
});
afterAll(() => legacy.close());

const get = (path: string, init: RequestInit = {}) => fetch(legacy.url + path, { redirect: 'manual', ...init });

describe('the old application', () => {
  test.each(['/', '/open/', '/notice/', '/approval/', '/payroll/', '/anything/below/'])(
    'stands below %s',
    async (prefix) => {
      const index = await get(prefix);
      expect(index.status).toBe(200);
      const echoed = (await (await get(`${prefix}headers?q=1`)).json()) as { url: string };
      expect(echoed.url).toBe(`${prefix}headers?q=1`);
    },
  );

  test('sends EUC-KR bytes and says so', async () => {
    const answer = await get('/notice/euckr');
    expect(answer.headers.get('content-type')).toBe('text/html; charset=euc-kr');
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.includes(Buffer.from([0xc7, 0xd1, 0xb1, 0xdb]))).toBe(true); // 한글
    expect(iconv.decode(bytes, 'euc-kr')).toContain('다람쥐 헌 쳇바퀴에 타고파');
    expect(bytes.toString('utf8')).toContain('�');
  });

  test('shows the name from the identity headers, and no markup from it', async () => {
    const headers = { 'X-Sumun-User': 'kim', 'X-Sumun-Name': encodeURIComponent('김<b>😀') };
    const page = iconv.decode(Buffer.from(await (await get('/notice/', { headers })).arrayBuffer()), 'euc-kr');
    expect(page).toContain('김&#60;b&#62;&#128512; (kim)');
  });

  test('echoes request headers with their case and repeats', async () => {
    const raw = await exchange(
      'GET /notice/headers HTTP/1.1\r\nHost: x\r\nX-ODD-Case: 1\r\nx-odd-case: 2\r\nConnection: close\r\n\r\n',
    );
    const { rawHeaders } = JSON.parse(raw.slice(raw.indexOf('\r\n\r\n'))) as { rawHeaders: string[] };
    expect(rawHeaders).toEqual(['Host', 'x', 'X-ODD-Case', '1', 'x-odd-case', '2', 'Connection', 'close']);
  });

  test.each([
    ['UTF-8', Buffer.from('결재', 'utf8')],
    ['EUC-KR', iconv.encode('결재', 'euc-kr')],
  ])('echoes a form whose values are %s', async (_, bytes) => {
    const value = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    const answer = await get('/approval/form', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `title=${value}&amount=1+000`,
    });
    expect(await answer.json()).toMatchObject({
      fields: [
        ['title', '결재'],
        ['amount', '1 000'],
      ],
    });
  });

  test('hashes an upload and repeats a download of the asked size', async () => {
    const size = 300_001;
    const file = Buffer.from(await (await get(`/open/download?size=${size}`)).arrayBuffer());
    expect(file.length).toBe(size);
    const sink = await get('/open/upload', { method: 'PUT', body: file });
    expect(await sink.json()).toEqual({ bytes: size, sha256: createHash('sha256').update(file).digest('hex') });
  });

  test('sends events with growing ids', async () => {
    const text = await (await get('/notice/events?every=10&count=3')).text();
    expect([...text.matchAll(/^id: (\d+)$/gm)].map((match) => match[1])).toEqual(['1', '2', '3']);
  });

  test('answers HEAD without a body, streams included', async () => {
    for (const path of ['', 'euckr', 'headers', 'events', 'download?size=1000000']) {
      const answer = await get(`/notice/${path}`, { method: 'HEAD' });
      expect([answer.status, await answer.text()]).toEqual([200, '']);
    }
  });

  test('answers slowly', async () => {
    expect((await get('/notice/slow?seconds=0.05')).status).toBe(200);
  });

  test('redirects to its own inside address and sets cookies of an inside domain', async () => {
    expect((await get('/notice/redirect')).headers.get('location')).toBe(`${legacy.url}/notice/`);
    expect((await get('/notice/cookies')).headers.getSetCookie()[0]).toContain('Domain=groupware.internal');
  });

  test('says not found in its own words', async () => {
    expect((await get('/notice/nothing')).status).toBe(404);
  });
});

describe('the WebSocket echo (RFC 6455)', () => {
  const HANDSHAKE =
    'GET /notice/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

  test('answers the sample handshake of RFC 6455 §1.3', async () => {
    const answer = await exchange(Buffer.concat([Buffer.from(HANDSHAKE), frame(8, '')]));
    expect(answer).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
  });

  test.each([
    ['text', [frame(1, '안녕')], Buffer.from([0x81, 6, ...Buffer.from('안녕')])],
    [
      'fragments with a ping between',
      [frame(1, 'a', false), frame(9, 'p'), frame(0, 'b')],
      Buffer.from([0x8a, 1, 0x70, 0x81, 2, 0x61, 0x62]),
    ],
    ['a frame without a mask', [Buffer.from([0x81, 0])], Buffer.from([0x88, 2, 0x03, 0xea])],
    ['text that is not UTF-8', [frame(1, Buffer.from([0xff]))], Buffer.from([0x88, 2, 0x03, 0xef])],
    ['a continuation of nothing', [frame(0, 'x')], Buffer.from([0x88, 2, 0x03, 0xea])],
    [
      'reserved bits',
      [Buffer.concat([Buffer.from([0xc1]), frame(1, 'x').subarray(1)])],
      Buffer.from([0x88, 2, 0x03, 0xea]),
    ],
  ])('%s', async (_, frames, expected) => {
    const answer = await exchangeBytes(Buffer.concat([Buffer.from(HANDSHAKE), ...frames, frame(8, '')]));
    const start = answer.indexOf('\r\n\r\n') + 4;
    expect(answer.subarray(start, start + expected.length)).toEqual(expected);
  });

  test('a standard client exchanges a long binary message', async () => {
    const socket = new WebSocket(`${legacy.url.replace('http', 'ws')}/payroll/ws`);
    socket.binaryType = 'arraybuffer';
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const sent = new Uint8Array(200_000).fill(7);
    const received = new Promise<ArrayBuffer>((resolve) => {
      socket.addEventListener('message', (event) => resolve(event.data as ArrayBuffer), { once: true });
    });
    socket.send(sent);
    expect(new Uint8Array(await received)).toEqual(sent);
    socket.close();
  });

  test('plain HTTP on the address is told to upgrade', async () => {
    expect((await get('/notice/ws')).status).toBe(426);
  });
});

function frame(opcode: number, payload: string | Buffer, isFinal = true): Buffer {
  const bytes = Buffer.from(payload);
  const mask = Buffer.from([1, 2, 3, 4]);
  const masked = bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([(isFinal ? 0x80 : 0) | opcode, 0x80 | bytes.length]), mask, masked]);
}

const exchange = async (bytes: string | Buffer): Promise<string> => (await exchangeBytes(bytes)).toString('utf8');

/** Sends bytes and answers everything that came back until the other side closed. */
const exchangeBytes = (bytes: string | Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(legacy.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks)));
    socket.on('error', reject);
  });
