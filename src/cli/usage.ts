import type { Command, CommanderError, Option } from 'commander';
import type { CliTexts } from '../texts/cli/ko.ts';
import { EXIT, Refusal } from './exit.ts';

/** The refusal for arguments the parser could not read: what was wrong and the nearest thing that exists. Exit 2. */
export function usageRefusal(
  error: CommanderError,
  args: readonly string[],
  program: Command,
  texts: CliTexts,
): Refusal {
  const { subject: full, suggestion } = quoted(error.message);
  // What follows `=` may be a secret that somebody tried to pass as an argument.
  const subject = full.split('=')[0] ?? '';
  const remedy = suggestion === '' ? texts.seeHelp(commandOf(args, program)) : texts.didYouMean(suggestion);
  const refuse = (code: string, message: string): Refusal => new Refusal(EXIT.usage, code, message, remedy);
  switch (error.code) {
    case 'commander.unknownCommand':
      return refuse('unknown-command', texts.unknownCommand(subject));
    case 'commander.unknownOption':
      return refuse('unknown-flag', texts.unknownFlag(subject));
    case 'commander.missingArgument':
      return refuse('argument-missing', texts.argumentMissing(subject));
    case 'commander.optionMissingArgument':
      return refuse('value-missing', texts.valueMissing(subject));
    case 'commander.missingMandatoryOptionValue':
      return refuse('flag-missing', texts.flagMissing(subject));
    case 'commander.excessArguments':
      return refuse('too-many-arguments', texts.tooManyArguments);
    case 'commander.invalidArgument':
      return refuse('value-invalid', texts.valueInvalid(...invalidParts(error.message)));
    case 'commander.help':
      return incomplete(args, program, texts);
    default:
      return refuse('usage', error.message.replace(/^error: /, ''));
  }
}

/** Help was printed because no command was named; an unknown flag before it is the better message. */
function incomplete(args: readonly string[], program: Command, texts: CliTexts): Refusal {
  const flag = args.find(
    (arg) => arg.startsWith('-') && !program.options.some((option) => isFlag(option, arg.split('=')[0] ?? '')),
  );
  if (flag !== undefined)
    return new Refusal(EXIT.usage, 'unknown-flag', texts.unknownFlag(flag.split('=')[0] ?? ''), texts.seeHelp('sumun'));
  return new Refusal(EXIT.usage, 'command-missing', texts.commandMissing, texts.seeHelp(commandOf(args, program)));
}

const isFlag = (option: Option, word: string): boolean => option.long === word || option.short === word;

/** `error: unknown option '--jsn'\n(Did you mean --json?)` → its quoted subject and the suggestion. */
function quoted(message: string): { subject: string; suggestion: string } {
  const subject = /'([^']*)'/.exec(message)?.[1] ?? '';
  const suggestion = /\(Did you mean (?:one of )?([^?]*)\?\)/.exec(message)?.[1] ?? '';
  return { subject, suggestion };
}

/** The flag, the value and what it should have been, of a value its parser refused. */
function invalidParts(message: string): [flag: string, value: string, allowed: string] {
  const option = /^error: option '([^']*)' argument '(.*)' is invalid\. ?(.*)$/s.exec(message);
  const argument = /^error: command-argument value '(.*)' is invalid for argument '([^']*)'\. ?(.*)$/s.exec(message);
  const [name, value, why] = option?.slice(1) ?? [argument?.[2], argument?.[1], argument?.[3]];
  return [name ?? '', value ?? '', (why ?? '').replace(/^Allowed choices are (.*)\.$/, '$1')];
}

/** The command somebody typed as far as it exists: `sumun user`. */
function commandOf(args: readonly string[], program: Command): string {
  const names = ['sumun'];
  let command = program;
  for (const arg of args.filter((word) => !word.startsWith('-'))) {
    const next = command.commands.find((child) => child.name() === arg);
    if (next === undefined) break;
    names.push(arg);
    command = next;
  }
  return names.join(' ');
}
