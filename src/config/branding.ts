import type { PageSettings } from '../core/policy.ts';
import { type Context, resolveFrom } from './context.ts';
import type { Configuration } from './schema/root.ts';

const MAX_LOGO_BYTES = 8 * 1024;
const NEEDED_CONTRAST = 4.5;

/** `pages`, with the logo read in and the accent colour checked. */
export function compilePages(pages: Configuration['pages'], context: Context): PageSettings {
  const { brand, help } = pages;
  const accent = brand.accent ?? undefined;
  if (accent !== undefined) checkAccent(accent, context);
  const logo = brand.logo === null ? undefined : readLogo(resolveFrom(context, brand.logo), context);
  return {
    brand: { name: brand.name, logo, accent },
    languages: [...new Set(pages.languages)],
    help: { text: help.text ?? {}, url: help.url ?? undefined },
    idHint: pages.id_hint ?? {},
  };
}

/** The logo as a `data:` URI; its kind is told from its first bytes, not from its name. */
function readLogo(file: string, context: Context): string | undefined {
  const path = ['pages', 'brand', 'logo'];
  const read = context.files.read(file, MAX_LOGO_BYTES);
  if (read.kind === 'missing') context.report('secret-missing', path, { found: file });
  else if (read.kind === 'unreadable') context.report('secret-unreadable', path, { found: file });
  else if (read.kind === 'too-large')
    context.report('bad-logo', path, { found: file, hint: `${(read.size / 1024).toFixed(1)} KiB` });
  else {
    const type = imageType(Buffer.from(read.bytes));
    if (type !== undefined) return `data:${type};base64,${Buffer.from(read.bytes).toString('base64')}`;
    context.report('bad-logo', path, { found: file, hint: 'PNG, JPEG, SVG' });
  }
  return undefined;
}

function imageType(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'image/png';
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'image/jpeg';
  const text = bytes.toString('utf8');
  const isSvg =
    /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--[\s\S]*?-->\s*)*<svg[\s>]/.test(text) && /<\/svg>\s*$/.test(text);
  const isActive =
    /<script|<foreignObject|<!ENTITY|<!DOCTYPE|\son\w+\s*=|javascript:|(?:href|src)\s*=\s*(?!["']?(?:#|data:image\/(?:png|jpeg)))/i.test(
      text,
    );
  return isSvg && !isActive ? 'image/svg+xml' : undefined;
}

/** White text has to be readable on the accent (WCAG 2.2 §1.4.3); the nearest darker shade that passes is suggested. */
function checkAccent(accent: string, context: Context): void {
  const channels = [1, 3, 5].map((at) => Number.parseInt(accent.slice(at, at + 2), 16));
  const ratio = contrastWithWhite(channels);
  if (ratio >= NEEDED_CONTRAST) return;
  let shade = channels;
  for (let share = 99; contrastWithWhite(shade) < NEEDED_CONTRAST; share--)
    shade = channels.map((channel) => Math.round((channel * share) / 100));
  const hint = `#${shade
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}`;
  context.report('weak-contrast', ['pages', 'brand', 'accent'], { found: accent, ratio: ratio.toFixed(2), hint });
}

/** Contrast ratio of white on a colour (WCAG 2.2, relative luminance). */
function contrastWithWhite(channels: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}
