/** Puts measured figures into docs/performance.md, between markers, and the chart beside it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

export const DOCUMENT = 'docs/performance.md';
export const CHART = 'docs/img/performance.svg';

/** A part of the document that a program writes. */
export type Part = 'bench' | 'attacks' | 'aborts';

const markersOf = (part: Part): readonly [string, string] => [`<!-- ${part}: begin -->`, `<!-- ${part}: end -->`];

/** The text with the part replaced. Throws if its markers are not there, once each and in order. */
export function replacePart(text: string, part: Part, content: string): string {
  const [begin, end] = markersOf(part);
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from || text.indexOf(begin, from + 1) >= 0) throw new Error(`${DOCUMENT}: no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content.trim()}\n\n${text.slice(to)}`;
}

/** Writes the part into the document of this folder. */
export function writePart(part: Part, content: string): void {
  writeFileSync(DOCUMENT, replacePart(readFileSync(DOCUMENT, 'utf8'), part, content));
}

/** Writes the chart. */
export function writeChart(svg: string): void {
  mkdirSync('docs/img', { recursive: true });
  writeFileSync(CHART, svg);
}

/** Machine, versions and date in one sentence. `programs` are asked for their versions where they are installed. */
export function describeMachine(now: Date, programs: readonly string[]): string {
  const processors = cpus();
  const versions = programs.map(versionOf).filter((each) => each !== undefined);
  const machine = `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, Linux ${release()}`;
  return `${machine}, Node ${process.versions.node}, ${versions.join(', ')}; ${now.toISOString().slice(0, 10)}.`;
}

const FLAGS: Readonly<Record<string, string>> = { nginx: '-v', haproxy: '-v', caddy: 'version', traefik: 'version' };

function versionOf(program: string): string | undefined {
  const { stdout, stderr, error } = spawnSync(program, [FLAGS[program] ?? '--version'], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return `${program} ${/\d+\.\d+(?:\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? ''}`.trim();
}
