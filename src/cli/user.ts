import { type Command, Option } from 'commander';
import { deleteUser, resumeUser, suspendUser, unlockUser } from '../flows/users.ts';
import { collect, collectPairs } from './arguments.ts';
import { confirmByName } from './confirm.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { accountOf } from './lookup.ts';
import { withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import type { Terminal } from './terminal.ts';
import { type ListFlags, listUsers, showUser } from './user-read.ts';
import { type AddFlags, addOne, importFile, type SetFlags, setOne } from './user-write.ts';

/** `sumun user add|list|show|set|suspend|resume|unlock|delete|import`. */
export const addUserCommands: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  const user = program.command('user').description(help.user);
  personFlags(user.command('add').description(help.userAdd).argument('<login>', help.login), terminal)
    .option('--group <group>', help.group, collect)
    .action(act((login: string, flags: AddFlags) => addOne(terminal, login, flags)));
  user
    .command('list')
    .description(help.userList)
    .option('--group <group>', help.filterGroup)
    .addOption(new Option('--status <status>', help.filterStatus).choices(['active', 'suspended']))
    .action(act((flags: ListFlags) => listUsers(terminal, flags)));
  user
    .command('show')
    .description(help.userShow)
    .argument('<login>', help.login)
    .action(act((login: string) => showUser(terminal, login)));
  personFlags(user.command('set').description(help.userSet).argument('<login>', help.login), terminal)
    .option('--login <login>', help.newLogin)
    .option('--group <group>', help.group, collect)
    .option('--add-group <group>', help.addGroup, collect)
    .option('--remove-group <group>', help.removeGroup, collect)
    .action(act((login: string, flags: SetFlags) => setOne(terminal, login, flags)));
  addActs(user, terminal, act);
  user
    .command('import')
    .description(help.userImport)
    .argument('<file>', help.userImportFile)
    .option('--dry-run', help.dryRun)
    .action(
      act((file: string, flags: { readonly dryRun?: true }) => importFile(terminal, file, flags.dryRun === true)),
    );
};

const personFlags = (command: Command, { texts: { help } }: Terminal): Command =>
  command
    .option('--name <name>', help.name)
    .option('--email <email>', help.email)
    .option('--phone <phone>', help.phone)
    .option('--attribute <key=value>', help.attribute, collectPairs)
    .option('--password-file <file>', help.passwordFile)
    .option('--pin-file <file>', help.pinFile);

const addActs: (...args: Parameters<Registrar>) => void = (user, terminal, act) => {
  const { texts } = terminal;
  const acts = [
    ['suspend', texts.help.userSuspend, suspendUser, texts.userSuspended],
    ['resume', texts.help.userResume, resumeUser, texts.userResumed],
    ['unlock', texts.help.userUnlock, unlockUser, texts.userUnlocked],
  ] as const;
  for (const [name, description, change, said] of acts) {
    user
      .command(name)
      .description(description)
      .argument('<login>', texts.help.login)
      .action(act((login: string) => changeOne(terminal, login, change, said)));
  }
  user
    .command('delete')
    .description(texts.help.userDelete)
    .argument('<login>', texts.help.login)
    .action(
      act(async (login: string) => {
        const warn = (stored: string): Promise<void> => confirmByName(terminal, texts.deleteWarning(stored), stored);
        return changeOne(terminal, login, deleteUser, texts.userDeleted, warn);
      }),
    );
};

type Change = typeof deleteUser;

function changeOne(
  terminal: Terminal,
  login: string,
  change: Change,
  said: (login: string) => string,
  confirm: (login: string) => Promise<void> = () => Promise.resolve(),
): Promise<ExitCode> {
  return withHouse(terminal, async (house) => {
    const account = await accountOf(terminal, house, login);
    await confirm(account.login);
    // Somebody may have deleted the person meanwhile: then the wanted outcome stands or the next look-up says so.
    if ((await change(house, login, CLI)).kind === 'missing') await accountOf(terminal, house, login);
    terminal.done({ login: account.login, done: true }, said(account.login));
    return EXIT.fine;
  });
}
