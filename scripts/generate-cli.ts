/** Writes `docs/cli.md` from the tree of commands, so that the reference cannot say something else than `--help`. */
import { writeFileSync } from 'node:fs';
import type { Argument, Command, Option } from 'commander';
import { createWiring } from '../src/app/wiring.ts';
import { createCommandLine } from '../src/cli/command-line.ts';

const INTRODUCTION = `# Command line

Generated from the commands themselves with \`npm run generate\`; do not edit.

\`sumun <noun> <verb> [object] [--flags]\`. Data goes to standard output, talk to standard error. Global flags stand before
or after the command. A secret is never an argument: it comes from a file (\`--password-file FILE\`), from standard input
(\`-\`: one line for each secret, in the order password, PIN), or from a hidden prompt on a terminal.

With \`--json\` every command prints exactly one JSON document on standard output; an error is
\`{"error":{"code","message","remedy"}}\`. (\`audit tail --follow\` prints one document a line.) What cannot be undone asks for
the name of what is lost; where nobody can be asked it needs \`--yes\`.

| command | document |
| ------- | -------- |
| \`run\` | \`{addresses, config}\` when it serves |
| \`demo\` | \`{gateway, console, api, apiKey, radius: {host, port, secret}, config, users, admin, routes}\` when it serves |
| \`init\` | \`{config, data, admin: {login, password, pin?, otpauth, groups}, next}\` |
| \`check\` | \`{file, ok, errors, warnings, findings: [{severity, code, file, line, column, endLine, endColumn, path, message, fix?}], tests: {total, failed, results}}\` |
| \`explain\` | \`{decision, status, route, need, reason, rule: {file, line}, trace, headers, request}\` |
| \`doctor\` | \`{ok, checks: [{name, status: ok, warn or fail, detail, remedy?}]}\` |
| \`user add\`, \`set\` | \`{id, login, name, email, phone, groups, attributes, status, createdAt}\` |
| \`user list\`, \`user show\` | \`{users: […]}\`; one user with \`{lockedUntil, tokens, sessions}\` |
| \`user import\` | \`{dryRun, rows: [{line, login, verdict, faults}]}\` |
| \`token enroll\` | \`{otpauth, token}\` |
| \`token list\`, \`token show\` | \`{tokens: […]}\`; \`{id, login, kind, label, algorithm, digits, period, status, drift, createdAt, lastUsedAt}\` |
| \`token test\`, \`resync\` | \`{accepted, login, token}\`; \`{resynchronised, token, drift}\` |
| \`session list\`, \`revoke\` | \`{sessions: […]}\`; \`{revoked}\` |
| \`audit tail\`, \`search\`, \`export\` | \`{records: […]}\` |
| \`audit verify\` | \`{ok, records}\` or \`{ok, seq, problem}\` |
| \`key status\`, \`rotate\` | \`{sealing, signing}\`; \`{rotated, resealed}\` |
| \`backup\`, \`restore\` | \`{file, bytes, sha256}\`; \`{file, dryRun, madeAt, accounts, authenticators, auditRecords, movedAside}\` |
| \`migrate\`, \`version\` | \`{dryRun, from, to}\`; \`{version, node}\` |

## Exit codes

| code | meaning |
| ---- | ------- |
| 0 | fine, or allowed |
| 1 | could not run; a restart will not help |
| 2 | wrong usage |
| 3 | the configuration is invalid or missing |
| 4 | checked, and the answer is no |
| 5 | \`explain\`: more authentication is needed |
| 69 | a server could not be reached |
| 77 | not permitted |

## Environment

| variable | meaning |
| -------- | ------- |
| \`SUMUN_CONFIG\` | configuration file, where \`--config\` is not given |
| \`LC_ALL\`, \`LC_MESSAGES\`, \`LANG\` | language (ko, en, ja), where \`--lang\` is not given; English for any other |
| \`NO_COLOR\` | no colour |
| \`SUMUN_DEBUG\` | shows the stack of an unexpected error |
`;

/** The reference of every command, as Markdown. */
export function cliReference(): string {
  const { program } = createCommandLine(createWiring(process, 'en'), 'en');
  const sections = leavesOf(program, '').map(([path, command]) => section(path, command));
  return `${[INTRODUCTION, `## Global flags\n\n${optionTable(program, program.options)}`, '## Commands', ...sections].join('\n')}\n`;
}

/** Commands that do something, with their full names. */
function leavesOf(command: Command, path: string): readonly (readonly [string, Command])[] {
  const children = command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');
  if (children.length === 0) return [[path, command]];
  return children.flatMap((child) => leavesOf(child, `${path} ${child.name()}`.trim()));
}

function section(path: string, command: Command): string {
  const usage = [`sumun ${path}`, ...command.registeredArguments.map(argumentForm)];
  const options = command.options.filter((option) => !option.hidden);
  if (options.length > 0) usage.push('[options]');
  const argumentsTable = command.registeredArguments.map((argument) =>
    row(argumentForm(argument), describeArgument(command, argument)),
  );
  return [
    `\n### \`sumun ${path}\`\n`,
    `${sentence(command.description())}\n`,
    `\`\`\`\n${usage.join(' ')}\n\`\`\`\n`,
    ...(argumentsTable.length > 0 ? [`${table('argument', argumentsTable)}\n`] : []),
    ...(options.length > 0 ? [optionTable(command, options)] : []),
  ].join('\n');
}

const argumentForm = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

const describeArgument = (command: Command, argument: Argument): string =>
  command.createHelp().argumentDescription(argument);

const optionTable = (command: Command, options: readonly Option[]): string =>
  `${table(
    'flag',
    options.map((option) => row(option.flags, command.createHelp().optionDescription(option))),
  )}\n`;

const table = (kind: string, rows: readonly string[]): string =>
  [`| ${kind} | meaning |`, '| --- | --- |', ...rows].join('\n');

const row = (form: string, meaning: string): string => `| \`${form}\` | ${meaning.replaceAll('|', '\\|')} |`;

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

if (import.meta.main) writeFileSync('docs/cli.md', cliReference());
