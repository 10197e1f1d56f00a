import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Eta } from 'eta';

/** The templates, compiled, and the one style sheet they all carry inline. */
export type Views = {
  /** Fills a template inside the layout. Every value is escaped; a template that throws is a fault of ours. */
  document(template: string, model: Readonly<Record<string, unknown>>): string;
  /** The style sheet for an accent colour, with its Content-Security-Policy source. */
  style(accent: string | undefined): { readonly css: string; readonly source: string };
};

/** `views/` in the package, seen from `src/http` and from `dist/http` alike. */
const FOLDER = new URL('../../views/', import.meta.url);

/** Reads and compiles every template at once, so that a broken one stops the start and not a request. */
export function createViews(): Views {
  const eta = new Eta({ autoEscape: true, autoTrim: [false, 'nl'], cache: true, useWith: false });
  for (const file of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.eta')) continue;
    const source = readFileSync(new URL(file, FOLDER), 'utf8');
    eta.loadTemplate(`@${file.slice(0, -'.eta'.length)}`, source);
  }
  const sheet = tighten(readFileSync(new URL('style.css', FOLDER), 'utf8'));
  const styles = new Map<string | undefined, ReturnType<Views['style']>>();
  return {
    document: (template, model) => eta.render('@layout', { ...model, body: eta.render(`@${template}`, model) }),
    style: (accent) => {
      const made = styles.get(accent) ?? styleOf(sheet + accentRule(accent));
      styles.set(accent, made);
      return made;
    },
  };
}

const styleOf = (css: string): ReturnType<Views['style']> => ({
  css,
  source: `'sha256-${createHash('sha256').update(css).digest('base64')}'`,
});

/** The accent is used on light ground only: no one colour is legible on both, and the dark theme has its own. */
const accentRule = (accent: string | undefined): string =>
  accent !== undefined && /^#[0-9a-fA-F]{6}$/.test(accent)
    ? `@media (prefers-color-scheme:light){:root{--primary:${accent};--hover:${accent};--tint:#EEF0F3}}`
    : '';

/** Takes out what a browser does not need: line breaks, indentation, spaces around punctuation. */
const tighten = (css: string): string =>
  css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/\s*([{};,])\s*/g, '$1')
    .replace(/: (?=[^{}]*[;}])/g, ':')
    .replace(/;}/g, '}')
    .trim();
