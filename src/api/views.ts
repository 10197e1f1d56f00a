import { z } from 'zod';
import type { Account, Authenticator } from '../core/identity/account.ts';
import type { Instant } from '../core/time.ts';
import type { SignInSummary } from '../ports.ts';

/** A moment as the API writes it: whole seconds since 1970-01-01T00:00:00Z. */
export const seconds = (at: Instant): number => Math.floor(at / 1000);

const moment = z.int().meta({ description: 'Unix time in seconds' });

export const userSchema = z.object({
  id: z.string(),
  login: z.string(),
  name: z.string(),
  email: z.string(),
  phone: z.string(),
  groups: z.array(z.string()),
  attributes: z.record(z.string(), z.string()),
  status: z.enum(['active', 'suspended']),
  created_at: moment,
});

/** What is shown of a person. Passwords and PINs go in and never come out. */
export const userView = (account: Account): z.input<typeof userSchema> => ({
  id: account.id,
  login: account.login,
  name: account.name,
  email: account.email,
  phone: account.phone,
  groups: [...account.groups],
  attributes: account.attributes,
  status: account.status,
  created_at: seconds(account.createdAt),
});

export const tokenSchema = z.object({
  id: z.string(),
  user: z.string().meta({ description: 'Login of the owner' }),
  kind: z.enum(['totp', 'hotp', 'server', 'ocra']),
  label: z.string(),
  serial: z.string(),
  algorithm: z.enum(['SHA1', 'SHA256', 'SHA512']),
  digits: z.union([z.literal(6), z.literal(8)]),
  period: z.int().meta({ description: 'Seconds of a time step; 0 where there is none' }),
  suite: z.string().meta({ description: 'OCRA suite (RFC 6287); empty where there is none' }),
  status: z.enum(['active', 'suspended', 'revoked']),
  drift: z.int().meta({ description: 'Learned offset of its clock, in time steps' }),
  created_at: moment,
  last_used_at: moment.nullable(),
});

/** What is shown of an authenticator. Its secret is answered once, by the call that made it. */
export const tokenView = (token: Authenticator, owner: string): z.input<typeof tokenSchema> => ({
  id: token.id,
  user: owner,
  kind: token.kind,
  label: token.label,
  serial: token.serial,
  algorithm: token.algorithm,
  digits: token.digits,
  period: token.period,
  suite: token.suite,
  status: token.status,
  drift: token.drift,
  created_at: seconds(token.createdAt),
  last_used_at: token.lastUsedAt === undefined ? null : seconds(token.lastUsedAt),
});

export const sessionSchema = z.object({
  id: z.string(),
  user: z.string(),
  amr: z.array(z.string()).meta({ description: 'RFC 8176 values' }),
  host: z.string(),
  address: z.string(),
  user_agent: z.string(),
  started_at: moment,
  last_seen_at: moment,
});

/** What is shown of a sign-in. Its identifier opens nothing. */
export const sessionView = (session: SignInSummary): z.input<typeof sessionSchema> => ({
  id: session.id,
  user: session.login,
  amr: [...session.amr],
  host: session.host,
  address: session.address,
  user_agent: session.userAgent,
  started_at: seconds(session.startedAt),
  last_seen_at: seconds(session.lastSeen),
});
