import { parseArgs } from 'node:util';
import { runStorm } from './conductor.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20000' },
    processes: { type: 'string', default: '4' },
    submitters: { type: 'string', default: '4' },
    kill: { type: 'boolean', default: false },
  },
});

const report = await runStorm({
  rounds: Number(values.rounds),
  processes: Number(values.processes),
  submitters: Number(values.submitters),
  killEvery: values.kill ? 1000 : 0,
});
const { problems, ...figures } = report;
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 4;
