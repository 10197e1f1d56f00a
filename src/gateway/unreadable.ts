import { STATUS_CODES } from 'node:http';
import { requestNumber } from '../core/request-number.ts';
import { auditEvent } from '../flows/origin.ts';
import type { FrontConnection } from './front/connection.ts';
import type { Gate } from './gate.ts';

/** What octets that are no request are answered with. Everything else is 400. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  'unknown-method': 405,
};

/** Answers octets that the parser refused, and closes. A response that has begun is cut instead. */
export function respondUnreadable(
  gate: Gate,
  fault: string,
  connection: Pick<FrontConnection, 'state' | 'date' | 'refuse'>,
): void {
  const now = gate.house.clock.now();
  const id = gate.ids.next(now);
  const status = STATUS[fault] ?? 400;
  const address = connection.state.peer.text;
  gate.counters.refused += 1;
  const origin = { actor: 'self', address, request: requestNumber(id) };
  if (status !== 408) gate.audit.add(auditEvent('request.refused', now, origin, { reason: fault, detail: { status } }));
  gate.house.requests.record({
    id,
    at: now,
    method: '',
    url: '',
    address,
    login: '',
    have: {},
    status,
    outcome: `fault ${fault}`,
  });
  const context = { requestId: id, host: '', path: '/', query: '', acceptLanguage: undefined, cookie: undefined, now };
  const { headers, body } = gate.pages.problem({ kind: 'bad-request', code: fault.toLowerCase() }, status, context);
  const own = {
    'x-request-id': id,
    'cache-control': 'no-store',
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
  };
  const fields = Object.entries({ ...headers, ...own }).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.refuse(
    Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}${connection.date}\r\n${body}`),
  );
}
