import { z } from 'zod';
import { anyNumber, durationField, field, nameField, numberField, oneOrMore, textField, wordField } from '../fields.ts';
import { filePathField, secretField } from '../secret-schema.ts';
import { radiusTemplate } from '../templates.ts';
import { OTP_METHODS } from './otp.ts';
import { allow, signInField } from './routes.ts';
import { cidrField, listenField } from './server.ts';

/** Devices whose usual settings are known. */
export const RADIUS_TEMPLATES = [
  'generic',
  'fortigate',
  'paloalto',
  'cisco',
  'juniper',
  'f5',
  'citrix',
  'axgate',
  'secui',
] as const;

const attributes = z.record(z.string(), field(radiusTemplate, { type: ['string', 'integer'], 'x-kind': 'template' }));

const replyRule = z.strictObject({
  groups: z.array(textField(128)).prefault([]).describe('Groups it holds for. Empty = everybody.'),
  attributes: attributes.describe(
    'Attributes by name, values as templates: one attribute for each group where a value is `{user.groups}`.',
  ),
});

/** One entry of `radius.clients`. */
const radiusClient = z.strictObject({
  name: nameField().describe('In logs, audit and statistics. Routes and clients have different names.'),
  template: wordField(RADIUS_TEMPLATES)
    .prefault('generic')
    .describe('The device, for the defaults of `mode` and `reply`.'),
  address: oneOrMore(cidrField()).describe(
    'Where it asks from: a network, an address, or a list. `0.0.0.0/0` and `::/0` are refused.',
  ),
  secret: secretField().describe('The shared secret, at least 16 bytes.'),
  auth: signInField().optional().describe('What people have to prove. Left out = `defaults.auth`.'),
  otp: wordField(OTP_METHODS).prefault('any').describe('Which kind of OTP is accepted here.'),
  allow: allow.optional().describe('Who may pass, as on a route.'),
  mode: wordField(['one_field', 'challenge'])
    .optional()
    .describe(
      '`one_field`: everything in User-Password. `challenge`: the code is asked for by Access-Challenge. Left out = what the device of `template` does; `one_field` for `generic`.',
    ),
  concat: wordField(['pin+otp', 'otp+pin', 'pw+otp', 'otp+pw'])
    .optional()
    .describe('Order of the parts of a one-field password. Left out = what is known comes first.'),
  chap: z.boolean().prefault(false).describe('Accepts CHAP, for `id+otp` alone.'),
  require_message_authenticator: z
    .boolean()
    .prefault(true)
    .describe('Requests without Message-Authenticator are discarded (CVE-2024-3596).'),
  limit_proxy_state: z
    .boolean()
    .prefault(true)
    .describe('Where Message-Authenticator is not required: requests with Proxy-State and without it are discarded.'),
  soft_duplicate: durationField('0s', '10s')
    .prefault('0s')
    .describe('How long the same user, code and State get the same answer although the packet differs. `0s` = never.'),
  foreign_state: wordField(['reject', 'ignore'])
    .prefault('reject')
    .describe('What a State does that is not ours: `ignore` takes the request for a new one.'),
  realms: z
    .record(z.string(), z.string().max(253))
    .prefault({})
    .describe(
      'What realms become: `{ hq: "" }` turns `kim@hq` and `HQ\\kim` into `kim`. Others stay part of the name.',
    ),
  reply: z
    .union([attributes, z.array(replyRule)])
    .optional()
    .describe('Attributes of an Access-Accept: a mapping for everybody, or a list of rules by group.'),
  rate: z
    .strictObject({
      client: numberField(1, 100_000).prefault(200).describe('Requests a second of this client.'),
      user: numberField(1, 1000).prefault(5).describe('Requests a second for one user of it.'),
    })
    .prefault({})
    .describe('Requests beyond are not answered.'),
  challenge_ttl: durationField('10s', '10m').prefault('2m').describe('Time to answer an Access-Challenge.'),
});

/** `radius`: VPNs and network devices. */
export const radius = z.strictObject({
  listen: anyNumber(listenField())
    .prefault([])
    .describe('UDP addresses, `"0.0.0.0:1812"` for example. Empty = no RADIUS.'),
  tcp: anyNumber(listenField()).prefault([]).describe('TCP addresses (RFC 6613), for networks that are trusted.'),
  tls: z
    .strictObject({
      listen: listenField().prefault('0.0.0.0:2083').describe('Address to listen on.'),
      cert: filePathField().describe('Certificate chain, PEM.'),
      key: secretField().describe('Its private key, PEM.'),
      ca: filePathField()
        .nullable()
        .prefault(null)
        .describe(
          'Authorities of client certificates, PEM; the secret is then `radsec` (RFC 6614). `null` = no certificate is asked for, and the client’s own secret counts.',
        ),
    })
    .nullable()
    .prefault(null)
    .describe('RADIUS over TLS (RFC 6614). `null` = not offered.'),
  accounting: z.boolean().prefault(false).describe('Acknowledges accounting requests.'),
  clients: z.array(radiusClient).prefault([]).describe('Who may ask. Anybody else is not answered.'),
});
