import type { Command } from 'commander';
import { EXIT, Refusal } from './exit.ts';
import type { Registrar } from './registrar.ts';

/** Nouns of the product that this version has no part of. They say so instead of being unknown. */
const LATER = ['approval', 'radius', 'client'] as const;

/** Registers every noun of {@link LATER} and the later verbs of present nouns, hidden from the help. Exit 1. */
export const addLaterCommands: Registrar = (program, terminal, act) => {
  const { texts } = terminal;
  const register = (parent: Command, verb: string, name: string): void => {
    parent
      .command(verb, { hidden: true })
      .argument('[words...]')
      .allowUnknownOption()
      .action(
        act(() => {
          throw new Refusal(EXIT.cannotRun, 'not-in-this-version', texts.notInThisVersion(name));
        }),
      );
  };
  for (const name of LATER) register(program, name, name);
  const token = program.commands.find((command) => command.name() === 'token');
  if (token !== undefined) register(token, 'import', 'token import');
};
