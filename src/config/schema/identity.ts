import { z } from 'zod';
import { err, ok } from '../../core/result.ts';
import { durationField, field, wordField } from '../fields.ts';
import { secretField } from '../secret-schema.ts';
import { headerName, removableHeader, template } from '../templates.ts';
import { type Read, show } from '../values.ts';

const headerField = () =>
  field(headerName, { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_-]*$', 'x-kind': 'header name' });
const templateField = () => field(template, { type: 'string', 'x-kind': 'template' });

const issuer: Read<string> = (value) => {
  const isUrl = typeof value === 'string' && /^https?:\/\/[^/@\s]+[^\s?#]*$/.test(value) && URL.canParse(value);
  return isUrl
    ? ok(value)
    : err({ finding: 'bad-url', values: { found: show(value), hint: 'https://gw.corp.example' } });
};

/** What every profile sends unless it says otherwise. */
const STANDARD_HEADERS = {
  'X-Sumun-User': '{user.login}',
  'X-Sumun-Name': '{user.name}',
  'X-Sumun-Groups': '{user.groups}',
  'X-Sumun-Amr': '{session.amr}',
};

/** One entry of `identity.profiles`. */
export const profile = z.strictObject({
  headers: z
    .record(z.string(), templateField())
    .prefault(STANDARD_HEADERS)
    .describe(
      'Headers and what they carry. Variables: `user.login`, `user.name`, `user.email`, `user.phone`, `user.groups`, `user.attributes.<name>`, `session.amr`, `session.id`, `session.auth_time`, `route.name`, `request.id`. An empty value is not sent.',
    ),
  jwt: z
    .strictObject({
      header: headerField().prefault('X-Sumun-Assertion').describe('Header it travels in.'),
      lifetime: durationField('5s', '5m').prefault('60s').describe('How long it is valid.'),
    })
    .nullable()
    .prefault({})
    .describe('A signed assertion, verifiable with `/_sumun/jwks.json`. `null` = none.'),
  hmac: z
    .strictObject({
      header: headerField().prefault('X-Sumun-Signature').describe('Header it travels in.'),
      secret: secretField().describe('The key both sides hold.'),
    })
    .nullable()
    .prefault(null)
    .describe('An HMAC-SHA-256 over request and identity headers. `null` = none.'),
  basic_auth: z
    .strictObject({
      user: templateField().prefault('{user.login}').describe('User name.'),
      password: secretField().describe('Password.'),
    })
    .nullable()
    .prefault(null)
    .describe('HTTP Basic towards the application. `null` = none.'),
  text_encoding: wordField(['percent', 'utf-8', 'base64', 'euc-kr'])
    .prefault('percent')
    .describe('How text outside ASCII is written into headers.'),
});

/** `identity`: what applications are told. */
export const identity = z.strictObject({
  issuer: field(issuer, { type: 'string', pattern: '^https?://', 'x-kind': 'URL' })
    .nullable()
    .prefault(null)
    .describe('`iss` of assertions. `null` = the origin the browser sees.'),
  signing: z
    .strictObject({
      algorithm: wordField(['ES256', 'EdDSA', 'RS256']).prefault('ES256').describe('Signature algorithm.'),
      rotate: z
        .strictObject({
          every: durationField('1h', '3650d').prefault('90d').describe('Age at which a new key takes over.'),
          overlap: durationField('5m', '365d').prefault('7d').describe('How long the old key stays published.'),
        })
        .prefault({})
        .describe('Key rotation.'),
    })
    .prefault({})
    .describe('Signing of assertions.'),
  profiles: z
    .record(z.string(), profile)
    .prefault({})
    .describe('Named ways to tell an application who it is. `standard` is always there.'),
  remove: z
    .array(field(removableHeader, { type: 'string', 'x-kind': 'header name' }))
    .prefault(['X-Forwarded-User', 'Remote-User'])
    .describe('Headers removed from every request, besides every header that a profile names.'),
});
