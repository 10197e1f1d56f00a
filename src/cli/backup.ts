import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { confirmByName } from './confirm.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { openPolicy } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { createSecretSource } from './secrets.ts';
import type { Terminal } from './terminal.ts';
import { moment } from './time.ts';

type BackupFlags = { readonly passphraseFile?: string };
type RestoreFlags = BackupFlags & { readonly dryRun?: true };

/** `sumun backup FILE` and `sumun restore FILE [--dry-run]`. */
export const addBackupCommands: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  program
    .command('backup')
    .description(help.backup)
    .argument('<file>', help.backupFile)
    .option('--passphrase-file <file>', help.backupPassphrase)
    .action(act((file: string, flags: BackupFlags) => backup(terminal, file, flags)));
  program
    .command('restore')
    .description(help.restore)
    .argument('<file>', help.restoreFile)
    .option('--passphrase-file <file>', help.backupPassphrase)
    .option('--dry-run', help.restoreDryRun)
    .action(act((file: string, flags: RestoreFlags) => restore(terminal, file, flags)));
};

async function backup(terminal: Terminal, name: string, flags: BackupFlags): Promise<ExitCode> {
  const { wiring, texts } = terminal;
  const file = resolve(wiring.folder, name);
  if (existsSync(file)) throw new Refusal(EXIT.cannotRun, 'file-exists', texts.fileExists(name), texts.otherName);
  const { policy } = openPolicy(terminal);
  const made = await wiring.makeBackup(policy, file, await passphraseOf(terminal, flags));
  terminal.done({ file, ...made }, texts.backupMade(name, made.bytes));
  return EXIT.fine;
}

async function restore(terminal: Terminal, name: string, flags: RestoreFlags): Promise<ExitCode> {
  const { wiring, texts } = terminal;
  const file = resolve(wiring.folder, name);
  if (!existsSync(file)) throw new Refusal(EXIT.usage, 'file-unreadable', texts.fileUnreadable(name, 'ENOENT'));
  const { policy } = openPolicy(terminal);
  const passphrase = await passphraseOf(terminal, flags);
  const dryRun = flags.dryRun === true;
  if (!dryRun) await confirmByName(terminal, texts.restoreWarning(policy.storage.path), basename(file));
  const { madeAt, movedAside, ...contents } = await wiring.restoreBackup(policy, file, { passphrase, dryRun });
  const document = { file, dryRun, madeAt: moment(madeAt), ...contents, movedAside: movedAside ?? null };
  const { accounts, authenticators, auditRecords } = contents;
  const summary = texts.backupContents(moment(madeAt), accounts, authenticators, auditRecords);
  terminal.done(document, `${dryRun ? texts.restorable(name) : texts.restored(name)} ${summary}`);
  if (movedAside !== undefined && !terminal.flags().json) terminal.say(texts.movedAside(movedAside));
  return EXIT.fine;
}

const passphraseOf = (terminal: Terminal, flags: BackupFlags): Promise<string | undefined> =>
  flags.passphraseFile === undefined
    ? Promise.resolve(undefined)
    : createSecretSource(terminal).fromFile(flags.passphraseFile);
