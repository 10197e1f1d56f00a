import { decodeBase32 } from '../core/enrolment/base32.ts';
import type { TokenFileFault, TokenRow, TokenRowFault, TokenSpec } from '../core/enrolment/token-row.ts';
import { err, ok, type Result } from '../core/result.ts';
import { describeToken, rowOf, UNSAID } from './describe-token.ts';
import { readMigration } from './migration.ts';

/** True for a line that begins like an address of an authenticator app. */
export const isOtpauthLine = (line: string): boolean => /^\s*otpauth(?:-migration)?:\/\//i.test(line);

/**
 * Reads `otpauth://` addresses (Key URI Format) and `otpauth-migration://` exports, one a line. Empty lines and lines
 * that begin with `#` are skipped.
 */
export function readOtpauthList(text: string, most: number): Result<readonly TokenRow[], TokenFileFault> {
  const rows: TokenRow[] = [];
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    const address = content.trim();
    if (address === '' || address.startsWith('#')) continue;
    for (const { login, described } of readAddress(address)) {
      rows.push(rowOf({ index: rows.length + 1, line: index + 1, serial: '', login }, described));
    }
    if (rows.length > most) return err({ line: index + 1, problem: 'too-many' });
  }
  return ok(rows);
}

type Entry = { readonly login: string | undefined; readonly described: Result<TokenSpec, TokenRowFault> };

const UNREADABLE: Entry = { login: undefined, described: err('address') };

function readAddress(address: string): readonly Entry[] {
  if (!isOtpauthLine(address) || !URL.canParse(address)) return [UNREADABLE];
  const url = new URL(address);
  if (url.protocol === 'otpauth:') return [readKeyUri(url)];
  const accounts = readMigration(url.searchParams.get('data') ?? '');
  return accounts?.map((raw) => ({ ...ownerOf(raw.name, raw.issuer), raw })).map(entryOf) ?? [UNREADABLE];
}

function readKeyUri(url: URL): Entry {
  const name = decoded(url.pathname.replace(/^\//, ''));
  const said = (parameter: string): string => url.searchParams.get(parameter)?.trim() ?? '';
  const doubled = ['secret', 'algorithm', 'digits', 'period', 'counter'].some(
    (parameter) => url.searchParams.getAll(parameter).length > 1,
  );
  if (name === undefined || doubled) return UNREADABLE;
  const secret = said('secret');
  return entryOf({
    ...ownerOf(name, said('issuer')),
    raw: {
      kind: url.hostname,
      hash: said('algorithm'),
      digits: said('digits'),
      period: said('period'),
      counter: said('counter'),
      seed: secret === '' ? 'missing' : (decodeBase32(secret) ?? 'unreadable'),
    },
  });
}

type Owned = {
  readonly login: string | undefined;
  readonly label: string;
  readonly raw: Omit<Parameters<typeof describeToken>[0], 'hashDefault' | 'suite' | 'label'>;
};

/** The Key URI Format says SHA1 where no algorithm is named, whatever the length of the secret. */
const entryOf = ({ login, label, raw }: Owned): Entry => ({
  login,
  described: describeToken({ ...UNSAID, ...raw, label }),
});

/** A label is `issuer:login` or the login alone. */
function ownerOf(name: string, issuer: string): Pick<Owned, 'login' | 'label'> {
  const colon = name.indexOf(':');
  const login = name.slice(colon + 1).trim();
  return { login: login === '' ? undefined : login, label: issuer || name.slice(0, Math.max(0, colon)).trim() };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
