import { compare, type Difference, type KnownDifference } from './compare.ts';
import { withoutSmallOnes } from './known.ts';
import type { Lane, Pair } from './pair.ts';
import { type Both, type Case, drawCase, type Outcome, Runner } from './run.ts';

export type CampaignOptions = {
  readonly seed: number;
  readonly from: number;
  readonly cases: number;
  readonly known: readonly KnownDifference[];
  /** Stops after so many unknown differences. */
  readonly most?: number;
};

export type Found = Difference & { readonly drawn: Case; readonly before: readonly number[] };

export type Campaign = {
  readonly cases: number;
  /** Cases that both fronts passed on to the application, refused, or left waiting. */
  readonly forwarded: number;
  readonly refused: number;
  readonly waiting: number;
  /** Differences that a second look on fresh connections did not show. */
  readonly unsteady: number;
  readonly known: Readonly<Record<string, number>>;
  readonly found: readonly Found[];
};

const PATIENCE = 15;
const SECOND_LOOK = 250;

/** Draws every case of a range and sends it down both fronts, each lane one at a time. */
export async function runCampaign(pair: Pair, options: CampaignOptions): Promise<Campaign> {
  const tally = { cases: 0, forwarded: 0, refused: 0, waiting: 0, unsteady: 0, known: {} as Record<string, number> };
  const found: Found[] = [];
  const { from, cases, most = 20 } = options;
  const runLane = async (lane: Lane, first: number): Promise<void> => {
    const runner = new Runner(lane);
    for (let index = first; index < from + cases && found.length < most; index += pair.lanes.length) {
      const drawn = drawCase(options.seed, index, lane.place);
      const before = [...runner.history];
      const both = await runner.run(drawn, PATIENCE);
      count(tally, both);
      const seen = compare(both);
      if (seen === undefined) continue;
      const steady = await lookAgain(runner, drawn);
      const name = nameOf(steady ?? seen, drawn, options.known);
      if (name !== undefined) tally.known[name] = (tally.known[name] ?? 0) + 1;
      else if (steady === undefined) tally.unsteady += 1;
      else found.push({ ...steady, drawn, before });
    }
    runner.close();
  };
  await Promise.all(pair.lanes.map((lane, index) => runLane(lane, from + index)));
  return { ...tally, found };
}

async function lookAgain(runner: Runner, drawn: Case): Promise<Difference | undefined> {
  runner.close();
  const again = compare(await runner.run(drawn, SECOND_LOOK));
  runner.close();
  return again;
}

function nameOf({ both }: Difference, drawn: Case, known: readonly KnownDifference[]): string | undefined {
  const plain = withoutSmallOnes(both, drawn);
  return known.find(({ holds }) => holds(plain, drawn))?.name;
}

function count(tally: { cases: number; forwarded: number; refused: number; waiting: number }, { product }: Both): void {
  tally.cases += 1;
  if (product.end === 'waiting') tally.waiting += 1;
  else if (product.upstream.length > 0) tally.forwarded += 1;
  else tally.refused += 1;
}

/** A difference for somebody who has to find its cause. */
export function describeFound({ what, drawn, before, both }: Found, seed: number): string {
  const shown = (value: unknown): string => {
    const text = JSON.stringify(value).replaceAll(/([a-z])\1{40,}/g, (run) => `${run[0]}×${run.length}`);
    return text.length > 1200 ? `${text.slice(0, 1200)}… (${text.length})` : text;
  };
  return [
    `case ${drawn.index}: ${what}; again: npm run fronts -- --seed ${seed} --from ${drawn.index} --cases 1`,
    `  sent      ${shown(drawn.requests.pieces)}`,
    `  replies   ${shown(drawn.replies.map(({ pieces, ends }) => (ends ? [...pieces, '(end)'] : pieces)))}`,
    `  product   ${summary(both.product)}`,
    `  reference ${summary(both.reference)}`,
    ...firstDifference(both),
    `  before it on the connection: ${before.join(' ')}`,
  ].join('\n');
}

const summary = ({ answers, rest, end, upstream, unfinished }: Outcome): string => {
  const said = answers.map(({ status, framing, keepAlive }) => `${status} ${framing}${keepAlive ? '' : ' last'}`);
  return `${said.join(', ')}; ${end}; ${upstream.length} passed on; rest ${rest.length}, unfinished ${unfinished.length}`;
};

/** The first place at which the two outcomes differ. */
function firstDifference({ product, reference }: Both): string[] {
  const [left, right] = [JSON.stringify(product), JSON.stringify(reference)];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  const from = Math.max(0, at - 60);
  return [`  p… ${left.slice(from, at + 100)}`, `  r… ${right.slice(from, at + 100)}`];
}
