import { readAuthority } from '../core/access/authority.ts';
import { type Cidr, readAddress, readCidr } from '../core/access/cidr.ts';
import type { HostMatcher } from '../core/access/route.ts';
import { foldLogin } from '../core/identity/account.ts';
import { FACTORS, type Factor, isFactor } from '../core/identity/factors.ts';
import type { ListenAddress } from '../core/policy.ts';
import { err, ok, type Result } from '../core/result.ts';
import { DAY, HOUR, MINUTE, type Milliseconds, SECOND } from '../core/time.ts';
import type { Complaint } from './finding.ts';
import { nearestTo } from './nearest.ts';

/** Reads one value of the file, or says what is wrong with it. */
export type Read<T> = (value: unknown) => Result<T, Complaint>;

/** A value as it can be shown in a sentence: short, in JSON. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

const complain = (finding: Complaint['finding'], value: unknown, values: Complaint['values'] = {}) =>
  err({ finding, values: { found: show(value), ...values } });

const TIME_UNITS: Readonly<Record<string, Milliseconds>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** A duration with a unit, within inclusive bounds that are durations themselves. */
export function duration(min: string, max: string): Read<Milliseconds> {
  const [least, most] = [milliseconds(min) ?? 0, milliseconds(max) ?? 0];
  return (value) => {
    const read = milliseconds(value);
    if (read === undefined || read < least || read > most) return complain('bad-duration', value, { min, max });
    return ok(read);
  };
}

function milliseconds(value: unknown): Milliseconds | undefined {
  const parts = typeof value === 'string' ? /^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$/.exec(value) : null;
  return parts === null ? undefined : Number(parts[1]) * (TIME_UNITS[parts[2] ?? ''] ?? Number.NaN);
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A size with a unit, or a plain 0 where the lower bound is 0. */
export function size(min: string, max: string): Read<number> {
  const [least, most] = [byteCount(min) ?? 0, byteCount(max) ?? 0];
  return (value) => {
    const read = byteCount(value);
    if (read === undefined || read < least || read > most) return complain('bad-size', value, { min, max });
    return ok(read);
  };
}

function byteCount(value: unknown): number | undefined {
  if (value === 0 || value === '0') return 0;
  const parts = typeof value === 'string' ? /^(0|[1-9][0-9]{0,8})([kKMGT]i?B|B)$/.exec(value) : null;
  return parts === null ? undefined : Number(parts[1]) * (SIZE_UNITS[parts[2] ?? ''] ?? Number.NaN);
}

/** `600/m`: requests in a second, minute or hour. */
export const rate: Read<{ readonly count: number; readonly per: Milliseconds }> = (value) => {
  const parts = typeof value === 'string' ? /^([1-9][0-9]{0,6})\/([smh])$/.exec(value) : null;
  if (parts === null) return complain('bad-rate', value);
  return ok({ count: Number(parts[1]), per: TIME_UNITS[parts[2] ?? ''] ?? MINUTE });
};

/** `5/10m`: so many in a stretch of time, a day at most. */
export const quota: Read<{ readonly count: number; readonly per: Milliseconds }> = (value) => {
  const parts = typeof value === 'string' ? /^([1-9][0-9]{0,6})\/([1-9][0-9]{0,3})?([smhd])$/.exec(value) : null;
  const per = Number(parts?.[2] ?? 1) * (TIME_UNITS[parts?.[3] ?? ''] ?? Number.NaN);
  return parts === null || per > DAY ? complain('bad-quota', value) : ok({ count: Number(parts[1]), per });
};

/** A whole number within inclusive bounds. */
export const wholeNumber =
  (min: number, max: number): Read<number> =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? ok(value)
      : complain('out-of-range', value, { min: String(min), max: String(max) });

/** The short names people give to routes, networks, profiles and so on. */
export const name: Read<string> = (value) => {
  if (typeof value === 'string' && /^(?:yes|no|on|off)$/i.test(value))
    return complain('boolean-word', value, { found: value, expected: 'another-name' });
  if (typeof value !== 'string' || !/^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,63}$/u.test(value))
    return complain('bad-name', value);
  return ok(value);
};

/** The name of a cookie: letters and digits of ASCII, `-`, `_`. */
export const cookieName: Read<string> = (value) =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value) ? ok(value) : complain('bad-name', value);

/** `address:port`, with an IP address or `localhost`. Port 0 means any free port. */
export const listenAddress: Read<ListenAddress> = (value) => {
  const parts = typeof value === 'string' ? /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(value) : null;
  const host = parts?.[1] ?? parts?.[2] ?? '';
  const port = Number(parts?.[3]);
  if (parts === null || port > 65535 || (host !== 'localhost' && readAddress(host) === undefined))
    return complain('bad-listen', value);
  return ok({ host, port });
};

/** A network in CIDR notation, or one address. */
export const cidr: Read<Cidr> = (value) => {
  const read = typeof value === 'string' ? readCidr(value) : err('not-an-address' as const);
  if (read.ok) return read;
  const hint = read.error === 'host-bits-set' ? networkOf(String(value)) : '10.0.0.0/8, "fd00::/8"';
  return complain('bad-cidr', value, { hint });
};

