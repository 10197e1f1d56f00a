import type { KnowledgeFault } from '../core/verification/knowledge.ts';
import { type ImportFault, importUsers, type RowVerdict } from '../flows/import-users.ts';
import { addUser, setUser, type UserFault, type UserFields } from '../flows/users.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { accountOf } from './lookup.ts';
import { withHouse } from './policy-file.ts';
import { createSecretSource, readNamed } from './secrets.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { userDocument } from './user-read.ts';

type PersonFlags = {
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly attribute?: Readonly<Record<string, string>>;
  readonly passwordFile?: string;
  readonly pinFile?: string;
  readonly group?: readonly string[];
};

/** Flags of `user add`. */
export type AddFlags = PersonFlags;

/** Flags of `user set`. `group` replaces all groups. */
export type SetFlags = PersonFlags & {
  readonly login?: string;
  readonly addGroup?: readonly string[];
  readonly removeGroup?: readonly string[];
};

/** Adds a person. On a terminal password and PIN are asked for unless files name them. */
export async function addOne(terminal: Terminal, login: string, flags: AddFlags): Promise<ExitCode> {
  const { texts } = terminal;
  const secrets = await secretsOf(terminal, flags, terminal.interactive() && !terminal.flags().yes);
  const fields = {
    login,
    ...plainFields(flags),
    ...(flags.group !== undefined && { groups: flags.group }),
    ...secrets,
  };
  return withHouse(terminal, async (house, policy) => {
    const outcome = await addUser(house, policy.users, fields, CLI);
    if (outcome.kind === 'refused') throw refusalOf(terminal, login, outcome.faults);
    terminal.done(userDocument(outcome.account), texts.userAdded(outcome.account.login));
    return EXIT.fine;
  });
}

/** Changes a person. */
export async function setOne(terminal: Terminal, login: string, flags: SetFlags): Promise<ExitCode> {
  const { texts } = terminal;
  const fields = { ...plainFields(flags), ...(flags.login !== undefined && { login: flags.login }) };
  const secrets = await secretsOf(terminal, flags, false);
  const changesGroups = [flags.group, flags.addGroup, flags.removeGroup].some((list) => list !== undefined);
  if (Object.keys({ ...fields, ...secrets }).length === 0 && !changesGroups) {
    throw new Refusal(EXIT.usage, 'nothing-to-change', texts.nothingToChange, texts.seeHelp('sumun user set'));
  }
  return withHouse(terminal, async (house, policy) => {
    const account = await accountOf(terminal, house, login);
    const kept = flags.group ?? account.groups.filter((group) => flags.removeGroup?.includes(group) !== true);
    const groups = [...new Set([...kept, ...(flags.addGroup ?? [])])];
    const attributes = { ...account.attributes, ...flags.attribute };
    const changes = {
      ...fields,
      ...secrets,
      ...(changesGroups && { groups }),
      ...(flags.attribute !== undefined && { attributes }),
    };
    const outcome = await setUser(house, policy.users, login, changes, CLI);
    if (outcome.kind === 'refused') throw refusalOf(terminal, flags.login ?? login, outcome.faults);
    const changed = await accountOf(terminal, house, flags.login ?? login);
    terminal.done(userDocument(changed), texts.userChanged(changed.login));
    return EXIT.fine;
  });
}

/** Adds and changes the people of a CSV file and says what became of every row. Exit 4 if a row was refused. */
export async function importFile(terminal: Terminal, file: string, dryRun: boolean): Promise<ExitCode> {
  const { texts } = terminal;
  const csv = await readNamed(terminal, file);
  return withHouse(terminal, async (house, policy) => {
    const result = await importUsers(house, policy.users, csv, { dryRun, by: CLI });
    if (!result.ok) throw brokenFile(terminal, result.error);
    const rows = result.value;
    const count = (verdict: RowVerdict['verdict']): number => rows.filter((row) => row.verdict === verdict).length;
    const written = count('added') + count('changed');
    const summary = dryRun ? texts.wouldImport(written, rows.length) : texts.imported(written, rows.length);
    const cells = rows.map((row) => [String(row.line), row.login, verdictText(terminal, row)]);
    terminal.answer({ dryRun, rows }, () => (rows.length === 0 ? summary : table(texts.importHeadings, cells)));
    if (!terminal.flags().json && rows.length > 0) terminal.say(summary);
    return count('refused') > 0 ? EXIT.no : EXIT.fine;
  });
}

const verdictText = ({ texts }: Terminal, row: RowVerdict): string =>
  [texts.verdicts[row.verdict], ...row.faults.map((fault) => faultText(texts, fault))].join(': ');

function brokenFile({ texts }: Terminal, fault: ImportFault): Refusal {
  const column = 'column' in fault ? ` '${fault.column}'` : '';
  const problem = `${texts.csvProblems[fault.problem]}${column}`;
  return new Refusal(EXIT.usage, 'csv-invalid', texts.importBroken(fault.line, problem));
}

const plainFields = (flags: PersonFlags): UserFields => ({
  ...(flags.name !== undefined && { name: flags.name }),
  ...(flags.email !== undefined && { email: flags.email }),
  ...(flags.phone !== undefined && { phone: flags.phone }),
  ...(flags.attribute !== undefined && { attributes: flags.attribute }),
});

async function secretsOf(
  terminal: Terminal,
  flags: PersonFlags,
  ask: boolean,
): Promise<{ readonly password?: string; readonly pin?: string }> {
  const source = createSecretSource(terminal);
  const { texts } = terminal;
  const read = (file: string | undefined, question: string): Promise<string | undefined> => {
    if (file !== undefined) return source.fromFile(file);
    return ask ? source.ask(question) : Promise.resolve(undefined);
  };
  const password = await read(flags.passwordFile, texts.askPassword);
  const pin = await read(flags.pinFile, texts.askPin);
  return { ...(password !== undefined && { password }), ...(pin !== undefined && { pin }) };
}

type AnyFault = RowVerdict['faults'][number];

/** Every fault of a person in one refusal. Exit 2 for what cannot be read, 4 for what is refused. */
export function refusalOf({ texts }: Terminal, login: string, faults: readonly UserFault[]): Refusal {
  const [first] = faults;
  if (first?.fault === 'exists') return new Refusal(EXIT.no, 'user-exists', texts.userExists(login));
  const readable = faults.every(({ field }) => field === 'password' || field === 'pin');
  const message = faults.map((fault) => faultText(texts, fault)).join('\n');
  return new Refusal(readable ? EXIT.no : EXIT.usage, 'user-invalid', message, undefined, { faults });
}

function faultText(texts: Terminal['texts'], fault: AnyFault): string {
  if (fault.field === 'password' || fault.field === 'pin') {
    return texts.knowledgeRefused(texts.knowledge[fault.field], texts.knowledgeFaults[fault.fault as KnowledgeFault]);
  }
  return texts.fieldFaults[fault.fault as keyof typeof texts.fieldFaults](fault.field);
}
