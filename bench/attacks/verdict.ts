/** What an attack did, held against what is promised, and as a table. */
import { lineOf, mebibytes } from '../tables.ts';
import { type AttackResult, SPARE_FILES } from './measure.ts';

/** Resident memory that any attack may add. */
const MEMORY = 256 * 1024 * 1024;

/** What is not as promised, in words; empty when all is. */
export function faultsOf({ attack, attacker, base, peak, after, beside }: AttackResult): readonly string[] {
  const faults: string[] = [];
  if (beside.p99 > attack.p99) faults.push(`p99 of others over ${attack.p99} ms`);
  const refused = beside.failed / Math.max(1, beside.answered + beside.failed);
  if (refused > 0.001) faults.push(`${beside.failed} requests of others failed`);
  if (peak.resident - base.resident > MEMORY) faults.push('memory grew by more than 256 MiB');
  if (attack.deadline !== undefined && (attacker.secondsUntilAllClosed ?? Number.POSITIVE_INFINITY) > attack.deadline) {
    faults.push(attacker.left > 0 ? `${attacker.left} connections left` : 'closed too late');
  }
  if (after.files > base.files + SPARE_FILES) faults.push('descriptors left open');
  return faults;
}

/** One line for each attack. */
export function renderAttacks(results: readonly AttackResult[]): string {
  const head = [
    'attack',
    'connections',
    'resident MiB: before → highest → after',
    'KiB each',
    'descriptors: before → highest → after',
    'all closed after',
    'p50, p99 of others alone',
    'beside it',
    'answers',
    'as promised',
  ];
  return [lineOf(head), lineOf(head.map(() => '---')), ...results.map(renderAttack)].join('\n');
}

function renderAttack(result: AttackResult): string {
  const { attack, attacker, base, peak, after, alone, beside } = result;
  const faults = faultsOf(result);
  const isHeld = attack.rate === 0;
  const each = isHeld ? ((peak.resident - base.resident) / 1024 / Math.max(1, attacker.opened)).toFixed(1) : '';
  const opened = attacker.opened.toLocaleString('en');
  const ended = attacker.secondsUntilAllClosed;
  const left = isHeld && attacker.left > 0 ? `${attacker.left} left after ${attack.seconds} s` : '';
  return lineOf([
    attack.kind,
    isHeld ? opened : `${opened} in ${attack.seconds} s`,
    [base, peak, after].map(({ resident }) => mebibytes(resident)).join(' → '),
    each,
    [base, peak, after].map(({ files }) => files).join(' → '),
    isHeld && ended !== undefined ? `${ended.toFixed(1)} s` : left,
    `${alone.p50.toFixed(1)}, ${alone.p99.toFixed(1)} ms`,
    `${beside.p50.toFixed(1)}, ${beside.p99.toFixed(1)} ms${beside.failed > 0 ? `, ${beside.failed} failed` : ''}`,
    Object.entries(attacker.answers)
      .map(([answer, count]) => `${answer}: ${count.toLocaleString('en')}`)
      .join(', '),
    faults.length === 0 ? 'yes' : `**no**: ${faults.join('; ')}`,
  ]);
}
