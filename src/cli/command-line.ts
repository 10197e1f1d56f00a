import { Command, CommanderError, Option } from 'commander';
import { displayWidth } from '../config/render.ts';
import type { Language } from '../core/policy.ts';
import { en } from '../texts/cli/en.ts';
import { ja } from '../texts/cli/ja.ts';
import { type CliTexts, ko } from '../texts/cli/ko.ts';
import { addAuditCommands } from './audit.ts';
import { addBackupCommands } from './backup.ts';
import { addBreakGlassCommands } from './break-glass.ts';
import { addCheckCommand } from './check.ts';
import { addClientCommands } from './client.ts';
import { addCompletionCommand } from './completion.ts';
import { addDemoCommand } from './demo.ts';
import { addDoctorCommand } from './doctor.ts';
import { EXIT, type ExitCode, exitOf, Refusal, systemCode } from './exit.ts';
import { addExplainCommand } from './explain.ts';
import { addInitCommand } from './init.ts';
import { addKeyCommands } from './key.ts';
import { addLaterCommands } from './later.ts';
import { addMigrateCommand } from './migrate.ts';
import { addRadiusCommands } from './radius.ts';
import type { Act, Registrar } from './registrar.ts';
import { addRunCommand } from './run.ts';
import { addSchemaCommand } from './schema.ts';
import { addSessionCommands } from './session.ts';
import { addSmsCommands } from './sms.ts';
import { createTerminal, type GlobalFlags, mark, type ParsedFlags, type Terminal } from './terminal.ts';
import { addTokenCommands } from './token.ts';
import { usageRefusal } from './usage.ts';
import { addUserCommands } from './user.ts';
import { addVersionCommand } from './version.ts';
import type { Wiring } from './wiring.ts';

const CATALOGUES = { ko, en, ja } as const satisfies Record<Language, CliTexts>;

const REGISTRARS: readonly Registrar[] = [
  addRunCommand,
  addDemoCommand,
  addInitCommand,
  addCheckCommand,
  addExplainCommand,
  addDoctorCommand,
  addUserCommands,
  addTokenCommands,
  addSessionCommands,
  addRadiusCommands,
  addSmsCommands,
  addBreakGlassCommands,
  addClientCommands,
  addAuditCommands,
  addBackupCommands,
  addKeyCommands,
  addMigrateCommand,
  addSchemaCommand,
  addCompletionCommand,
  addVersionCommand,
  addLaterCommands,
];

/** The tree of commands, its terminal, and the exit code of the action that ran. */
export type CommandLine = { readonly program: Command; readonly terminal: Terminal; readonly exit: () => ExitCode };

/** Builds the whole tree for one language. Nothing is read or written. */
export function createCommandLine(wiring: Wiring, language: Language): CommandLine {
  const texts = CATALOGUES[language];
  const program = new Command('sumun');
  const terminal = createTerminal(wiring, language, texts, () => flagsOf(program.opts<ParsedFlags>()));
  let exit: ExitCode = EXIT.fine;
  const act: Act =
    (action) =>
    async (...args) => {
      exit = await action(...args);
    };
  addGlobalFlags(program, terminal);
  for (const register of REGISTRARS) register(program, terminal, act);
  for (const noun of program.commands) noun.helpCommand(false);
  return { program, terminal, exit: () => exit };
}

/**
 * Runs one command and answers the exit code. Never throws: a refusal is printed with its remedy, an unexpected error
 * as one line (its stack with `SUMUN_DEBUG=1`).
 */
export async function runCommandLine(args: readonly string[], wiring: Wiring): Promise<ExitCode> {
  const { program, terminal, exit } = createCommandLine(wiring, languageOf(args, wiring.env));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.fine;
    const refusal = error instanceof CommanderError ? usageRefusal(error, args, program, terminal.texts) : error;
    return report(refusal, terminal, args.includes('--json'));
  }
}

