import type { TokenFileFault, TokenFileProblem } from '../core/enrolment/token-row.ts';
import { importTokens, type TokenVerdict } from '../flows/import-tokens.ts';
import { readKeyText } from '../importing/key-text.ts';
import { parseTokenFile } from '../importing/parse-token-file.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { withHouse } from './policy-file.ts';
import { createSecretSource, readNamedBytes } from './secrets.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `token import`. */
export type ImportFlags = {
  readonly passwordFile?: string;
  readonly presharedKeyFile?: string;
  readonly login?: string;
  readonly dryRun?: true;
};

/** A reason is shown whole, also where the screen has to wrap it. */
const WIDEST = 240;

/** Imports the tokens of a file and says what became of every row. Exit 4 if a row was refused. */
export async function importFile(terminal: Terminal, file: string, flags: ImportFlags): Promise<ExitCode> {
  const texts = terminal.texts.tokenImport;
  const bytes = await readNamedBytes(terminal, file);
  const parsed = parseTokenFile(bytes, await keysOf(terminal, flags));
  if (!parsed.ok) throw brokenFile(terminal, file, parsed.error);
  const dryRun = flags.dryRun === true;
  return withHouse(terminal, async (house) => {
    const assign = flags.login === undefined ? {} : { login: flags.login };
    const rows = await importTokens(house, parsed.value, { dryRun, assign }, CLI);
    const count = (...verdicts: readonly TokenVerdict['verdict'][]): number =>
      rows.filter((row) => verdicts.includes(row.verdict)).length;
    const written = count('added', 'would-add');
    const summary = dryRun ? texts.wouldDo(written, rows.length) : texts.done(written, rows.length);
    const cells = rows.map((row) => cellsOf(terminal, row));
    terminal.answer({ dryRun, rows }, () => table(texts.headings, cells, WIDEST));
    if (!terminal.flags().json) terminal.say(summary);
    return count('refused', 'no-such-user') > 0 ? EXIT.no : EXIT.fine;
  });
}

async function keysOf(
  terminal: Terminal,
  { passwordFile, presharedKeyFile }: ImportFlags,
): Promise<Parameters<typeof parseTokenFile>[1]> {
  const source = createSecretSource(terminal);
  const password = passwordFile === undefined ? undefined : await source.fromFile(passwordFile);
  if (presharedKeyFile === undefined) return password === undefined ? {} : { password };
  const presharedKey = readKeyText(await source.fromFile(presharedKeyFile));
  if (presharedKey === undefined) {
    throw new Refusal(EXIT.usage, 'key-invalid', terminal.texts.tokenImport.keyInvalid(presharedKeyFile));
  }
  return password === undefined ? { presharedKey } : { password, presharedKey };
}

/** What to do about a file that does not open for want of something. */
const REMEDIES: Partial<Record<TokenFileProblem, string>> = {
  'password-needed': '--password-file',
  'key-needed': '--preshared-key-file',
};

function brokenFile({ texts: { tokenImport } }: Terminal, file: string, { line, problem }: TokenFileFault): Refusal {
  const exit = problem === 'key-wrong' ? EXIT.no : EXIT.usage;
  const message = tokenImport.broken(file, line, tokenImport.files[problem]);
  return new Refusal(exit, 'token-file-refused', message, REMEDIES[problem], { problem, line });
}

function cellsOf({ texts: { tokenImport } }: Terminal, row: TokenVerdict): readonly string[] {
  const { line, serial, login, verdict, why } = row;
  const result = [tokenImport.verdicts[verdict], ...(why === undefined ? [] : [tokenImport.rows[why]])].join(': ');
  return [String(line), serial, login, formOf(tokenImport.hashSources, row), result];
}

/** `totp SHA256 6/30`, and where the file did not say the hash, where it comes from. */
function formOf(sources: Terminal['texts']['tokenImport']['hashSources'], { token }: TokenVerdict): string {
  if (token === undefined) return '';
  const { kind, algorithm, hashSource, digits, period } = token;
  const source = sources[hashSource] === '' ? '' : ` (${sources[hashSource]})`;
  return `${kind} ${algorithm}${source} ${digits}${period === 0 ? '' : `/${period}`}`;
}
