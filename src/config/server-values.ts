import { readAuthority } from '../core/access/authority.ts';
import type { PortalHost } from '../core/policy.ts';
import { err, ok } from '../core/result.ts';
import { type Read, show } from './values.ts';

/** `auto`, or how many processes. */
export const workers: Read<number | 'auto'> = (value) => {
  if (value === 'auto') return ok(value);
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 64;
  return isCount ? ok(value) : err({ finding: 'bad-workers', values: { found: show(value) } });
};

/** The origin people sign in on, scheme, host and port alone; null where there is none. */
export const portalHost: Read<PortalHost | null> = (value) => {
  if (value === null) return ok(value);
  const parts = typeof value === 'string' ? /^(https?):\/\/([^/?#@\s]+)\/?$/i.exec(value) : null;
  const scheme = parts?.[1]?.toLowerCase() === 'http' ? 'http' : 'https';
  const authority = readAuthority(parts?.[2] ?? '', scheme);
  if (authority === undefined)
    return err({ finding: 'bad-url', values: { found: show(value), hint: 'https://gw.corp.example' } });
  const { host, port } = authority;
  const usual = scheme === 'https' ? 443 : 80;
  return ok({ origin: `${scheme}://${host}${port === usual ? '' : `:${port}`}`, scheme, host, port });
};
