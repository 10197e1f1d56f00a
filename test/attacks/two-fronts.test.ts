/**
 * The attacker looks for a message that the front of the gateway reads otherwise than everybody else. Here a second front
 * on `node:http` reads the same octets in front of a gateway of the same policy: what clients are answered, when their
 * connections end and what reaches the application must be the same, but for a short list that says why.
 *
 * The long form is `npm run fronts -- --cases 100000 --seed 1`.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { describeFound, runCampaign } from '../support/fronts/campaign.ts';
import { KNOWN_DIFFERENCES } from '../support/fronts/known.ts';
import { type OpenFront, openPair, type Pair } from '../support/fronts/pair.ts';
import { listenForReference } from '../support/reference-front.ts';

let pair: Pair | undefined;
afterEach(() => pair?.close());

async function campaign(open: OpenFront | undefined, cases: number, known = KNOWN_DIFFERENCES) {
  pair = await openPair(open);
  return runCampaign(pair, { seed: 1, from: 0, cases, known });
}

describe('SMUG-1 SMUG-2 SMUG-4 SMUG-5 SMUG-6 generated requests and responses', () => {
  test('mean the same to our front and to the one of Node', async () => {
    const { found, ...figures } = await campaign(listenForReference, 4200);
    expect(found.map((each) => describeFound(each, 1)).join('\n')).toBe('');
    // Both sides of every verdict are there in numbers, and what is known stays rare.
    expect(figures.cases).toBe(4200);
    expect(figures.forwarded).toBeGreaterThan(1200);
    expect(figures.refused).toBeGreaterThan(1200);
    expect(Object.values(figures.known).reduce((sum, count) => sum + count, 0)).toBeLessThan(100);
    expect(figures.unsteady).toBeLessThan(20);
  }, 600_000);
});

describe('the comparison itself', () => {
  test('finds no difference between a front and itself', async () => {
    const { found } = await campaign(undefined, 600, []);
    expect(found.map((each) => describeFound(each, 1)).join('\n')).toBe('');
  }, 300_000);

  test('finds a reader that is lenient', async () => {
    const { found } = await campaign((gate) => listenForReference(gate, { lenient: true }), 600);
    expect(found.map(({ what }) => what)).toContain('status');
    // Nowhere is it the product that lets through more.
    for (const { both } of found) {
      expect(both.product.upstream.length).toBeLessThanOrEqual(both.reference.upstream.length);
    }
  }, 300_000);
});
