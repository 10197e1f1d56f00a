import { z } from 'zod';
import { err, ok } from '../../core/result.ts';
import {
  durationField,
  field,
  later,
  localTextField,
  nameField,
  nonEmpty,
  numberField,
  oneOrMore,
  sizeField,
  textField,
  wordField,
} from '../fields.ts';
import { auth, hostPattern, login, method, name, type Read, rate, show, signIn } from '../values.ts';
import { appLogout, maintenance, pathField, rewrite } from './habits.ts';
import { OTP_METHODS } from './otp.ts';
import { type TargetAddress, targetAddress } from './upstreams.ts';

/** How people enter: a word. */
export const authField = () =>
  field(auth, {
    type: 'string',
    pattern: '^(bypass|deny|id(\\+(otp|pin|pw|sms))+)$',
    'x-kind': 'bypass, deny, or id+ and otp, pin, pw, sms',
  });

/** How people enter, where something has to be proved. */
export const signInField = () =>
  field(signIn, {
    type: 'string',
    pattern: '^id(\\+(otp|pin|pw|sms))+$',
    'x-kind': 'id+ and otp, pin, pw, sms',
  });

const methodField = () => field(method, { type: 'string', pattern: '^[A-Z][A-Z-]*$', 'x-kind': 'method' });
const loginField = () => field(login, { type: 'string', 'x-kind': 'login' });

/** `to`: an application's address, or the name of an upstream. */
export type To =
  | { readonly kind: 'address'; readonly address: TargetAddress }
  | { readonly kind: 'name'; readonly name: string };

const to: Read<To> = (value) => {
  const isName = typeof value === 'string' && !value.includes('/') && name(value).ok;
  if (isName) return ok({ kind: 'name', name: value });
  const read = targetAddress(value);
  return read.ok ? ok({ kind: 'address', address: read.value }) : read;
};

