import type { House } from '../../src/ports.ts';
import type { Door, Heard } from '../support/doors.ts';

export type Submission = { readonly door: Door; readonly heard: Heard };

/** One valid code, what everybody who submitted it heard, and what came of the code before it, which was used up. */
export type DoorRound = {
  readonly login: string;
  readonly accountId: string;
  /** The time of the round; no two rounds of an account share one. */
  readonly at: number;
  readonly step: number;
  readonly fresh: Submission[];
  readonly replayed: Submission[];
};

/**
 * What is wrong with a history. Exactly one submission of a code is accepted; where a process was killed one that
 * heard nothing may be it. The audit trail has one acceptance for each that was heard, the statistics count the same,
 * and every token has moved past the last code it accepted.
 */
export async function checkDoors(house: House, history: readonly DoorRound[]): Promise<readonly string[]> {
  const recorded = await acceptances(house);
  const problems = history.flatMap((round) => checkRound(round, recorded.get(`${round.login} ${round.at}`) ?? 0));
  const total = [...recorded.values()].reduce((sum, count) => sum + count, 0);
  const counted = (await house.stats.totals())
    .filter(({ result }) => result === 'accepted')
    .reduce((sum, { count }) => sum + count, 0);
  if (total > history.length) problems.push(`${total} acceptances are recorded for ${history.length} codes`);
  if (counted !== total) problems.push(`${counted} acceptances are counted, ${total} recorded`);
  problems.push(...(await checkFloors(house, history)));
  const verdict = await house.audit.verify();
  if (!verdict.ok) problems.push(`audit: ${verdict.problem}`);
  return problems;
}

function checkRound({ login, step, fresh, replayed }: DoorRound, recorded: number): readonly string[] {
  const name = `${login}, step ${step}`;
  const heard = fresh.map((each) => each.heard);
  const accepted = heard.filter((each) => each === 'accepted').length;
  const unknown = heard.filter((each) => each === 'unknown').length;
  const problems: string[] = [];
  if (accepted > 1) problems.push(`${name}: accepted ${accepted} times`);
  if (recorded > 1) problems.push(`${name}: ${recorded} acceptances recorded`);
  if (accepted === 1 && recorded !== 1) problems.push(`${name}: accepted but not recorded`);
  if (accepted === 0 && recorded === 1 && unknown === 0) problems.push(`${name}: recorded but nobody was accepted`);
  if (accepted === 0 && unknown === 0) problems.push(`${name}: a valid code was refused to everybody`);
  if (replayed.some((each) => each.heard === 'accepted')) problems.push(`${name}: the code before was accepted again`);
  return problems;
}

async function acceptances(house: House): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const kind of ['verification.accepted', 'signin.accepted']) {
    for (let after = 0, more = true; more; ) {
      const records = await house.audit.read({ after, limit: 5000, kind });
      for (const { login, at } of records) counts.set(`${login} ${at}`, (counts.get(`${login} ${at}`) ?? 0) + 1);
      more = records.length > 0;
      after = records.at(-1)?.seq ?? after;
    }
  }
  return counts;
}

async function checkFloors(house: House, history: readonly DoorRound[]): Promise<readonly string[]> {
  const highest = new Map<string, number>();
  for (const { accountId, step, fresh } of history) {
    if (fresh.some(({ heard }) => heard === 'accepted'))
      highest.set(accountId, Math.max(step, highest.get(accountId) ?? 0));
  }
  const problems: string[] = [];
  for (const [account, step] of highest) {
    const floor = (await house.authenticators.list(account))[0]?.movingFactor ?? -1;
    if (floor < step) problems.push(`account ${account}: the floor is ${floor}, but step ${step} was accepted`);
  }
  return problems;
}
