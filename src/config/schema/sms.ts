import { z } from 'zod';
import { err, ok } from '../../core/result.ts';
import { durationField, field, nameField, numberField, textField, wordField } from '../fields.ts';
import { filePathField, secretField } from '../secret-schema.ts';
import { providerUrl } from '../sms-template.ts';
import { quota, type Read, show } from '../values.ts';
import { digitsField } from './otp.ts';

const quotaField = () =>
  field(quota, { type: 'string', pattern: '^[1-9][0-9]{0,6}/([1-9][0-9]{0,3})?[smhd]$', 'x-kind': 'number/time' });

const prefix: Read<string> = (value) =>
  typeof value === 'string' && /^\+?[0-9]{1,10}$/.test(value)
    ? ok(value)
    : err({ finding: 'bad-phone-prefix', values: { found: show(value) } });

const providerName = () =>
  nameField().optional().describe('In logs and audit. Left out = its type, numbered where there are several.');
const timeout = () => durationField('1s', '1m').prefault('10s').describe('How long one attempt may take.');

const http = z.strictObject({
  type: z.literal('http').describe('A request to a gateway’s web address.'),
  name: providerName(),
  url: field(providerUrl, { type: 'string', pattern: '^https?://', 'x-kind': 'URL' }).describe(
    'Address asked. https, or http on this machine or a private network. May hold `{to}` and `{text}`.',
  ),
  method: wordField(['POST', 'PUT', 'GET']).prefault('POST').describe('Method of the request.'),
  headers: z
    .record(z.string(), textField(1000))
    .prefault({})
    .describe('Headers sent; may hold `{token}`. A `Content-Type` here replaces the one told from the body.'),
  body: z
    .string()
    .optional()
    .describe(
      'Body with `{to}`, `{text}`, `{token}`; values are escaped for JSON or forms. Left out = `{"to":"{to}","text":"{text}"}`, none for GET.',
    ),
  token: secretField()
    .optional()
    .describe('What `{token}` stands for. Named nowhere, it is sent as `Authorization: Bearer`.'),
  timeout: timeout(),
});

const smpp = z.strictObject({
  type: z.literal('smpp').describe('A message centre that speaks SMPP 3.4.'),
  name: providerName(),
  host: textField(253).describe('Host of the message centre.'),
  port: numberField(1, 65_535).prefault(2775).describe('Its port.'),
  tls: z.boolean().prefault(false).describe('Whether it speaks TLS.'),
  system_id: textField(15).describe('Account there.'),
  password: secretField().describe('Its password.'),
  from: textField(20).describe('Number or name of the sender.'),
  timeout: timeout(),
});

const file = z.strictObject({
  type: z.literal('file').describe('One JSON line a message in a file: for trying out.'),
  name: providerName(),
  path: filePathField().describe('The file.'),
});

/** `sms`: text messages. */
export const sms = z.strictObject({
  providers: z
    .array(z.discriminatedUnion('type', [http, smpp, file]))
    .prefault([])
    .describe('Ways of sending, tried in order. Empty = no SMS.'),
  code: z
    .strictObject({
      digits: digitsField(),
      ttl: durationField('30s', '15m').prefault('3m').describe('Life of a code.'),
      tries: numberField(1, 10).prefault(5).describe('Wrong answers until it is dead.'),
      resend: durationField('5s', '10m').prefault('30s').describe('Shortest time between two messages of one code.'),
      per_number: quotaField().prefault('5/10m').describe('Messages to one number.'),
      per_user: quotaField().prefault('5/10m').describe('Messages for one person.'),
      per_address: quotaField().prefault('300/10m').describe('Messages asked for from one address.'),
      per_day: numberField(1, 1000).prefault(20).describe('Messages to one number in 24 hours.'),
      budget: numberField(1, 100_000_000)
        .prefault(10_000)
        .describe('Messages to everybody in 24 hours: then nothing is sent any more.'),
      prefixes: z
        .array(field(prefix, { type: 'string', pattern: '^\\+?[0-9]{1,10}$', 'x-kind': 'beginning of a number' }))
        .prefault([])
        .describe('Beginnings of numbers that are sent to, `"+82"` for example. Empty = any.'),
    })
    .prefault({})
    .describe('Codes and their limits.'),
  fallback: z
    .strictObject({
      when: wordField(['never', 'no_device', 'outage', 'user_choice'])
        .prefault('never')
        .describe(
          '`no_device`: for people without an authenticator. `outage`: while an outage is declared. `user_choice`: whenever somebody asks.',
        ),
      routes: z
        .array(z.union([z.literal('*'), nameField()]))
        .prefault([])
        .describe('Routes and RADIUS clients it holds for; `"*"` = all.'),
      max_session: durationField('1m', '24h').prefault('1h').describe('How long such a sign-in counts.'),
    })
    .prefault({})
    .describe('A code by SMS in the place of an OTP.'),
});
