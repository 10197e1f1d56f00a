import type { TokenRow, TokenRowFault, TokenSpec } from '../core/enrolment/token-row.ts';
import { type Account, foldLogin } from '../core/identity/account.ts';
import type { House } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';
import { findUser } from './users.ts';

export type TokenImportPorts = Pick<House, 'clock' | 'accounts' | 'authenticators' | 'audit'>;

export type TokenImportOptions = {
  /** Says what would become of every row and writes nothing. */
  readonly dryRun: boolean;
  /** Whose the tokens are, whatever the file says: everybody's of one person, or by serial number. */
  readonly assign?: { readonly login?: string; readonly bySerial?: ReadonlyMap<string, string> };
};

/** What became, or in a dry run would become, of one row of a token file. Never holds the seed. */
export type TokenVerdict = Pick<TokenRow, 'index' | 'line' | 'serial'> & {
  /** Whose it is; the empty string where nobody is named. */
  readonly login: string;
  readonly verdict: 'added' | 'would-add' | 'exists' | 'no-such-user' | 'refused';
  /** Why it was refused. A row that names nobody is refused: there is no store of tokens without an owner. */
  readonly why: TokenRowFault | 'login-missing' | undefined;
  readonly token: Omit<TokenSpec, 'seed'> | undefined;
};

/**
 * Gives the tokens of a file to their owners, active at once: an administrator's act. Each row is added or refused alone.
 * A serial number that is there already, or a secret that its owner has in the same form already, is `exists`: a file
 * may be imported again.
 */
export async function importTokens(
  house: TokenImportPorts,
  rows: readonly TokenRow[],
  options: TokenImportOptions,
  by: Origin,
): Promise<readonly TokenVerdict[]> {
  const held: Held = new Map();
  const verdicts: TokenVerdict[] = [];
  for (const row of rows) verdicts.push(await importRow(house, row, options, by, held));
  if (!options.dryRun) {
    const added = verdicts.filter(({ verdict }) => verdict === 'added').length;
    const detail = { what: 'tokens', rows: rows.length, added };
    await house.audit.append(auditEvent('import.applied', house.clock.now(), by, { detail }));
  }
  return verdicts;
}

async function importRow(
  house: TokenImportPorts,
  row: TokenRow,
  { dryRun, assign }: TokenImportOptions,
  by: Origin,
  held: Held,
): Promise<TokenVerdict> {
  const { index, line, serial } = row;
  const login = assign?.bySerial?.get(serial) ?? assign?.login ?? row.login ?? '';
  const token = 'token' in row ? withoutSeed(row.token) : undefined;
  const said = (verdict: TokenVerdict['verdict'], why?: TokenVerdict['why']): TokenVerdict => ({
    index,
    line,
    serial,
    login,
    verdict,
    why,
    token,
  });
  if ('fault' in row) return said('refused', row.fault);
  if (login === '') return said('refused', 'login-missing');
  const owner = await findUser(house, login);
  if (owner === undefined) return said('no-such-user');
  const marks = await marksOf(house, owner, held);
  const mark = markOf(row.token, row.token.seed);
  if (marks.has(mark)) return said('exists');
  const verdict = dryRun ? await foresee(house, serial) : await add(house, owner, serial, row.token, by);
  if (verdict !== 'exists') marks.add(mark);
  return said(verdict);
}

async function foresee(house: TokenImportPorts, serial: string): Promise<'would-add' | 'exists'> {
  const present = serial === '' ? undefined : await house.authenticators.findBySerial(serial);
  return present === undefined ? 'would-add' : 'exists';
}

async function add(
  house: TokenImportPorts,
  owner: Account,
  serial: string,
  { seed, counter, ...token }: TokenSpec,
  by: Origin,
): Promise<'added' | 'exists'> {
  const { kind, label, algorithm, digits, period, suite, hashSource } = token;
  const event = auditEvent('token.imported', house.clock.now(), by, {
    login: foldLogin(owner.login) ?? '',
    detail: { authenticator: kind, algorithm, digits, period, suite, serial, hashSource },
  });
  // Where a counter goes on from is the file's to say; a clock needs no beginning.
  const start = kind === 'totp' ? {} : { movingFactor: counter };
  const parameters = { accountId: owner.id, kind, label, algorithm, digits, period, suite, serial, ...start };
  const outcome = await house.authenticators.add({ ...parameters, seed: seed.reveal() }, event);
  return outcome === 'exists' ? 'exists' : 'added';
}

/** Marks of the secrets that people have, by account: read once for each of them, as a file may be long. */
type Held = Map<string, Set<string>>;

/** Two secrets of one form that agree on these moving factors are the same one. */
const SAMPLES = [1, 2, 3] as const;

const markOf = (form: Pick<TokenSpec, 'suite'> & { readonly kind: string }, codes: Pick<TokenSpec['seed'], 'codeAt'>) =>
  [form.kind, form.suite, ...SAMPLES.map((factor) => codes.codeAt(factor))].join('|');

/** Marks of the secrets in a person's tokens that may still answer, those of earlier rows included. */
async function marksOf(house: TokenImportPorts, owner: Account, held: Held): Promise<Set<string>> {
  const known = held.get(owner.id);
  if (known !== undefined) return known;
  const marks = new Set<string>();
  for (const { id, status } of await house.authenticators.list(owner.id)) {
    const bound = status === 'revoked' ? undefined : await house.authenticators.bindOne(id);
    if (bound !== undefined) marks.add(markOf(bound, bound));
  }
  held.set(owner.id, marks);
  return marks;
}

const withoutSeed = ({ seed: _, ...token }: TokenSpec): Omit<TokenSpec, 'seed'> => token;
