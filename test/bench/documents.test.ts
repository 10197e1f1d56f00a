import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderChart } from '../../bench/chart.ts';
import { DOCUMENT, type Part, replacePart } from '../../bench/documents.ts';
import { chartOf } from '../../bench/results.ts';

const CHART = {
  title: 'What <a> request costs',
  unit: 'µs',
  groups: [
    {
      title: 'GET & POST',
      bars: [
        { label: 'sumun', value: 25, ours: true },
        { label: 'a peer with a long name, proxy_pass', value: 100, ours: false },
      ],
    },
    { title: 'PUT', bars: [{ label: 'sumun', value: 0, ours: true }] },
  ],
};

const barsOf = (svg: string): readonly (readonly [string, number])[] =>
  [...svg.matchAll(/<rect class="(ours|peer)" x="12" y="\d+" width="([\d.]+)"/g)].map(([, kind = '', width]) => [
    kind,
    Number(width),
  ]);

describe('the chart', () => {
  const svg = renderChart(CHART);

  test('is as wide as a small telephone and as long as its bars', () => {
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    const lowest = Math.max(...[...svg.matchAll(/ y="(\d+)"/g)].map(([, y]) => Number(y)));
    expect(Number(width)).toBe(360);
    expect(Number(height)).toBeGreaterThan(lowest);
  });

  test('draws bars in proportion within a group, none invisible, each with its number inside the picture', () => {
    const [ours, peer, small] = barsOf(svg);
    expect(ours?.[0]).toBe('ours');
    expect((peer?.[1] ?? 0) / (ours?.[1] ?? 1)).toBeCloseTo(4, 1);
    expect(small?.[1]).toBeGreaterThan(0);
    for (const [, x] of svg.matchAll(/<text class="value" x="([\d.]+)"/g)) expect(Number(x)).toBeLessThan(325);
  });

  test('reads in light and dark, in words, and has no markup of its texts', () => {
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).toContain('role="img"');
    expect(/aria-label="([^"]*)"/.exec(svg)?.[1]).toContain('sumun 25.0, a peer with a long name, proxy_pass 100.0');
    expect(svg).toContain('What &lt;a&gt; request costs');
    expect(svg).not.toMatch(/<a>|GET & POST/);
  });

  test('has no line of text that is cut off', () => {
    const whole = chartOf([
      ...['nginx, auth_request + auth server', 'Traefik, forwardAuth + auth server'].map((candidate) => ({
        ...{ requestsPerSecond: 1, p50: 1, p99: 1, bestCpuPerRequest: 1, ratios: [], residentMiB: 1, errors: 0 },
        ...{ scenario: 'GET 1 KiB, 10,000 people', candidate, cpuPerRequest: 1 },
      })),
    ]);
    for (const [, text = ''] of whole.matchAll(/<text[^>]*>([^<]*)</g)) expect(text.length).toBeLessThan(48);
  });

  test('puts the cheapest first', () => {
    const row = { requestsPerSecond: 1, p50: 1, p99: 1, bestCpuPerRequest: 1, ratios: [], residentMiB: 1, errors: 0 };
    const chart = chartOf([
      { ...row, scenario: 'GET', candidate: 'dear', cpuPerRequest: 90 },
      { ...row, scenario: 'GET', candidate: 'sumun', cpuPerRequest: 30 },
    ]);
    expect(barsOf(chart).map(([kind]) => kind)).toEqual(['ours', 'peer']);
  });
});

describe('the document', () => {
  test('keeps everything outside of the part', () => {
    const text = 'before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n';
    expect(replacePart(text, 'bench', '\nnew\n')).toBe(
      'before\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nafter\n',
    );
    expect(replacePart(replacePart(text, 'bench', 'new'), 'bench', 'new')).toBe(replacePart(text, 'bench', 'new'));
  });

  test.each([
    ['no markers', 'text'],
    ['no end', '<!-- bench: begin -->'],
    ['the end first', '<!-- bench: end --><!-- bench: begin -->'],
    ['two beginnings', '<!-- bench: begin --><!-- bench: begin --><!-- bench: end -->'],
  ])('%s: nothing is written', (_, text) => {
    expect(() => replacePart(text, 'bench', 'new')).toThrow('<!-- bench: begin -->');
  });

  test('has a place for every part', () => {
    const parts: readonly Part[] = ['bench', 'attacks', 'aborts'];
    for (const part of parts) expect(replacePart(readFileSync(DOCUMENT, 'utf8'), part, 'figures')).toContain('figures');
  });
});
