import { z } from 'zod';
import { durationField, field, later, numberField, wordField } from '../fields.ts';
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
