import { readFileSync } from 'node:fs';
import type { Finding } from '../config/finding.ts';
import { renderFindings } from '../config/render.ts';
import { hasColour, type Terminal } from './terminal.ts';
import type { Output } from './wiring.ts';

/** Findings of a configuration file as people read them, with the source lines they are about. */
export function findingLines(terminal: Terminal, file: string, findings: readonly Finding[], output: Output): string {
  const colour = hasColour(terminal.wiring, terminal.flags(), output);
  return renderFindings(findings, sourceOf(file), {
    colour,
    language: terminal.language,
    folder: terminal.wiring.folder,
  });
}

/** The text of the file, or nothing if it cannot be read: then the findings say so themselves. */
function sourceOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
