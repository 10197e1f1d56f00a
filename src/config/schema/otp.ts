import { z } from 'zod';
import { durationField, nameField, nonEmpty, numberField, textField, wordField } from '../fields.ts';

/** Kinds of OTP by name. */
export const OTP_METHODS = ['any', 'time', 'event', 'server'] as const;

/** What may stand in a list of an OTP policy: a kind of OTP, or a code by SMS. */
const OTP_MEMBERS = ['time', 'event', 'server', 'sms'] as const;

const algorithm = () => wordField(['SHA1', 'SHA256', 'SHA512']);

/** Digits of a code. */
export const digitsField = () => z.literal([6, 8]).prefault(6).describe('Digits of a code.');
const period = () =>
  wordField(['30s', '60s'])
    .transform((word) => (word === '30s' ? 30 : 60))
    .prefault('30s')
    .describe('Length of a time step.');

const policy = z.strictObject({
  groups: nonEmpty(textField(128)).describe('Groups it holds for; `"*"` = everybody.'),
  routes: z
    .array(z.union([z.literal('*'), nameField()]))
    .optional()
    .describe('Routes, RADIUS clients and applications of the API it holds for. Left out = all.'),
  method: wordField(OTP_METHODS).optional().describe('The kind to use. An entry has one of this, `any_of`, `all_of`.'),
  fallback: wordField([...OTP_METHODS, 'sms'])
    .optional()
    .describe('What counts in its place, under the conditions of `fallback_when`.'),
  fallback_when: nonEmpty(wordField(['no_device', 'no_code', 'user_choice']))
    .optional()
    .describe(
      '`no_device`: the person has no authenticator of the kind. `no_code`: no code of it is live. `user_choice`: always. Left out = `[no_device]`.',
    ),
  any_of: nonEmpty(wordField(OTP_MEMBERS)).optional().describe('Any one of these counts.'),
  all_of: nonEmpty(wordField(OTP_MEMBERS)).optional().describe('All of these are asked for.'),
});

/** `otp`: one-time passwords. */
export const otp = z.strictObject({
  totp: z
    .strictObject({
      algorithm: algorithm().prefault('SHA256').describe('HMAC of new authenticators.'),
      digits: digitsField(),
      period: period(),
      window: numberField(0, 10)
        .prefault(1)
        .describe('Time steps accepted each side of now, besides the learned drift.'),
    })
    .prefault({})
    .describe('Time-based codes (RFC 6238) of our own authenticator.'),
  foreign_apps: z
    .strictObject({
      algorithm: algorithm().prefault('SHA1').describe('HMAC of new authenticators.'),
      digits: digitsField(),
      period: period(),
    })
    .prefault({})
    .describe('Time-based codes of other authenticator apps: what `sumun token enroll --otpauth` uses.'),
  hotp: z
    .strictObject({
      digits: digitsField(),
      look_ahead: numberField(1, 100).prefault(10).describe('Counters tried beyond the expected one.'),
    })
    .prefault({})
    .describe('Counter-based codes (RFC 4226).'),
  server: z
    .strictObject({
      digits: digitsField(),
      ttl: durationField('10s', '10m').prefault('60s').describe('Life of a code.'),
    })
    .prefault({})
    .describe('Codes made by the server for one attempt; one is live at a time.'),
  policies: z
    .array(policy)
    .prefault([])
    .describe('Which kind of OTP a group uses; the first entry that fits holds. Empty = any kind a person has.'),
  lockout: z
    .strictObject({
      failures: numberField(1, 100).prefault(5).describe('Wrong attempts until the login is locked.'),
      for: nonEmpty(durationField('1s', '24h'))
        .prefault(['1m', '5m', '15m', '60m'])
        .describe('How long, each time longer; the last one repeats.'),
    })
    .prefault({})
    .describe('Guessing limits.'),
  sealing: wordField(['aes-256-gcm', 'aria-256-gcm', 'seed-cbc-hmac-sha256'])
    .prefault('aes-256-gcm')
    .describe('Cipher of new keys for seeds at rest; `sumun key rotate` seals anew what is there.'),
  clock: z
    .strictObject({
      warn: durationField('100ms', '1h').prefault('1s').describe('Deviation of the clock that is warned of.'),
      refuse: durationField('1s', '24h')
        .prefault('15s')
        .describe('Deviation of the clock at which time-based codes are refused.'),
    })
    .prefault({})
    .describe('The server’s clock.'),
});
