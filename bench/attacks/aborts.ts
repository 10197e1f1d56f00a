/** What stays behind in the gateway when clients and applications go away at random moments, thousands of times. */
import { setTimeout as wait } from 'node:timers/promises';
import { startGateway } from '../gateway.ts';
import { familyOf, freePort, openFiles, residentBytes } from '../processes.ts';
import { lineOf, mebibytes } from '../tables.ts';
import { leaveEarly, startFickle, sufferCut } from './fickle.ts';
import { type Heap, Inspector } from './inspector.ts';

type Trace = Heap & { readonly moment: string; readonly files: number; readonly resident: number };

export type AbortsResult = { readonly rounds: number; readonly traces: readonly Trace[] };

/** Rounds at one time. */
const AT_ONCE = 50;

/** Rounds each way before anything is counted. */
const FIRST = 2000;

/** How long the gateway rests before it is read: longer than an unused connection to an application is kept. */
const REST = 6000;

/** So many rounds of clients that leave, then as many of applications that do; files and heap before, between, after. */
export async function measureAborts(folder: string, rounds: number): Promise<AbortsResult> {
  const [application, inspected] = [await freePort(), await freePort()];
  const fickle = await startFickle(application);
  const common = { folder, name: 'aborts', core: 0, routes: 10, people: 10, signIn: false };
  const node = [`--inspect=127.0.0.1:${inspected}`];
  const gateway = await startGateway({ ...common, backend: application, large: application, node });
  const inspector = await Inspector.open(inspected);
  const pids = familyOf(gateway.pid);
  const traces: Trace[] = [];
  const read = async (moment: string): Promise<void> => {
    await wait(REST);
    const heap = await inspector.heap();
    traces.push({ moment, files: openFiles(pids), resident: residentBytes(pids), ...heap });
    process.stderr.write(`${moment}: ${traces.at(-1)?.files} descriptors, heap ${mebibytes(heap.heapUsed)} MiB\n`);
  };
  try {
    await repeat(Math.min(FIRST, rounds), () => leaveEarly(gateway.port));
    await repeat(Math.min(FIRST, rounds), () => sufferCut(gateway.port));
    await read('before');
    await repeat(rounds, () => leaveEarly(gateway.port));
    await read(`after ${rounds.toLocaleString('en')} clients that left`);
    await repeat(rounds, () => sufferCut(gateway.port));
    await read(`after ${rounds.toLocaleString('en')} applications that left`);
  } finally {
    inspector.close();
    fickle.close();
  }
  return { rounds, traces };
}

async function repeat(rounds: number, once: () => Promise<void>): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    for (; begun < rounds; ) {
      begun += 1;
      await once();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** The traces, one line each. */
export function renderAborts({ traces }: AbortsResult): string {
  const head = ['', 'descriptors', 'heap after collection, MiB', 'outside of the heap, MiB', 'resident, MiB'];
  const lines = traces.map(({ moment, files, heapUsed, external, resident }) =>
    lineOf([moment, String(files), mebibytes(heapUsed), mebibytes(external), mebibytes(resident)]),
  );
  return [lineOf(head), lineOf(head.map(() => '---')), ...lines].join('\n');
}
