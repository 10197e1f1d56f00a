/**
 * Well-behaved users in an open loop: requests leave when they are due, whether or not earlier ones were answered, and
 * latency counts from when they were due. Called as `node bench/steady-client.ts '{"port":…}'`; ends after the seconds,
 * or at SIGTERM, and prints one line of JSON.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { browserHeaders } from './load.ts';

export type SteadySettings = {
  readonly port: number;
  readonly path: string;
  readonly pairs: readonly string[];
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly tls?: boolean;
};

export type SteadyResult = {
  readonly answered: number;
  /** Not 200, cut off, refused, or without an answer at the end. */
  readonly failed: number;
  readonly p50: number; // milliseconds
  readonly p99: number;
  readonly max: number;
  /** First failures by kind. */
  readonly faults: Readonly<Record<string, number>>;
};

type Connection = { socket: Socket; dueAt: number | undefined; text: string };

const settings = JSON.parse(process.argv[2] ?? '{}') as SteadySettings;
const requests = settings.pairs.map((pair) => {
  const fields = Object.entries(browserHeaders(pair)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${settings.path} HTTP/1.1\r\n${fields.join('')}\r\n`;
});
const latencies: number[] = [];
const faults: Record<string, number> = {};
const idle: Connection[] = [];
let busy = 0;
let sent = 0;
let opened = 0;

function fail(kind: string): void {
  faults[kind] = (faults[kind] ?? 0) + 1;
}

function open(): Connection {
  // Many people, of whom no address has too many connections.
  const to = { port: settings.port, host: '127.0.0.1', localAddress: `127.0.2.${(opened++ % 200) + 1}` };
  const socket = settings.tls === true ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  const connection: Connection = { socket, dueAt: undefined, text: '' };
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('data', (text: string) => take(connection, text));
  socket.on('error', () => {});
  socket.on('close', () => {
    if (connection.dueAt !== undefined) {
      busy -= 1;
      fail('closed');
    }
    const at = idle.indexOf(connection);
    if (at >= 0) idle.splice(at, 1);
  });
  return connection;
}

function take(connection: Connection, text: string): void {
  connection.text += text;
  const end = connection.text.indexOf('\r\n\r\n');
  if (end < 0) return;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(connection.text.slice(0, end))?.[1] ?? 0);
  if (connection.text.length < end + 4 + length || connection.dueAt === undefined) return;
  const status = connection.text.slice(9, 12);
  if (status === '200') latencies.push(performance.now() - connection.dueAt);
  else fail(status);
  connection.dueAt = undefined;
  connection.text = '';
  busy -= 1;
  idle.push(connection);
}

function send(dueAt: number): void {
  const connection = idle.pop() ?? open();
  connection.dueAt = dueAt;
  busy += 1;
  connection.socket.write(requests[sent % requests.length] ?? '', 'latin1');
  sent += 1;
}

function finish(): void {
  if (busy > 0) faults['unanswered'] = busy;
  const sorted = latencies.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? -1;
  const failed = Object.values(faults).reduce((sum, each) => sum + each, 0);
  const result: SteadyResult = { answered: sorted.length, failed, p50: at(0.5), p99: at(0.99), max: at(1), faults };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

const startedAt = performance.now();
let isOver = false;
function stop(): void {
  if (isOver) return;
  isOver = true;
  clearInterval(ticking);
  // The last answers may still be on their way.
  setTimeout(finish, 1000);
}
const ticking = setInterval(() => {
  const elapsed = performance.now() - startedAt;
  const due = Math.min(Math.floor((elapsed / 1000) * settings.rate), settings.rate * settings.seconds);
  while (sent < due) send(startedAt + (sent / settings.rate) * 1000);
  if (elapsed > settings.seconds * 1000) stop();
}, 1);
process.once('SIGTERM', stop);
