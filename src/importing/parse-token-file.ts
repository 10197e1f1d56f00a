import type { TokenFileFault, TokenRow } from '../core/enrolment/token-row.ts';
import { err, ok, type Result } from '../core/result.ts';
import { firstLine } from './first-line.ts';
import { isOtpauthLine, readOtpauthList } from './otpauth-list.ts';
import { readPskc } from './pskc.ts';
import type { FileKeys } from './pskc-values.ts';
import { readTokenCsv } from './token-csv.ts';

/** Largest file read, and most tokens of one. */
export const TOKEN_FILE_LIMITS = { bytes: 5 * 1024 * 1024, tokens: 10_000 } as const;

/**
 * Reads a file of tokens, whichever of the known formats it is in: PSKC (RFC 6030), a table of OATH tokens, a list of
 * `otpauth://` or `otpauth-migration://` addresses. A row that cannot be taken says why and leaves the others alone; a
 * file that cannot be read, or whose MACs are wrong, is refused whole. It reads in one go: the largest file takes a second
 * or so, and nothing else is done meanwhile.
 */
export function parseTokenFile(bytes: Uint8Array, keys: FileKeys = {}): Result<readonly TokenRow[], TokenFileFault> {
  if (bytes.length > TOKEN_FILE_LIMITS.bytes) return err({ line: 1, problem: 'too-large' });
  const text = decode(bytes);
  if (text === undefined) return err({ line: 1, problem: 'not-text' });
  const rows = readAny(text, keys);
  if (!rows.ok) return rows;
  return rows.value.length === 0 ? err({ line: 1, problem: 'no-tokens' }) : ok(refuseRepeated(rows.value));
}

function readAny(text: string, keys: FileKeys): Result<readonly TokenRow[], TokenFileFault> {
  const { tokens } = TOKEN_FILE_LIMITS;
  if (text.trimStart().startsWith('<')) return readPskc(text, keys, tokens);
  return isOtpauthLine(firstLine(text) ?? '') ? readOtpauthList(text, tokens) : readTokenCsv(text, tokens);
}

/** The second row of a serial number is refused: there is no telling which of them is right. */
function refuseRepeated(rows: readonly TokenRow[]): readonly TokenRow[] {
  const seen = new Set<string>();
  return rows.map((row) => {
    if (row.serial === '' || 'fault' in row) return row;
    if (!seen.has(row.serial)) {
      seen.add(row.serial);
      return row;
    }
    const { index, line, serial, login } = row;
    return { index, line, serial, login, fault: 'serial-repeated' };
  });
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}
