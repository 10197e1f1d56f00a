import { parseArgs } from 'node:util';
import { describeFound, runCampaign } from '../support/fronts/campaign.ts';
import { KNOWN_DIFFERENCES } from '../support/fronts/known.ts';
import { openPair } from '../support/fronts/pair.ts';
import { listenForReference } from '../support/reference-front.ts';

/**
 * `npm run fronts [-- --cases 100000 --seed 1 --from 0 --self]`
 *
 * Sends generated and mutated requests and responses through the front of the product and through one on `node:http`,
 * and compares what the client and what the application got. `--self`: the same front twice, which shows how steady the
 * comparison is. Ends with 4 where they differ.
 */
const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    self: { type: 'boolean', default: false },
  },
});

const seed = Number(values.seed);
const from = Number(values.from);
const cases = Number(values.cases);
const pair = await openPair(values.self ? undefined : listenForReference);
const begun = performance.now();
const { found, ...figures } = await runCampaign(pair, {
  seed,
  // Every case keeps the lane it has in a long run.
  from: from - (from % pair.lanes.length),
  cases: cases + (from % pair.lanes.length),
  known: KNOWN_DIFFERENCES,
});
const seconds = Math.round((performance.now() - begun) / 100) / 10;
process.stdout.write(`${JSON.stringify({ seed, seconds, ...figures, differences: found.length })}\n`);
for (const each of found) process.stderr.write(`${describeFound(each, seed)}\n`);
await pair.close();
process.exitCode = found.length === 0 ? 0 : 4;
