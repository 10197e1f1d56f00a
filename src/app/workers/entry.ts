// The program of a worker process. It is started by the primary process only and obeys nobody else: a signal that a
// terminal or a supervisor sends to the whole group is the primary's to act on. It ends when the primary is gone.
import { usageOf } from '../usage.ts';
import { Line } from './line.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { Worker } from './worker.ts';

if (process.send === undefined) {
  process.stderr.write('this program is started by sumun run\n');
  process.exit(2);
}
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
const pipe = {
  send: (words: unknown, taken: () => void): unknown => process.send?.(words, undefined, undefined, taken),
};
const worker = new Worker({
  line: new Line<ToPrimary>(pipe),
  clock: { now: () => Date.now() },
  sink: process.stderr,
  env: process.env,
  usage: () => usageOf(process),
  exit: (code) => process.exit(code),
});
process.on('message', (words: readonly ToWorker[]) => {
  for (const word of words) worker.hear(word);
});
process.on('disconnect', () => process.exit(1));
