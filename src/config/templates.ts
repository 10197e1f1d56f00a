import { TEMPLATE_VARIABLES } from '../core/access/handoff.ts';
import type { TemplatePart } from '../core/policy.ts';
import { err, ok } from '../core/result.ts';
import { nearestTo } from './nearest.ts';
import { type Read, show } from './values.ts';

const ATTRIBUTE = /^user\.attributes\.[A-Za-z0-9_-]{1,64}$/;

/**
 * Reads a header template: text and variables of the closed list in braces. Values are filled in once and never looked
 * at again, so text that looks like a template inside a value stays text.
 */
export const template: Read<readonly TemplatePart[]> = (value) => readTemplate(value, TEMPLATE_VARIABLES);

/** Variables of a RADIUS reply: there is no session and no page behind one. */
const RADIUS_VARIABLES = TEMPLATE_VARIABLES.filter(
  (name) => name.startsWith('user.') || name === 'session.amr' || name === 'route.name' || name === 'request.id',
);

/** A template of a RADIUS attribute; a number is taken as it is written. */
export const radiusTemplate: Read<readonly TemplatePart[]> = (value) =>
  readTemplate(typeof value === 'number' ? String(value) : value, RADIUS_VARIABLES);

function readTemplate(value: unknown, variables: readonly string[]): ReturnType<Read<readonly TemplatePart[]>> {
  if (typeof value !== 'string' || value.length > 500 || !/^[\x20-\x7e]*$/.test(value)) {
    return err({ finding: 'bad-template', values: { found: show(value) } });
  }
  const parts: TemplatePart[] = [];
  for (const piece of value.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    if (/^\{.*\}$/.test(piece)) {
      const name = piece.slice(1, -1);
      if (!variables.includes(name) && !ATTRIBUTE.test(name)) return unknownVariable(name, variables);
      parts.push({ kind: 'variable', name });
      continue;
    }
    if (/[{}]/.test(piece)) return err({ finding: 'bad-template', values: { found: show(value) } });
    parts.push({ kind: 'text', text: piece });
  }
  return ok(parts);
}

function unknownVariable(name: string, variables: readonly string[]): ReturnType<Read<never>> {
  const suggestion = nearestTo(name, variables);
  const known = [...variables, 'user.attributes.<name>'].join(', ');
  return err({
    finding: 'unknown-variable',
    values: { found: name, known, ...(suggestion === undefined ? {} : { suggestion }) },
  });
}

const RESERVED = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'expect',
  'cookie',
  'set-cookie',
  'forwarded',
  'via',
  'authorization',
  'proxy-authorization',
  'proxy-connection',
  'proxy-authenticate',
  'x-request-id',
  'content-type',
  'content-encoding',
  'origin',
  'referer',
  'range',
]);

/**
 * A header an identity may travel in: letters, digits, hyphens and, as older agents write `SM_USER`, underscores; none
 * that frames, routes or authenticates a message, however it is spelt.
 */
export const headerName: Read<string> = (value) => {
  const spelt = String(value).toLowerCase().replaceAll('_', '-');
  const isFit =
    typeof value === 'string' &&
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value) &&
    !RESERVED.has(spelt) &&
    !/^(?:x-forwarded-(?:for|proto|host|port)|sec-)/.test(spelt);
  return isFit ? ok(value) : err({ finding: 'bad-header', values: { found: show(value) } });
};

/** A header to be removed from requests; any name that could arrive. */
export const removableHeader: Read<string> = (value) => {
  const isFit =
    typeof value === 'string' &&
    /^[A-Za-z0-9_-]{1,64}$/.test(value) &&
    !['host', 'content-length', 'transfer-encoding', 'connection'].includes(value.toLowerCase());
  return isFit ? ok(value) : err({ finding: 'bad-header', values: { found: show(value) } });
};
