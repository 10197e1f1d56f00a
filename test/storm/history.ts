import type { Stores } from '../../src/stores/open.ts';

/** How a submission ended, as far as its submitter could tell before it was killed. */
export type Seen = 'accepted' | 'rejected' | 'unknown';

/** One valid code of one account, what became of everybody who submitted it, and of a repetition of the code before. */
export type Round = {
  readonly account: string;
  readonly step: number;
  readonly fresh: Seen[];
  readonly replayed: Seen[];
};

/** A round counts when at least two submitters got their answer. */
export const wasRaced = (round: Round): boolean => round.fresh.filter((each) => each !== 'unknown').length >= 2;

export type Findings = {
  /** Codes that were raced for. */
  readonly rounds: number;
  readonly submissions: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly unknown: number;
  readonly problems: readonly string[];
};

/**
 * Checks a history against the register each (account, step) is: exactly one submission takes it. An unknown one may
 * have been either, so what counts there is the audit trail, which must hold one acceptance for each taken code and
 * one for each acceptance that was returned.
 */
export async function checkHistory(stores: Stores, history: readonly Round[]): Promise<Findings> {
  const recorded = await acceptances(stores);
  const problems = history.flatMap((round) => checkRound(round, recorded.get(`${round.account} ${round.step}`) ?? 0));
  const fresh = history.filter((round) => round.fresh.length > 0).length;
  const total = [...recorded.values()].reduce((sum, count) => sum + count, 0);
  if (total > fresh) problems.push(`${total} acceptances are recorded for ${fresh} codes`);
  problems.push(...(await checkFloors(stores, history)));
  const verdict = await stores.audit.verify();
  if (!verdict.ok) problems.push(`audit: ${verdict.problem}`);
  const all = history.flatMap((round) => [...round.fresh, ...round.replayed]);
  const count = (seen: Seen) => all.filter((each) => each === seen).length;
  return {
    rounds: history.filter(wasRaced).length,
    submissions: all.length,
    accepted: count('accepted'),
    rejected: count('rejected'),
    unknown: count('unknown'),
    problems,
  };
}

function checkRound(round: Round, recorded: number): readonly string[] {
  const name = `account ${round.account}, step ${round.step}`;
  const accepted = round.fresh.filter((each) => each === 'accepted').length;
  const unknown = round.fresh.filter((each) => each === 'unknown').length;
  const problems: string[] = [];
  if (accepted > 1) problems.push(`${name}: accepted ${accepted} times`);
  if (recorded > 1) problems.push(`${name}: ${recorded} acceptances recorded`);
  if (accepted === 1 && recorded !== 1) problems.push(`${name}: accepted but not recorded`);
  if (accepted === 0 && recorded === 1 && unknown === 0) problems.push(`${name}: recorded but nobody was accepted`);
  if (recorded === 0 && unknown < round.fresh.length) problems.push(`${name}: a valid code was refused to everybody`);
  return problems;
}

/** A repetition of the code before must not be accepted where that code had been taken; the audit count shows it. */
async function acceptances(stores: Stores): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let after = 0; ; ) {
    const records = await stores.audit.read({ after, limit: 5000, kind: 'signin.accepted' });
    for (const record of records) {
      const key = `${record.login} ${record.detail['step']}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const last = records.at(-1);
    if (last === undefined) return counts;
    after = last.seq;
  }
}

async function checkFloors(stores: Stores, history: readonly Round[]): Promise<readonly string[]> {
  const highest = new Map<string, number>();
  for (const round of history) {
    if (round.fresh.includes('accepted'))
      highest.set(round.account, Math.max(round.step, highest.get(round.account) ?? 0));
  }
  const problems: string[] = [];
  for (const [account, step] of highest) {
    const floor = (await stores.authenticators.list(account))[0]?.movingFactor ?? -1;
    if (floor < step) problems.push(`account ${account}: the floor is ${floor}, but step ${step} was accepted`);
  }
  return problems;
}
