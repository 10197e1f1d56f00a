import { z } from 'zod';
import { durationField, field, later, nonEmpty, numberField, wordField } from '../fields.ts';
import { cookieName, pinLength } from '../values.ts';

/** `users`: what people know. */
export const users = z.strictObject({
  source: wordField(['local'], ['ldap']).prefault('local').describe('Where people come from.'),
  password: z
    .strictObject({ min_length: numberField(8, 64).prefault(10).describe('Shortest password.') })
    .prefault({})
    .describe('Passwords.'),
  pin: z
    .strictObject({
      length: field(pinLength, { type: 'string', pattern: '^[0-9]{1,2}-[0-9]{1,2}$', 'x-kind': 'from-to' })
        .prefault('4-8')
        .describe('Shortest and longest PIN, 4 to 16.'),
      forbid: z
        .array(wordField(['repeats', 'sequences']))
        .prefault(['repeats', 'sequences'])
        .describe('PINs that are too easy: one digit repeated, digits in a row.'),
    })
    .prefault({})
    .describe('PINs.'),
  provisioning: later({ scim: null, sync_guard: { percent: 5, users: 50 } }, 'Provisioning by another system.'),
});

const algorithm = () => wordField(['SHA1', 'SHA256', 'SHA512']);
const digits = () => wordDigits().prefault(6).describe('Digits of a code.');
const wordDigits = () => z.literal([6, 8]);
const period = () =>
  wordField(['30s', '60s'])
    .transform((word) => (word === '30s' ? 30 : 60))
    .prefault('30s')
    .describe('Length of a time step.');

/** `otp`: one-time passwords. */
export const otp = z.strictObject({
  totp: z
    .strictObject({
      algorithm: algorithm().prefault('SHA256').describe('HMAC of new authenticators.'),
      digits: digits(),
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
      digits: digits(),
      period: period(),
    })
    .prefault({})
    .describe('Time-based codes of other authenticator apps: what `sumun token enroll --otpauth` uses.'),
  hotp: z
    .strictObject({
      digits: digits(),
      look_ahead: numberField(1, 100).prefault(10).describe('Counters tried beyond the expected one.'),
    })
    .prefault({})
    .describe('Counter-based codes (RFC 4226).'),
  server: later({ digits: 6, ttl: '60s' }, 'Codes made by the server for one attempt.'),
  policies: later([], 'Kinds of OTP by group.'),
  lockout: z
    .strictObject({
      failures: numberField(1, 100).prefault(5).describe('Wrong attempts until the login is locked.'),
      for: nonEmpty(durationField('1s', '24h'))
        .prefault(['1m', '5m', '15m', '60m'])
        .describe('How long, each time longer; the last one repeats.'),
    })
    .prefault({})
    .describe('Guessing limits.'),
  sealing: later('aes-256-gcm', 'Other ciphers for seeds at rest than AES-256-GCM.'),
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

/** `sessions`: how long a sign-in lasts. */
export const sessions = z.strictObject({
  cookie: z
    .strictObject({
      name: field(cookieName, { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$', 'x-kind': 'name' })
        .prefault('sumun')
        .describe('Name of the cookie; over https `__Host-` stands before it.'),
      same_site: wordField(['lax', 'strict']).prefault('lax').describe('`SameSite` of the cookie.'),
    })
    .prefault({})
    .describe('The session cookie. It is always `HttpOnly`, and `Secure` whenever the browser speaks https.'),
  idle: durationField('1m', '30d').prefault('30m').describe('Inactivity timeout.'),
  max: durationField('1m', '90d').prefault('10h').describe('Overall timeout.'),
  concurrent: z
    .strictObject({
      max: numberField(1, 1000).prefault(5).describe('Sign-ins of one person at one time.'),
      // biome-ignore lint/suspicious/noThenProperty: the contract's word; a schema is never awaited
      then: wordField(['end_oldest', 'refuse']).prefault('end_oldest').describe('What one more does.'),
    })
    .prefault({})
    .describe('Sign-ins in several browsers.'),
  bind_to: z
    .array(wordField(['browser', 'address']))
    .prefault([])
    .describe('What has to stay the same during a sign-in.'),
});
