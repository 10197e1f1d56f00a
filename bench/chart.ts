/** Horizontal bars as SVG, one group below the other: readable at 360 px, in light and dark. */

export type Bar = { readonly label: string; readonly value: number; readonly ours: boolean };
export type BarGroup = { readonly title: string; readonly bars: readonly Bar[] };

export type Chart = {
  readonly title: string;
  /** What the numbers are, under the title. */
  readonly unit: string;
  readonly groups: readonly BarGroup[];
};

const WIDTH = 360;
const MARGIN = 12;
const LABEL = 15; // height of the line above a bar
const BAR = 10;
const GAP = 8;
const VALUE = 58; // kept free at the right for the number

const STYLE = `
    text { font: 12px system-ui, sans-serif; fill: #1f2933 }
    .title { font-size: 15px; font-weight: 600 }
    .unit, .value { fill: #52606d }
    .group { font-weight: 600 }
    .peer { fill: #9aa5b1 }
    .ours { fill: #1d6f5c }
    .paper { fill: #ffffff }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e7eb }
      .unit, .value { fill: #b0bac5 }
      .peer { fill: #616e7c }
      .ours { fill: #4fc3a1 }
      .paper { fill: #14191f }
    }
  `;

/** The chart as one SVG document. Bars of a group share a scale that begins at zero; each carries its number. */
export function renderChart(chart: Chart): string {
  const parts: string[] = [];
  let y = MARGIN + 14;
  parts.push(textAt(MARGIN, y, 'title', chart.title));
  y += 18;
  parts.push(textAt(MARGIN, y, 'unit', chart.unit));
  for (const group of chart.groups) {
    y += 28;
    parts.push(textAt(MARGIN, y, 'group', group.title));
    y += GAP;
    const most = Math.max(...group.bars.map(({ value }) => value)) || 1;
    for (const bar of group.bars) {
      parts.push(...renderBar(bar, y, most));
      y += LABEL + BAR + GAP;
    }
  }
  const height = y + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(describe(chart))}">
  <style>${STYLE}</style>
  <rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>
  ${parts.join('\n  ')}
</svg>
`;
}

function renderBar({ label, value, ours }: Bar, y: number, most: number): readonly string[] {
  const room = WIDTH - 2 * MARGIN - VALUE;
  const length = Math.max(2, (value / most) * room);
  const kind = ours ? 'ours' : 'peer';
  return [
    textAt(MARGIN, y + LABEL - 4, ours ? 'group' : 'label', label),
    `<rect class="${kind}" x="${MARGIN}" y="${y + LABEL}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/>`,
    textAt(MARGIN + length + 6, y + LABEL + BAR, 'value', value.toFixed(value < 10 ? 1 : 0)),
  ];
}

/** The whole chart in words, for those who cannot see it. */
function describe({ title, unit, groups }: Chart): string {
  const each = groups.map(
    (group) => `${group.title}: ${group.bars.map(({ label, value }) => `${label} ${value.toFixed(1)}`).join(', ')}`,
  );
  return `${title}, ${unit}. ${each.join('. ')}.`;
}

const textAt = (x: number, y: number, kind: string, text: string): string =>
  `<text class="${kind}" x="${x.toFixed(1)}" y="${y}">${escapeXml(text)}</text>`;

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
