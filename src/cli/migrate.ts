import { EXIT, type ExitCode } from './exit.ts';
import { openPolicy } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import type { Terminal } from './terminal.ts';

/** `sumun migrate [--dry-run]`: brings the database to the schema of this version, as `run` does at its start. */
export const addMigrateCommand: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  program
    .command('migrate')
    .description(help.migrate)
    .option('--dry-run', help.dryRun)
    .action(act((flags: { readonly dryRun?: true }) => migrate(terminal, flags.dryRun === true)));
};

async function migrate(terminal: Terminal, dryRun: boolean): Promise<ExitCode> {
  const { wiring, texts } = terminal;
  const { policy } = openPolicy(terminal);
  const { present, newest } = await wiring.schema(policy);
  const document = { dryRun, from: present, to: newest };
  if (present === newest) {
    terminal.done(document, texts.schemaCurrent(newest));
    return EXIT.fine;
  }
  // Opening migrates, after a backup of the file; a database of a newer version is refused there.
  if (!dryRun) await (await wiring.openHouse(policy)).close();
  terminal.done(document, dryRun ? texts.wouldMigrate(present, newest) : texts.migrated(present, newest));
  return EXIT.fine;
}
