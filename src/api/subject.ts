import { z } from 'zod';
import { foldLogin } from '../core/identity/account.ts';
import { type Factor, isFactor } from '../core/identity/factors.ts';
import type { Credentials, FieldFault } from '../core/verification/code.ts';
import { readSubmission } from '../core/verification/code.ts';
import { badRequest } from './input.ts';
import type { Call } from './operation.ts';
import { problem } from './problems.ts';

type AnyCall = Pick<Call<unknown, unknown, unknown>, 'client'>;

/** Who is meant: the login, or a record with it. */
export const userField = z
  .union([z.string().min(1).max(256), z.strictObject({ login: z.string().min(1).max(256) })])
  .meta({ description: 'Login, in any case and width; or `{ "login": … }`' });

/** Where it counts: a route, a RADIUS client, or any other name. */
export const appField = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,63}$/u, 'letters, digits, _ . - and 64 characters at most')
  .meta({
    description:
      'Where it counts: the name of a route, of a RADIUS client, or any other. Left out: what the key is for',
  });

/** What is proved, as people type it; normalised and checked by {@link readCredentials}. */
export const credentialFields = {
  password: z.string().min(1).max(1024).optional(),
  pin: z.string().min(1).max(64).optional(),
  otp: z.string().min(1).max(64).optional().meta({ description: 'Code of an authenticator, or a recovery code' }),
  sms: z.string().min(1).max(64).optional().meta({ description: 'Code that came by SMS' }),
};

/** What an agent knows about the person's own connection. */
export const contextField = z
  .strictObject({
    ip: z.union([z.ipv4(), z.ipv6()]).optional().meta({ description: 'Address of the person, for rules and audit' }),
    ua: z.string().max(512).optional(),
    session: z.string().max(256).optional(),
    nas: z.string().max(256).optional(),
  })
  .optional();

/** The login that is meant, folded. Throws 400 for what cannot be one. */
export function loginOf(user: z.output<typeof userField>): string {
  const typed = typeof user === 'string' ? user : user.login;
  const folded = foldLogin(typed);
  if (folded !== undefined) return folded;
  throw badRequest({ path: typeof user === 'string' ? 'user' : 'user.login', message: 'this cannot be a login' });
}

/**
 * The application a call is for. A key that is bound to one speaks for no other; throws 403 then. A call that names none
 * is counted under the key's name, in a form that no route or RADIUS client can have: their policies are not meant.
 */
export function appOf({ client }: AnyCall, asked: string | undefined): string {
  if (client.app === '') return asked ?? `api:${client.name}`;
  if (asked === undefined || asked === client.app) return client.app;
  throw problem('app', 'the key is bound to another application');
}

/** Reads `id+pw+otp`. Throws 400 for anything that is no sign-in. */
export function factorsOf(auth: string): readonly Factor[] {
  const [first, ...words] = auth.split('+');
  const isSignIn = first === 'id' && words.length > 0 && new Set(words).size === words.length;
  if (isSignIn && words.some((word) => word === 'push' || word === 'passkey')) {
    throw problem('not_available', 'push and passkey are not offered');
  }
  if (isSignIn && words.every(isFactor)) return words;
  throw badRequest({ path: 'auth', message: 'id, then pw, pin, otp or sms, joined by +' });
}

/**
 * Normalises what was given for each factor. Throws 400 where the form is wrong: no account was looked at and no attempt
 * is counted.
 */
export function readCredentials(
  login: string,
  given: { readonly [F in keyof typeof credentialFields]?: string | undefined },
): Credentials {
  const { password = '', pin = '', otp = '', sms = '' } = given;
  const present = FACTOR_FIELDS.filter(([, field]) => given[field] !== undefined).map(([factor]) => factor);
  const read = readSubmission(present, { login, password, pin, otp, sms }, login);
  if (read.ok) return read.value.credentials;
  throw badRequest(...read.error.map(({ field, fault }) => ({ path: field, message: MESSAGES[fault] })));
}

const FACTOR_FIELDS = [
  ['pw', 'password'],
  ['pin', 'pin'],
  ['otp', 'otp'],
  ['sms', 'sms'],
] as const satisfies readonly (readonly [Factor, keyof typeof credentialFields])[];

const MESSAGES: Readonly<Record<FieldFault['fault'], string>> = {
  empty: 'this is empty',
  'not-digits': 'this has characters that no such code has',
  'wrong-length': 'this has another length than any such code',
  'too-long': 'this is too long',
  hangul: 'this was typed with the wrong keyboard language',
  unreadable: 'this cannot be read',
};
