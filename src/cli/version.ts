import { EXIT } from './exit.ts';
import type { Registrar } from './registrar.ts';

/** `sumun version`: the version of the program and of its runtime. */
export const addVersionCommand: Registrar = (program, terminal, act) => {
  const { version, runtime } = terminal.wiring;
  program
    .command('version')
    .description(terminal.texts.help.versionCommand)
    .action(
      act(() => {
        terminal.answer({ version, node: runtime }, () => `sumun ${version} (Node.js ${runtime})`);
        return EXIT.fine;
      }),
    );
};
