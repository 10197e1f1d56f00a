import { type Command, Option } from 'commander';
import { setTokenStatus } from '../flows/tokens.ts';
import { confirmByName } from './confirm.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { accountOf, everyToken, tokenOf } from './lookup.ts';
import { withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { moment } from './time.ts';
import { tokenDocument } from './token-document.ts';
import { type EnrolFlags, enrol } from './token-enrol.ts';
import { type ImportFlags, importFile } from './token-import.ts';
import { resyncCodes, testCode } from './token-verify.ts';
import { lines } from './user-read.ts';

/** `sumun token enroll|list|show|test|resync|suspend|resume|revoke|import`. */
export const addTokenCommands: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  const token = program.command('token').description(help.token);
  enrolFlags(token.command('enroll').description(help.tokenEnroll).argument('<login>', help.login), terminal).action(
    act((login: string, flags: EnrolFlags) => enrol(terminal, login, flags)),
  );
  token
    .command('list')
    .description(help.tokenList)
    .argument('[login]', help.login)
    .action(act((login?: string) => list(terminal, login)));
  token
    .command('show')
    .description(help.tokenShow)
    .argument('<token>', help.tokenName)
    .action(act((name: string) => show(terminal, name)));
  token
    .command('test')
    .description(help.tokenTest)
    .argument('<token>', help.tokenName)
    .argument('[code]', help.tokenCode)
    .action(act((name: string, code?: string) => testCode(terminal, name, code)));
  token
    .command('resync')
    .description(help.tokenResync)
    .argument('<token>', help.tokenName)
    .argument('[code1]', help.tokenCode)
    .argument('[code2]', help.tokenCode)
    .action(act((name: string, first?: string, second?: string) => resyncCodes(terminal, name, first, second)));
  addStatusCommands(token, terminal, act);
  importFlags(token.command('import'), terminal).action(
    act((file: string, flags: ImportFlags) => importFile(terminal, file, flags)),
  );
};

const importFlags = (command: Command, { texts: { help, tokenImport } }: Terminal): Command =>
  command
    .description(tokenImport.help.import)
    .argument('<file>', tokenImport.help.file)
    .option('--password-file <file>', tokenImport.help.password)
    .option('--preshared-key-file <file>', tokenImport.help.preshared)
    .option('--login <login>', tokenImport.help.login)
    .option('--dry-run', help.dryRun);

const enrolFlags = (command: Command, { texts: { help } }: Terminal): Command =>
  command
    .option('--otpauth', help.tokenOtpauth)
    .option('--qr', help.tokenQr)
    .addOption(new Option('--algorithm <hash>', help.tokenAlgorithm).choices(['SHA1', 'SHA256', 'SHA512']))
    .addOption(new Option('--digits <count>', help.tokenDigits).choices(['6', '8']))
    .addOption(new Option('--period <seconds>', help.tokenPeriod).choices(['30', '60']))
    .option('--hotp', help.tokenHotp)
    .option('--label <text>', help.tokenLabel)
    .option('--secret-file <file>', help.tokenSecretFile);

const addStatusCommands: (...args: Parameters<Registrar>) => void = (token, terminal, act) => {
  const { texts } = terminal;
  const changes = [
    ['suspend', texts.help.tokenSuspend, 'suspended', texts.tokenSuspended],
    ['resume', texts.help.tokenResume, 'active', texts.tokenResumed],
    ['revoke', texts.help.tokenRevoke, 'revoked', texts.tokenRevoked],
  ] as const;
  for (const [name, description, status, said] of changes) {
    token
      .command(name)
      .description(description)
      .argument('<token>', texts.help.tokenName)
      .action(act((named: string) => setStatus(terminal, named, status, said)));
  }
};

function list(terminal: Terminal, login: string | undefined): Promise<ExitCode> {
  const { texts } = terminal;
  return withHouse(terminal, async (house) => {
    const owner = login === undefined ? undefined : await accountOf(terminal, house, login);
    const owned =
      owner === undefined
        ? await everyToken(house)
        : (await house.authenticators.list(owner.id)).map((token) => ({ token, owner }));
    const documents = owned.map((it) => tokenDocument(it.token, it.owner));
    terminal.answer({ tokens: documents }, () =>
      documents.length === 0
        ? texts.noTokens
        : table(
            texts.tokenHeadings,
            documents.map((it) => [it.id, it.login, it.kind, texts.statuses[it.status], it.lastUsedAt ?? '']),
          ),
    );
    return EXIT.fine;
  });
}

function show(terminal: Terminal, name: string): Promise<ExitCode> {
  return withHouse(terminal, async (house) => {
    const { token, owner } = await tokenOf(terminal, house, name);
    const document = tokenDocument(token, owner);
    terminal.answer(document, () => lines(terminal, document));
    return EXIT.fine;
  });
}

function setStatus(
  terminal: Terminal,
  name: string,
  status: 'active' | 'suspended' | 'revoked',
  said: (id: string) => string,
): Promise<ExitCode> {
  const { texts } = terminal;
  return withHouse(terminal, async (house) => {
    const { token, owner } = await tokenOf(terminal, house, name);
    if (status === 'revoked') await confirmByName(terminal, texts.revokeWarning(token.id, owner.login), token.id);
    const outcome = await setTokenStatus(house, token.id, status, CLI);
    if (outcome === 'missing') throw new Refusal(EXIT.no, 'token-missing', texts.tokenMissing(name));
    if (outcome === 'revoked-before') throw new Refusal(EXIT.no, 'token-revoked', texts.tokenIsRevoked(token.id));
    terminal.done({ ...tokenDocument(token, owner), status, at: moment(terminal.wiring.clock.now()) }, said(token.id));
    return EXIT.fine;
  });
}
