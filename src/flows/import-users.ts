import { type CsvFault, type CsvRow, readCsv } from '../core/enrolment/csv.ts';
import type { Account } from '../core/identity/account.ts';
import { foldLogin } from '../core/identity/account.ts';
import type { KnowledgeSettings } from '../core/policy.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Origin } from './origin.ts';
import { addUser, findUser, setUser, type UserFault, type UserFields, type UserPorts, userFaults } from './users.ts';

/** What became, or in a dry run would become, of one row. */
export type RowVerdict = {
  readonly line: number;
  readonly login: string;
  readonly verdict: 'added' | 'changed' | 'unchanged' | 'refused';
  readonly faults: readonly (UserFault | { readonly field: 'login'; readonly fault: 'repeated' })[];
};

export type ImportFault =
  | CsvFault
  | { readonly line: 1; readonly problem: 'unknown-column' | 'login-column-missing'; readonly column: string };

const COLUMNS = ['login', 'name', 'email', 'phone', 'groups', 'password', 'pin'] as const;

/**
 * Adds and changes people from a CSV file with the columns `login`, `name`, `email`, `phone`, `groups` (separated by
 * `;`), `password`, `pin` and `attributes.<name>`. An empty cell leaves things as they are. A file that cannot be read
 * is refused whole; a row that is not acceptable is refused alone and the others are written.
 */
export async function importUsers(
  house: UserPorts,
  rules: KnowledgeSettings,
  csv: string,
  options: { readonly dryRun: boolean; readonly by: Origin },
): Promise<Result<readonly RowVerdict[], ImportFault>> {
  const rows = readCsv(csv);
  if (!rows.ok) return rows;
  const fault = headerFault(rows.value);
  if (fault !== undefined) return err(fault);
  const seen = new Set<string>();
  const verdicts: RowVerdict[] = [];
  for (const row of rows.value) {
    const fields = fieldsOf(row);
    const folded = foldLogin(fields.login) ?? '';
    const verdict = seen.has(folded)
      ? ({ verdict: 'refused', faults: [{ field: 'login', fault: 'repeated' }] } as const)
      : await importRow(house, rules, fields, options);
    seen.add(folded);
    verdicts.push({ line: row.line, login: fields.login, ...verdict });
  }
  return ok(verdicts);
}

type RowFields = UserFields & { readonly login: string };

async function importRow(
  house: UserPorts,
  rules: KnowledgeSettings,
  fields: RowFields,
  { dryRun, by }: { readonly dryRun: boolean; readonly by: Origin },
): Promise<Pick<RowVerdict, 'verdict' | 'faults'>> {
  const faults = userFaults(fields, fields.login, rules);
  if (faults.length > 0) return { verdict: 'refused', faults };
  const account = await findUser(house, fields.login);
  if (account !== undefined && changesNothing(account, fields)) return { verdict: 'unchanged', faults };
  const verdict = account === undefined ? 'added' : 'changed';
  if (dryRun) return { verdict, faults };
  const { login, ...rest } = fields;
  const attributes = { ...account?.attributes, ...fields.attributes };
  const written =
    account === undefined
      ? await addUser(house, rules, fields, by)
      : await setUser(house, rules, login, { ...rest, ...(fields.attributes && { attributes }) }, by);
  return written.kind === 'refused' ? { verdict: 'refused', faults: written.faults } : { verdict, faults };
}

function headerFault(rows: readonly CsvRow[]): ImportFault | undefined {
  const columns = [...(rows[0]?.cells.keys() ?? [])];
  const unknown = columns.find(
    (column) => !COLUMNS.some((known) => known === column) && !/^attributes\.[^.]+$/.test(column),
  );
  if (unknown !== undefined) return { line: 1, problem: 'unknown-column', column: unknown };
  if (rows.length > 0 && !columns.includes('login'))
    return { line: 1, problem: 'login-column-missing', column: 'login' };
  return undefined;
}

function fieldsOf({ cells }: CsvRow): RowFields {
  const filled = new Map([...cells].filter(([, cell]) => cell.trim() !== ''));
  const fields: { -readonly [K in keyof UserFields]: UserFields[K] } & { login: string } = {
    login: cells.get('login')?.trim() ?? '',
  };
  for (const column of ['name', 'email', 'phone', 'password', 'pin'] as const) {
    const cell = filled.get(column);
    if (cell !== undefined) fields[column] = column === 'password' ? cell : cell.trim();
  }
  const groups = filled.get('groups');
  if (groups !== undefined)
    fields.groups = groups
      .split(';')
      .map((group) => group.trim())
      .filter((group) => group !== '');
  const attributes = [...filled].filter(([column]) => column.startsWith('attributes.'));
  if (attributes.length > 0) {
    fields.attributes = Object.fromEntries(
      attributes.map(([column, cell]) => [column.slice('attributes.'.length), cell.trim()]),
    );
  }
  return fields;
}

function changesNothing(account: Account, fields: RowFields): boolean {
  if (fields.password !== undefined || fields.pin !== undefined) return false;
  const plain = (['name', 'email', 'phone'] as const).every(
    (field) => (fields[field] ?? account[field]) === account[field],
  );
  const groups = fields.groups === undefined || [...fields.groups].sort().join() === [...account.groups].sort().join();
  return (
    plain &&
    groups &&
    Object.entries(fields.attributes ?? {}).every(([name, value]) => account.attributes[name] === value)
  );
}
