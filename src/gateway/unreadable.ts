import { STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { requestNumber } from '../core/request-number.ts';
import { auditEvent } from '../flows/origin.ts';
import type { Gate } from './gate.ts';
import { canAnswerRaw, markClosing } from './respond.ts';

/** How long the peer may take to read the answer before the connection goes. */
const LINGER = 1000;

/** What the parser says of bytes that are no request, and what they are answered with. Everything else is 400. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** A method the parser does not know, in a request that is otherwise one. */
const UNKNOWN_METHOD = /^[A-Z]{1,32} \S+ HTTP\/1\.[01]\r\n/;

type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

function statusOf({ code = '', rawPacket }: ParserError): number {
  if (code !== 'HPE_INVALID_METHOD') return STATUS[code] ?? 400;
  return UNKNOWN_METHOD.test(rawPacket?.toString('latin1', 0, 8192) ?? '') ? 405 : 400;
}

/** Answers bytes that the parser refused, and closes. A response that has begun is cut instead. */
export function respondUnreadable(gate: Gate, error: ParserError, duplex: Duplex): void {
  if (!(duplex instanceof Socket)) {
    duplex.destroy();
    return;
  }
  const code = error.code ?? '';
  const isReadable = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (!isReadable || !duplex.writable || !canAnswerRaw(duplex)) {
    duplex.destroy();
    return;
  }
  if (!markClosing(duplex)) return;
  const now = gate.house.clock.now();
  const id = gate.ids.next(now);
  const status = statusOf(error);
  const address = duplex.remoteAddress ?? '';
  gate.counters.refused += 1;
  const origin = { actor: 'self', address, request: requestNumber(id) };
  if (status !== 408) gate.audit.add(auditEvent('request.refused', now, origin, { reason: code, detail: { status } }));
  gate.house.requests.record({
    id,
    at: now,
    method: '',
    url: '',
    address,
    login: '',
    have: {},
    status,
    outcome: `fault ${code}`,
  });
  const context = { requestId: id, host: '', path: '/', query: '', acceptLanguage: undefined, cookie: undefined, now };
  const { headers, body } = gate.pages.problem({ kind: 'bad-request', code: code.toLowerCase() }, status, context);
  const own = {
    'x-request-id': id,
    'cache-control': 'no-store',
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
  };
  const fields = Object.entries({ ...headers, ...own }).map(([name, value]) => `${name}: ${value}\r\n`);
  duplex.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}\r\n${body}`);
  const timer = setTimeout(() => duplex.destroy(), LINGER);
  duplex.once('close', () => clearTimeout(timer));
}
