import { z } from 'zod';
import { err, ok } from '../../core/result.ts';
import { durationField, field, later, sizeField } from '../fields.ts';
import { show } from '../values.ts';
import { forwardAuth } from './forward-auth.ts';
import { audit, consoleSection, keys, log, pages, storage } from './house.ts';
import { identity } from './identity.ts';
import { otp } from './otp.ts';
import { sessions, users } from './people.ts';
import { radius } from './radius.ts';
import { authField, route } from './routes.ts';
import { schedule } from './schedules.ts';
import { network, server } from './server.ts';
import { sms } from './sms.ts';
import { configTest } from './tests.ts';
import { upstream } from './upstreams.ts';

const version = field(
  (value) => (value === 1 ? ok(value) : err({ finding: 'unknown-version', values: { found: show(value) } })),
  { const: 1 },
);

const defaults = z.strictObject({
  auth: authField()
    .prefault('id+otp')
    .describe(
      'How people enter routes that do not say, and what applications of the API ask for that are no route and no RADIUS client.',
    ),
  unauthenticated_api: later('401', 'Other answers to programs without a session.'),
  keep_post_body: z
    .strictObject({
      max: sizeField('0', '64MiB').prefault('1MiB').describe('Largest form that is kept.'),
      for: durationField('1m', '24h').prefault('10m').describe('How long.'),
    })
    .prefault({})
    .describe('Forms that met no session: kept, encrypted, until their owner has signed in.'),
});

const ENROLMENT = {
  ways: ['qr', 'text', 'sms_key', 'registration_number'],
  steps: ['activate', 'verify'],
  devices_per_user: 3,
  activation: { ttl: '10m', tries: 5 },
  recovery_codes: 10,
  self_service: true,
};

/**
 * The configuration file: the one source of validation, defaults, types, the JSON Schema and the reference. What comes
 * out are values, not yet their connections.
 */
export const configuration = z.strictObject({
  version: version.describe('Version of this format.'),
  demo: z
    .boolean()
    .prefault(false)
    .describe('Written by `sumun demo` only. Allows literal secrets; refused unless every listener is on loopback.'),
  server: server.prefault({}).describe('Where requests come in.'),
  networks: z.record(z.string(), network).prefault({}).describe('Named networks.'),
  schedules: z.record(z.string(), schedule).prefault({}).describe('Named weekly windows.'),
  locations: later({}, 'Named places.'),
  upstreams: z.record(z.string(), upstream).prefault({}).describe('Named applications.'),
  defaults: defaults.prefault({}).describe('What routes do unless they say otherwise.'),
  routes: z.array(route).prefault([]).describe('Read from top to bottom; the first match wins. No match is refused.'),
  location_rules: later([], 'Rules by place.'),
  users: users.prefault({}).describe('What people know.'),
  otp: otp.prefault({}).describe('One-time passwords.'),
  enrolment: later(ENROLMENT, 'Enrolment by people themselves.'),
  sms: sms.prefault({}).describe('Codes by SMS.'),
  passkeys: later({ rp_id: null, user_verification: 'required' }, 'Passkeys.'),
  push: later({ ttl: '60s', number_matching: true }, 'Push approval.'),
  sessions: sessions.prefault({}).describe('How long a sign-in lasts.'),
  identity: identity.prefault({}).describe('What applications are told.'),
  forward_auth: forwardAuth.prefault({}).describe('Answering other proxies’ sub-requests.'),
  console: consoleSection.prefault({}).describe('The second listener.'),
  radius: radius.prefault({}).describe('VPNs and network devices (RFC 2865).'),
  storage: storage.prefault({}).describe('The database.'),
  keys: keys.prefault({}).describe('Where keys are kept.'),
  audit: audit.prefault({}).describe('The audit trail.'),
  log: log.prefault({}).describe('The log.'),
  pages: pages.prefault({}).describe('How our own pages look.'),
  tests: z.array(configTest).prefault([]).describe('Run by `sumun check`.'),
});

/** The file's values, every default filled in. */
export type Configuration = z.output<typeof configuration>;