const redirect: Read<string> = (value) => {
  const isClean = typeof value === 'string' && /^[\x21-\x7e]{1,2000}$/.test(value);
  const isHere = isClean && /^\/(?![/\\])/.test(value);
  const isThere = isClean && /^https?:\/\/[^/@\\]+(?:[/?#]|$)/.test(value) && URL.canParse(value);
  return isHere || isThere
    ? ok(value)
    : err({ finding: 'bad-url', values: { found: show(value), hint: 'https://host/path, /path' } });
};

const respond = z.strictObject({
  status: numberField(200, 599).prefault(200).describe('Status of the answer.'),
  body: z.string().prefault('').describe('Body of the answer.'),
  content_type: textField(100).prefault('text/plain; charset=utf-8').describe('Its media type.'),
});

/** Who may pass. */
export const allow = z.strictObject({
  users: z.array(loginField()).optional().describe('Logins. Any of them.'),
  groups: z.array(textField(128)).optional().describe('Groups. Any of them.'),
  networks: z.array(nameField()).optional().describe('Names from `networks`. Any of them.'),
  schedules: z.array(nameField()).optional().describe('Names from `schedules`. Any of them.'),
  locations: later([], 'Names from `locations`.'),
  keys: later([], 'API keys.'),
  except_users: z.array(loginField()).optional().describe('Logins that may not pass, whatever else is said.'),
  except_groups: z.array(textField(128)).optional().describe('Groups that may not pass, whatever else is said.'),
});

const stepUp = z.strictObject({
  methods: nonEmpty(methodField()).optional().describe('Methods it holds for. Left out = all.'),
  path: oneOrMore(pathField()).optional().describe('Paths it holds for. Left out = all of the route.'),
  auth: signInField().describe('What has to be proved, besides what the route asks for.'),
  max_age: durationField('10s', '24h').optional().describe('How long ago each factor may have been proved.'),
  reason: localTextField(300).prefault({}).describe('Said on the page that asks.'),
});

/** One entry of `routes`. */
export const route = z.strictObject({
  name: nameField().describe('In logs, audit and the audience of assertions. Every route has its own.'),
  title: localTextField(80).prefault({}).describe('What people call it. Left out = the name.'),
  host: oneOrMore(field(hostPattern, { type: 'string', 'x-kind': 'host' }))
    .optional()
    .describe('`hr.corp.example`, `"*.corp.example"`, or a list. Left out = any host.'),
  path: oneOrMore(pathField())
    .optional()
    .describe(
      'Ends in `/` = prefix, otherwise exact; `re:` begins a pattern for the whole path. Left out = everything.',
    ),
  methods: nonEmpty(methodField()).optional().describe('Left out = all. `GET` includes `HEAD`.'),
  to: field(to, { type: 'string', 'x-kind': 'http://host:port or a name from upstreams' })
    .optional()
    .describe('Where requests go. A route has exactly one of `to`, `redirect` and `respond`.'),
  redirect: field(redirect, { type: 'string', pattern: '^(https?:/)?/', 'x-kind': 'URL' })
    .optional()
    .describe('Answers 302 to this address.'),
  respond: respond.optional().describe('Answers this.'),
  auth: authField()
    .optional()
    .describe('How people enter. Left out = `defaults.auth`; `bypass` for `redirect` and `respond`.'),
  allow: allow
    .optional()
    .describe(
      'Who may pass. Keys are AND, values in a list are OR, `except_…` are NOT. Left out = everybody who signed in.',
    ),
  step_up: z.array(stepUp).prefault([]).describe('Stricter requirements for some methods or paths.'),
  otp: wordField(OTP_METHODS).prefault('any').describe('Which kind of OTP is accepted here.'),
  session: z
    .strictObject({
      idle: durationField('1m', '30d').optional().describe('Inactivity timeout here.'),
      max: durationField('1m', '90d').optional().describe('Overall timeout here.'),
    })
    .prefault({})
    .describe('Shorter timeouts than `sessions` has.'),
  explain: localTextField(500).prefault({}).describe('Said to who is refused: why.'),
  fix: localTextField(500).prefault({}).describe('Said to who is refused: what to do.'),
  keep_post: z.boolean().prefault(true).describe('Keeps a form that met no session until its owner has signed in.'),
  enforce: wordField(['full', 'report_only'])
    .prefault('full')
    .describe('`report_only` decides and logs, but lets everybody pass who is signed in.'),
  rewrite: rewrite.prefault({}).describe('What changes between browser and application.'),
  identity: nameField().prefault('standard').describe('A name from `identity.profiles`, or `none`.'),
  websocket: z
    .strictObject({
      allow: z.boolean().prefault(true).describe('Whether WebSockets may be opened.'),
      idle: durationField('1s', '24h').prefault('10m').describe('Longest silence on one.'),
    })
    .prefault({})
    .describe('WebSockets.'),
  app_logout: appLogout
    .nullable()
    .optional()
    .describe('Signing out of the application and here together. `null` = each for itself.'),
  maintenance: maintenance
    .optional()
    .describe(
      'Closes the application for a while: 503 and a page that says so, before anybody is asked to sign in. `true`, or texts. Beside `to` or alone.',
    ),
  limits: z
    .strictObject({
      body: sizeField('0', '999TiB')
        .prefault(0)
        .describe('Largest request body here. 0 = only the limit of `server.limits`.'),
      rate: field(rate, { type: 'string', pattern: '^[1-9][0-9]{0,6}/[smh]$', 'x-kind': 'rate' })
        .optional()
        .describe('Requests of one person (or address) in a second, minute or hour: `600/m`.'),
    })
    .prefault({})
    .describe('Limits of this route.'),
  tolerate: z
    .array(wordField(['encoded_slash', 'double_slash', 'double_encoding', 'legacy_encoding']))
    .prefault([])
    .describe(
      'Ambiguous paths that this application needs; `legacy_encoding`: percent-encoded EUC-KR or Shift_JIS. Refused beside a route that is open without sign-in.',
    ),
  break_glass: z
    .boolean()
    .prefault(true)
    .describe('Whether `sumun break-glass` may open it for a while with a sealed code. `false` = never.'),
  mode: wordField(['proxy', 'forward_auth'])
    .prefault('proxy')
    .describe(
      '`forward_auth`: another proxy has the application and asks us (`forward_auth.listen`). Such a route needs no `to`, and nothing of it is served here.',
    ),
});
