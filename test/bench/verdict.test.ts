import { describe, expect, test } from 'vitest';
import { readAttackSettings } from '../../bench/arguments.ts';
import { ATTACKS, DEFAULT_DEADLINES } from '../../bench/attacks/list.ts';
import type { AttackResult } from '../../bench/attacks/measure.ts';
import { faultsOf, renderAttacks } from '../../bench/attacks/verdict.ts';

const MIB = 1024 * 1024;
const settings = readAttackSettings([], Object.keys(ATTACKS));
const attack = ATTACKS['headers']?.(settings, DEFAULT_DEADLINES);
if (attack === undefined) throw new Error('no such attack');

const steady = { answered: 3000, failed: 0, p50: 1, p99: 9, max: 20, faults: {} };
const good: AttackResult = {
  attack,
  attacker: {
    opened: 10_000,
    closedByGateway: 10_000,
    left: 0,
    secondsUntilAllClosed: 10.4,
    answers: { '408': 10_000 },
    bytesRead: 1,
  },
  base: { resident: 200 * MIB, files: 40 },
  peak: { resident: 300 * MIB, files: 10_050 },
  after: { resident: 290 * MIB, files: 42 },
  alone: steady,
  beside: steady,
};

describe('the verdict on an attack', () => {
  test('F7 slow headers: 10,000 of them, closed at the deadline, flat, unnoticed by others', () => {
    expect(attack).toMatchObject({ connections: 10_000, deadline: 13, p99: 100 });
    expect(faultsOf(good)).toEqual([]);
  });

  test.each<readonly [string, Partial<AttackResult>, string]>([
    ['others wait', { beside: { ...steady, p99: 101 } }, 'p99 of others over 100 ms'],
    ['others fail', { beside: { ...steady, failed: 4 } }, '4 requests of others failed'],
    ['memory', { peak: { resident: 457 * MIB, files: 1 } }, 'memory grew by more than 256 MiB'],
    ['too late', { attacker: { ...good.attacker, secondsUntilAllClosed: 13.5 } }, 'closed too late'],
    ['never', { attacker: { ...good.attacker, left: 7, secondsUntilAllClosed: undefined } }, '7 connections left'],
    ['a leak', { after: { resident: 1, files: 57 } }, 'descriptors left open'],
  ])('%s', (_, change, fault) => {
    expect(faultsOf({ ...good, ...change })).toEqual([fault]);
  });

  test('is one line of the table', () => {
    const line = renderAttacks([good]).split('\n').at(-1) ?? '';
    expect(line).toContain('| slow headers | 10,000 | 200.0 → 300.0 → 290.0 | 10.2 | 40 → 10050 → 42 | 10.4 s |');
    expect(line).toContain('408: 10,000 | yes |');
  });
});

test('DOS-3 sign-ins come a thousand times a second, and others have 50 ms', () => {
  expect(ATTACKS['sign-ins']?.(settings, DEFAULT_DEADLINES)).toMatchObject({ rate: 1000, p99: 50 });
});
