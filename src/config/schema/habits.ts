import { z } from 'zod';
import { readAuthority } from '../../core/access/authority.ts';
import type { AppLogout, OwnName } from '../../core/access/route.ts';
import { err, ok } from '../../core/result.ts';
import { field, localTextField, wordField } from '../fields.ts';
import { moment } from '../moments.ts';
import { pathMatcher, pathPrefix } from '../paths.ts';
import { type Read, show } from '../values.ts';
import { targetAddress } from './upstreams.ts';

/** One entry of a `path` list. */
export const pathField = () => field(pathMatcher, { type: 'string', pattern: '^(/|re:)', 'x-kind': 'path' });

const hostRewrite: Read<string> = (value) => {
  if (value === 'keep' || value === 'upstream') return ok(value);
  return typeof value === 'string' && targetAddress(`http://${value}`).ok
    ? ok(value)
    : err({ finding: 'bad-host', values: { found: show(value) } });
};

const ownName: Read<OwnName> = (value) => {
  const named = typeof value === 'string' ? readAuthority(value, 'http') : undefined;
  if (named === undefined) return err({ finding: 'bad-host', values: { found: show(value) } });
  return ok({ host: named.host, port: /:[0-9]+$/.test(String(value)) ? named.port : undefined });
};

const cookies = z.strictObject({
  domain: wordField(['auto', 'keep'])
    .prefault('auto')
    .describe('`auto` removes a `Domain` that does not cover the browser’s host.'),
  path: wordField(['auto', 'keep']).prefault('auto').describe('`auto` adapts `Path` to the prefixes below.'),
  add: z
    .array(wordField(['Secure', 'HttpOnly']))
    .prefault([])
    .describe('Attributes added to the cookies of the application.'),
  same_site: wordField(['keep', 'lax', 'strict', 'none'])
    .prefault('keep')
    .describe('`SameSite` of the cookies of the application; `none` comes with `Secure`, and only over https.'),
});

/** `rewrite`: what changes between browser and application. */
export const rewrite = z.strictObject({
  host: field(hostRewrite, { type: 'string', 'x-kind': 'keep, upstream or a host' })
    .prefault('keep')
    .describe('The Host the application sees: `keep` the browser’s, `upstream` its own, or as written.'),
  strip_prefix: field(pathPrefix, { type: 'string', 'x-kind': 'path prefix' })
    .prefault('')
    .describe('Removed from the front of the path.'),
  add_prefix: field(pathPrefix, { type: 'string', 'x-kind': 'path prefix' })
    .prefault('')
    .describe('Put in front of the path, after stripping.'),
  location: wordField(['auto', 'keep'])
    .prefault('auto')
    .describe('`auto` turns redirects to the application’s own address into the browser’s.'),
  names: z
    .array(field(ownName, { type: 'string', 'x-kind': 'host or host:port' }))
    .prefault([])
    .describe('What the application calls itself in redirects, besides its targets: `erp01.internal:8080`.'),
  cookies: cookies.prefault({}).describe('Cookies the application sets.'),
});

const callPath: Read<string> = (value) =>
  typeof value === 'string' && /^\/(?![/\\])[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]{0,1000}$/.test(value)
    ? ok(value)
    : err({ finding: 'bad-path', values: { found: show(value) } });

/** Name of a cookie (RFC 6265 §4.1.1), or how it begins and `*`. */
const cookieNames: Read<string> = (value) =>
  typeof value === 'string' && /^[!#$%&'+\-.^_`|~0-9A-Za-z]{1,128}\*?$/.test(value)
    ? ok(value)
    : err({ finding: 'bad-name', values: { found: show(value) } });

/** `app_logout`: signing out of an application and here together. */
export const appLogout = z
  .strictObject({
    watch: z
      .array(pathField())
      .prefault([])
      .describe('Paths of the application’s own sign-out. Once it has answered one, the session here ends too.'),
    call: field(callPath, { type: 'string', pattern: '^/', 'x-kind': 'path' })
      .nullable()
      .prefault(null)
      .describe('Path asked for at the application, with its cookies, when somebody signs out here.'),
    clear_cookies: z
      .array(field(cookieNames, { type: 'string', 'x-kind': 'cookie name, or how it begins and *' }))
      .prefault([])
      .describe('Cookies of the application that end with the session: `JSESSIONID`, `ASPSESSIONID*`.'),
  })
  .transform(
    ({ watch, call, clear_cookies: clearCookies }): AppLogout => ({ watch, call: call ?? undefined, clearCookies }),
  );

/** `maintenance`: the application is closed for a while. */
export const maintenance = z.union([
  z.boolean(),
  z.strictObject({
    text: localTextField(500).prefault({}).describe('Said on the page: what is done, whom to call.'),
    until: field(moment, { type: 'string', 'x-kind': 'moment' })
      .optional()
      .describe(
        'When it is expected to be over, with a zone. Said on the page and in `Retry-After`; nothing opens by itself.',
      ),
  }),
]);