/** `--lang`, else the locale of the environment (POSIX precedence); English where neither names one of ours. */
export function languageOf(args: readonly string[], env: Wiring['env']): Language {
  const fromEnv = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((value) => value !== undefined && value !== '');
  const locale = flagValue(args, '--lang') ?? fromEnv;
  const language = locale?.slice(0, 2).toLowerCase();
  return language === 'ko' || language === 'ja' ? language : 'en';
}

function addGlobalFlags(program: Command, { texts, wiring }: Terminal): void {
  const { help } = texts;
  program
    .description(help.program)
    .helpOption('-h, --help', help.help)
    .helpCommand('help [command]', help.help)
    .option('-c, --config <file>', help.config)
    .option('--json', help.json)
    .option('-q, --quiet', help.quiet)
    .option('--no-color', help.noColor)
    .addOption(new Option('--lang <language>', help.lang).choices(['ko', 'en', 'ja']))
    .option('-y, --yes', help.yes)
    .version(wiring.version, '-V, --version', help.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => wiring.stdout.write(text),
      writeErr: (text) => wiring.stderr.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(wiring.stdout.columns ?? 80, 100),
      getErrHelpWidth: () => Math.min(wiring.stderr.columns ?? 80, 100),
    })
    .configureHelp({
      showGlobalOptions: true,
      displayWidth,
      optionDescription: (option) => withValues(option.description, option.argChoices, option.defaultValue),
      argumentDescription: (argument) => withValues(argument.description, argument.argChoices, argument.defaultValue),
      styleTitle: (title) => texts.helpTitles[title as keyof typeof texts.helpTitles] ?? title,
    });
}

const flagsOf = (parsed: ParsedFlags): GlobalFlags => ({
  json: false,
  quiet: false,
  color: true,
  yes: false,
  ...parsed,
});

/** A description with the values that are allowed and the one that is taken otherwise, in no language at all. */
function withValues(description: string, choices: readonly string[] | undefined, preset: unknown): string {
  const allowed = choices === undefined ? '' : ` (${choices.join('|')})`;
  const taken = typeof preset === 'string' || typeof preset === 'number' ? ` [${preset}]` : '';
  return `${description}${allowed}${taken}`;
}

/** The value of a long flag, wherever it stands. */
function flagValue(args: readonly string[], flag: string): string | undefined {
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const found = args[at];
  if (found === undefined) return undefined;
  return found === flag ? args[at + 1] : found.slice(flag.length + 1);
}

function report(error: unknown, terminal: Terminal, json: boolean): ExitCode {
  const { wiring } = terminal;
  const refusal = error instanceof Refusal ? error : unexpected(error, terminal);
  const { code, message, remedy } = refusal;
  if (json) {
    terminal.print(
      JSON.stringify({ error: { code, message, ...(remedy === undefined ? {} : { remedy }), ...refusal.more } }),
    );
  } else {
    const [first = '', ...rest] = [...message.split('\n'), ...(remedy === undefined ? [] : [`  → ${remedy}`])];
    wiring.stderr.write(`${[`${mark(wiring, terminal.flags(), 'bad')} ${first}`, ...rest].join('\n')}\n`);
  }
  if ((wiring.env['SUMUN_DEBUG'] ?? '') !== '' && !(error instanceof Refusal) && error instanceof Error) {
    wiring.stderr.write(`${error.stack ?? ''}\n`);
  }
  return refusal.exit;
}

/** What no command wrote a sentence for: a port in use, or the error's own first line. */
function unexpected(error: unknown, { texts }: Terminal): Refusal {
  if (!(error instanceof Error)) return new Refusal(EXIT.cannotRun, 'unexpected', texts.unexpected);
  if (systemCode(error) === 'EADDRINUSE') {
    const { address = '', port = '' } = error as { readonly address?: string; readonly port?: number }; // as Node.js sets them
    return new Refusal(EXIT.cannotRun, 'port-in-use', texts.portInUse(`${address}:${port}`), texts.portInUseRemedy);
  }
  const code = error.name === 'Error' ? 'unexpected' : error.name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
  return new Refusal(exitOf(error), code, error.message.split('\n')[0] || texts.unexpected);
}
