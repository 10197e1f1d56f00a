import { EXIT, Refusal } from './exit.ts';
import type { Registrar } from './registrar.ts';

/** Nouns of the product that this version has no part of. They say so instead of being unknown. */
const LATER = ['approval'] as const;

/** Registers every noun of {@link LATER}, hidden from the help. Exit 1. */
export const addLaterCommands: Registrar = (program, terminal, act) => {
  const { texts } = terminal;
  for (const name of LATER) {
    program
      .command(name, { hidden: true })
      .argument('[words...]')
      .allowUnknownOption()
      .action(
        act(() => {
          throw new Refusal(EXIT.cannotRun, 'not-in-this-version', texts.notInThisVersion(name));
        }),
      );
  }
};
