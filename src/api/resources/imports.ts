import { z } from 'zod';
import { type ImportFault, importUsers, type RowVerdict } from '../../flows/import-users.ts';
import { findUser } from '../../flows/users.ts';
import { badRequest } from '../input.ts';
import { type ApiParts, type Operation, operation } from '../operation.ts';
import { KEPT } from './fields.ts';
import { LARGEST_IMPORT, readContent, sourceFields } from './import-source.ts';
import { importTokenOperations } from './import-tokens.ts';
import { faultError } from './people.ts';

const rowSchema = z.object({
  line: z.int(),
  user: z.string(),
  verdict: z.enum(['added', 'changed', 'unchanged', 'refused']),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
});

/** People from a file. */
const importPeople = operation({
  id: 'importUsers',
  method: 'post',
  path: '/imports/users',
  scopes: ['imports'],
  tag: 'imports',
  summary: 'Adds and changes people from a CSV file',
  description:
    'Columns `login`, `name`, `email`, `phone`, `groups` (separated by `;`), `password`, `pin`, `attributes.<name>`. An empty cell leaves things as they are. A row that is refused is refused alone.',
  bodySchema: z.strictObject({ format: z.literal('csv').default('csv'), ...sourceFields }),
  maxBody: LARGEST_IMPORT,
  idempotentFor: KEPT,
  answers: {
    200: {
      description: 'What became, or in a dry run would become, of every row',
      schema: z.object({ dry_run: z.boolean(), rows: z.array(rowSchema) }),
    },
  },
  handle: async ({ parts, policy, body, by }) => {
    const csv = new TextDecoder().decode(readContent(body));
    const result = await importUsers(parts.house, policy.users, csv, { dryRun: body.dry_run, by });
    if (!result.ok) throw unreadable(result.error);
    if (!body.dry_run) await forgetChanged(parts, result.value);
    const rows = result.value.map((row) => ({
      line: row.line,
      user: row.login,
      verdict: row.verdict,
      errors: row.faults.map(faultError),
    }));
    return { status: 200, body: { dry_run: body.dry_run, rows } };
  },
});

const PROBLEMS: Readonly<Record<ImportFault['problem'], string>> = {
  'open-quote': 'a quoted cell is not closed',
  'stray-quote': 'a quote stands inside a cell that is not quoted',
  'no-header': 'the first row names the columns',
  'repeated-column': 'a column stands there twice',
  'wrong-cell-count': 'not as many cells as columns',
  'unknown-column': 'there is no such column',
  'login-column-missing': 'the column login is missing',
};

const unreadable = (fault: ImportFault) =>
  badRequest({ path: 'content', message: `line ${fault.line}: ${PROBLEMS[fault.problem]}` });

async function forgetChanged({ house, live }: ApiParts, rows: readonly RowVerdict[]): Promise<void> {
  for (const { login, verdict } of rows) {
    const account = verdict === 'changed' ? await findUser(house, login) : undefined;
    if (account !== undefined) live.forget(account.id);
  }
}

/** Files of people and of tokens. */
export const importOperations: readonly Operation[] = [importPeople, ...importTokenOperations];
