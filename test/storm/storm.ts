import { parseArgs } from 'node:util';
import { runStorm } from './conductor.ts';
import { runDoorStorm } from './doors.ts';

/**
 * `npm run storm [-- --doors --rounds 20000 --processes 4 --submitters 4 --kill --web-every 20 --seed 113]`
 *
 * Races valid codes until all rounds are run: at the store alone, or with `--doors` at the web form, the API and RADIUS
 * of several processes. Ends with 4 where a code was accepted twice or refused to everybody.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20000' },
    processes: { type: 'string', default: '4' },
    submitters: { type: 'string', default: '4' },
    kill: { type: 'boolean', default: false },
    doors: { type: 'boolean', default: false },
    'web-every': { type: 'string', default: '20' },
    seed: { type: 'string', default: '113' },
  },
});

const rounds = Number(values.rounds);
const processes = Number(values.processes);
const report = values.doors
  ? await runDoorStorm({
      rounds,
      processes,
      killEvery: values.kill ? 5000 : 0,
      webEvery: Number(values['web-every']),
      seed: Number(values.seed),
    })
  : await runStorm({
      rounds,
      processes,
      submitters: Number(values.submitters),
      killEvery: values.kill ? 1000 : 0,
    });
const { problems, ...figures } = report;
process.stdout.write(`${JSON.stringify(figures)}\n`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 4;
