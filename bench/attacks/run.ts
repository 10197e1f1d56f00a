/**
 * `npm run bench:dos [-- --quick --only headers,readers --connections 10000 --seconds 15 --aborts 10000 --out FILE
 * --write]`
 *
 * Each attack on a gateway of its own, on core 0, with the deadlines of the defaults; people who do nothing wrong ask 200
 * times a second beside it, and both sides of the load are on core 1. Linux only.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AttackSettings, readAttackSettings } from '../arguments.ts';
import { describeMachine, writePart } from '../documents.ts';
import { startNginx } from '../nginx.ts';
import {
  freePort,
  isInstalled,
  openFilesAllowed,
  startOn,
  stayOn,
  stopAll,
  stopOnSignal,
  untilListening,
} from '../processes.ts';
import { measureAborts, renderAborts } from './aborts.ts';
import { ATTACKS, DEFAULT_DEADLINES, QUICK_DEADLINES } from './list.ts';
import { type AttackResult, measureAttack, type Place } from './measure.ts';
import { faultsOf, renderAttacks } from './verdict.ts';

/** What keeps the attacks from running here, or undefined. */
function hindrance({ connections }: AttackSettings): string | undefined {
  const missing = ['nginx', 'taskset', 'openssl'].filter((tool) => !isInstalled(tool));
  if (missing.length > 0) return `skipped: ${missing.join(', ')} missing`;
  if (process.platform !== 'linux' || cpus().length < 2) return 'skipped: it takes Linux and two cores';
  const allowed = openFilesAllowed();
  const needed = connections + 1000;
  return allowed < needed ? `skipped: ${needed} open files are needed, ${allowed} allowed (ulimit -n)` : undefined;
}

async function startPlace(folder: string): Promise<Place> {
  const [backend, large] = [await freePort(), await freePort()];
  startNginx(folder, 1, backend, { kind: 'backend' });
  // Behind the others on this core, as the attacker is: it serves nobody else here.
  startOn(1, 'nice', ['-n', '10', process.execPath, 'bench/large-server.ts', String(large)]);
  await Promise.all([backend, large].map((port) => untilListening(port)));
  return { folder, backend, large };
}

async function attackAll(folder: string, settings: AttackSettings): Promise<readonly AttackResult[]> {
  const deadlines = settings.quick ? QUICK_DEADLINES : DEFAULT_DEADLINES;
  const results: AttackResult[] = [];
  for (const word of settings.attacks) {
    const attack = ATTACKS[word]?.(settings, deadlines);
    if (attack === undefined) continue;
    try {
      const result = await measureAttack(word, attack, await startPlace(folder), settings, deadlines);
      results.push(result);
      const faults = faultsOf(result);
      process.stderr.write(`${attack.kind}: ${faults.length === 0 ? 'as promised' : faults.join('; ')}\n`);
    } catch (reason) {
      process.stderr.write(`left out: ${word}: ${reason instanceof Error ? reason.message : String(reason)}\n`);
    } finally {
      await stopAll();
    }
  }
  return results;
}

async function main(): Promise<void> {
  const settings = readAttackSettings(process.argv.slice(2), Object.keys(ATTACKS));
  const hindered = hindrance(settings);
  if (hindered !== undefined) {
    console.log(hindered);
    return;
  }
  stayOn(1);
  stopOnSignal();
  const folder = mkdtempSync(join(tmpdir(), `sumun-attacks-${randomBytes(3).toString('hex')}-`));
  try {
    const machine = describeMachine(new Date(), ['nginx']);
    const attacks = await attackAll(folder, settings);
    if (attacks.length > 0) console.log(`\n${renderAttacks(attacks)}`);
    const aborts = settings.aborts === 0 ? undefined : await measureAborts(folder, settings.aborts);
    if (aborts !== undefined) console.log(`\n${renderAborts(aborts)}`);
    mkdirSync(join(settings.out, '..'), { recursive: true });
    writeFileSync(settings.out, `${JSON.stringify({ machine, settings, attacks, aborts }, null, 2)}\n`);
    if (!settings.write) return;
    if (attacks.length > 0) writePart('attacks', `${machine}\n\n${renderAttacks(attacks)}`);
    if (aborts !== undefined) writePart('aborts', `${machine}\n\n${renderAborts(aborts)}`);
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