/** The longest prefix that fits the address, or the address alone: what was probably meant. */
function networkOf(text: string): string {
  const [address = '', bits = ''] = text.split('/');
  const octets = address.split('.').map(Number);
  if (octets.length !== 4) return address;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const block = 2 ** (32 - Number(bits));
  const base = Math.floor(value / block) * block;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`;
}

/** A host name, or `*.` and a name for everything below it. Any case; kept in lower case. */
export const hostPattern: Read<HostMatcher> = (value) => {
  if (typeof value !== 'string') return complain('bad-host', value);
  const isWild = value.startsWith('*.');
  const authority = readAuthority(isWild ? value.slice(2) : value, 'http');
  if (authority === undefined || /:[0-9]+$/.test(value) || (isWild && authority.host.startsWith('[')))
    return complain('bad-host', value);
  return ok(isWild ? { kind: 'suffix', suffix: `.${authority.host}` } : { kind: 'exact', host: authority.host });
};

/** A method as a request line carries it. */
export const method: Read<string> = (value) => {
  const isToken = typeof value === 'string' && /^[A-Z][A-Z-]{0,31}$/.test(value);
  return isToken && !['CONNECT', 'TRACE', 'TRACK'].includes(value) ? ok(value) : complain('bad-method', value);
};

/** How a route is entered, in the order of the fields on the page. */
export type AuthWord =
  | { readonly kind: 'bypass' }
  | { readonly kind: 'deny' }
  | { readonly kind: 'sign-in'; readonly factors: readonly Factor[] };

const LATER_WORDS = new Set(['api_key', 'push', 'passkey']);
const SYNONYMS: Readonly<Record<string, string>> = {
  password: 'pw',
  pwd: 'pw',
  passwd: 'pw',
  totp: 'otp',
  hotp: 'otp',
  login: 'id',
  user: 'id',
};

/** `bypass`, `deny`, or `id` joined with one or more different factors. */
export const auth: Read<AuthWord> = (value) => {
  if (value === 'bypass' || value === 'deny') return ok({ kind: value });
  if (typeof value !== 'string') return complain('bad-auth', value);
  const words = value.split('+');
  if (words.some((word) => LATER_WORDS.has(word))) return complain('not-in-this-version', value);
  const [first, ...factors] = words;
  if (first === 'id' && factors.length > 0 && factors.every(isFactor) && new Set(factors).size === factors.length) {
    return ok({ kind: 'sign-in', factors });
  }
  const suggestion = authMeantBy(words);
  return complain('bad-auth', value, suggestion === undefined ? {} : { suggestion });
};

/** As `auth`, but only sign-ins. */
export const signIn: Read<Extract<AuthWord, { kind: 'sign-in' }>> = (value) => {
  const read = auth(value);
  if (!read.ok) return read;
  return read.value.kind === 'sign-in' ? ok(read.value) : complain('bad-auth', value);
};

function authMeantBy(words: readonly string[]): string | undefined {
  const known = ['id', 'bypass', 'deny', ...Object.keys(FACTORS)];
  const meant = words.map((word) => {
    const lower = word.trim().toLowerCase();
    return SYNONYMS[lower] ?? (known.includes(lower) ? lower : nearestTo(lower, known));
  });
  if (meant.length === 1 && (meant[0] === 'bypass' || meant[0] === 'deny')) return meant[0];
  const factors = [...new Set(meant.filter((word) => word !== 'id'))];
  const isClear = factors.length > 0 && factors.every((word) => word !== undefined && isFactor(word));
  return isClear ? ['id', ...factors].join('+') : undefined;
}

/** A login name, folded. */
export const login: Read<string> = (value) => {
  const folded = typeof value === 'string' ? foldLogin(value) : undefined;
  return folded === undefined ? complain('bad-login', value) : ok(folded);
};

/** `"08:00-19:30"` as minutes since midnight. */
export const hours: Read<{ readonly from: number; readonly to: number }> = (value) => {
  const parts =
    typeof value === 'string' ? /^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])$/.exec(value) : null;
  if (parts === null) return complain('bad-hours', value);
  const from = Number(parts[1]) * 60 + Number(parts[2]);
  const to = Number(parts[3]) * 60 + Number(parts[4]);
  return to > 1440 || to <= from ? complain('bad-hours', value) : ok({ from, to });
};

/** An IANA time zone that this Node knows. */
export const timezone: Read<string> = (value) => {
  try {
    if (typeof value !== 'string' || !/^[A-Za-z]/.test(value)) return complain('bad-timezone', value);
    new Intl.DateTimeFormat('en', { timeZone: value });
    return ok(value);
  } catch {
    return complain('bad-timezone', value);
  }
};

/** A calendar day that exists. */
export const date: Read<string> = (value) => {
  const isShaped = typeof value === 'string' && /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value);
  const parsed = isShaped ? new Date(`${value}T00:00:00Z`) : undefined;
  const isReal =
    parsed !== undefined && !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(String(value));
  return isReal ? ok(String(value)) : complain('bad-date', value);
};

/** `4-8`: the shortest and the longest PIN. */
export const pinLength: Read<{ readonly minLength: number; readonly maxLength: number }> = (value) => {
  const parts = typeof value === 'string' ? /^([0-9]{1,2})-([0-9]{1,2})$/.exec(value) : null;
  const [minLength, maxLength] = [Number(parts?.[1]), Number(parts?.[2])];
  return parts !== null && minLength >= 4 && maxLength <= 16 && minLength <= maxLength
    ? ok({ minLength, maxLength })
    : complain('bad-pin-length', value);
};
