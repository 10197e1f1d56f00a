import { valuesOf } from '../core/access/client-address.ts';
import { fieldOf } from './read-fields.ts';
import { type Admitted, originOf } from './visit.ts';

type Asked = Pick<Admitted, 'target'> & { readonly req: { readonly rawHeaders: readonly string[] } };

/**
 * True if another site made the browser send this form. Where the browser says so itself (Fetch Metadata) that counts;
 * `Origin` may be `null` on a site's own form.
 */
export function isForeignPost(visit: Asked): boolean {
  const { rawHeaders } = visit.req;
  const site = fieldOf(rawHeaders, 'sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = fieldOf(rawHeaders, 'origin');
  return origin !== undefined && origin.toLowerCase() !== originOf(visit.target);
}

/**
 * True if a page of another origin opened this WebSocket: cookies go along with it whatever their SameSite says on older
 * browsers, and no preflight asks. A browser always names the origin; without one it is no browser.
 */
export function isForeignSocket(visit: Asked): boolean {
  const { rawHeaders } = visit.req;
  if (fieldOf(rawHeaders, 'sec-fetch-site') === 'cross-site') return true;
  return valuesOf(rawHeaders, 'origin').some((origin) => origin.toLowerCase() !== originOf(visit.target));
}
