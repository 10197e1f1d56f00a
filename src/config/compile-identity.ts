import { foldHeaderName } from '../core/access/headers.ts';
import type { IdentityProfile, IdentitySettings } from '../core/policy.ts';
import type { Context } from './context.ts';
import type { YamlPath } from './document.ts';
import { profile as profileSchema } from './schema/identity.ts';
import type { Configuration } from './schema/root.ts';
import { readSecret } from './secrets.ts';
import { headerName } from './templates.ts';

type ProfileValues = Configuration['identity']['profiles'][string];

/** `identity`, with secrets read in. The profile `standard` is there whether it is written or not. */
export function compileIdentity({ identity, demo, server }: Configuration, context: Context): IdentitySettings {
  const written = Object.entries(identity.profiles);
  if (!Object.hasOwn(identity.profiles, 'standard')) written.unshift(['standard', profileSchema.parse({})]);
  const profiles = new Map(written.map(([name, values]) => [name, compileProfile(name, values, demo, context)]));
  const { algorithm, rotate } = identity.signing;
  return {
    issuer: identity.issuer ?? server.public_url?.origin,
    signing: { algorithm, rotateEvery: rotate.every, overlap: rotate.overlap },
    profiles,
    remove: [...new Set(identity.remove.map(foldHeaderName))],
  };
}

function compileProfile(name: string, values: ProfileValues, demo: boolean, context: Context): IdentityProfile {
  const path = ['identity', 'profiles', name];
  if (name === 'none') context.report('bad-name', path, { found: '"none"' }, 'key');
  checkHeaders(values, path, context);
  const hmacSecret =
    values.hmac === null ? undefined : readSecret(values.hmac.secret, [...path, 'hmac', 'secret'], demo, context);
  const password =
    values.basic_auth === null
      ? undefined
      : readSecret(values.basic_auth.password, [...path, 'basic_auth', 'password'], demo, context);
  return {
    name,
    headers: Object.entries(values.headers).map(([header, template]) => ({ name: header, template })),
    jwt: values.jwt === null ? undefined : { header: values.jwt.header, lifetime: values.jwt.lifetime },
    hmac:
      values.hmac === null || hmacSecret === undefined ? undefined : { header: values.hmac.header, secret: hmacSecret },
    basicAuth:
      values.basic_auth === null || password === undefined ? undefined : { user: values.basic_auth.user, password },
    textEncoding: values.text_encoding,
  };
}

/** Names have to be fit for headers, and no two may be the same to a program that reads them leniently. */
function checkHeaders(values: ProfileValues, path: YamlPath, context: Context): void {
  const seen = new Set<string>();
  const claim = (header: string, at: YamlPath, which: 'key' | 'value') => {
    const folded = foldHeaderName(header);
    if (seen.has(folded)) context.report('header-twice', at, { found: header }, which);
    seen.add(folded);
  };
  for (const header of Object.keys(values.headers)) {
    const read = headerName(header);
    if (!read.ok) context.report(read.error.finding, [...path, 'headers', header], read.error.values, 'key');
    claim(header, [...path, 'headers', header], 'key');
  }
  if (values.jwt !== null) claim(values.jwt.header, [...path, 'jwt', 'header'], 'value');
  if (values.hmac !== null) claim(values.hmac.header, [...path, 'hmac', 'header'], 'value');
}
