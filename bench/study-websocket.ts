/** WebSocket messages of 64 octets, echoed, over 64 connections: nginx without a gate and the gateway. */
import { type Around, pair, settingsOf } from './around.ts';
import { BENCH_HOST, startGateway } from './gateway.ts';
import { startNginx } from './nginx.ts';
import { cpuMicroseconds, familyOf, freePort, residentBytes, runScript, untilListening } from './processes.ts';
import { RAW, type Row, type Run, summarise } from './report.ts';
import type { WebSocketResult, WebSocketSettings } from './websocket-client.ts';

type Side = { readonly name: string; readonly port: number; readonly pid: number };

/** The rows; a request is a message. */
export async function studyWebSocket(around: Around): Promise<readonly Row[]> {
  const { turns, large } = around;
  const gateway = await startGateway(settingsOf(around, 'websocket'));
  const port = await freePort();
  const pid = startNginx(turns.folder, 0, port, { kind: 'raw', backend: large, websocket: true });
  await untilListening(port);
  const sides: readonly Side[] = [
    { name: RAW, port, pid },
    { name: 'sumun', port: gateway.port, pid: gateway.pid },
  ];
  const runs: Run[] = [];
  for (let round = 0; round < turns.rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      runs.push(await countMessages(side, pair(gateway.cookie), turns.seconds, round));
    }
  }
  return summarise(runs, [RAW]);
}

async function countMessages({ name, port, pid }: Side, cookie: string, seconds: number, round: number): Promise<Run> {
  const origin = `http://${BENCH_HOST}`;
  const settings: WebSocketSettings = { port, path: '/large/ws', pair: cookie, origin, connections: 64, seconds };
  const pids = familyOf(pid);
  const before = cpuMicroseconds(pids);
  const printed = await runScript(1, 'bench/websocket-client.ts', settings);
  const result = printed as WebSocketResult; // what the script prints
  const spent = cpuMicroseconds(pids) - before;
  const cost = (spent / result.all).toFixed(1);
  process.stderr.write(`round ${round + 1}  ${'WebSocket'.padEnd(24)} ${name.padEnd(36)} ${cost} µs/message\n`);
  return {
    scenario: 'WebSocket',
    candidate: name,
    round,
    requests: result.messages,
    seconds: result.seconds,
    // The warm-up costs the same for each message, so the share of the counted ones is theirs.
    cpuMicroseconds: (spent * result.messages) / result.all,
    resident: residentBytes(pids),
    p50: Number.NaN,
    p99: Number.NaN,
    errors: 0,
  };
}
