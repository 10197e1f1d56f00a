import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { jsonSchema } from '../config/json-schema.ts';
import type { Policy } from '../core/policy.ts';
import { enrolToken } from '../flows/tokens.ts';
import { addUser } from '../flows/users.ts';
import { checkFile } from './check.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { askSettings, type InitFlags, readSettings, type Settings } from './init-questions.ts';
import { configText } from './init-text.ts';
import { newPassword, newPin } from './new-secrets.ts';
import { openPolicy } from './policy-file.ts';
import { terminalQr } from './qr.ts';
import type { Registrar } from './registrar.ts';
import type { Terminal } from './terminal.ts';
import { refusalOf } from './user-write.ts';

/** Group of the people who may administer. */
const ADMINS = 'sumun-admins';

type Admin = {
  readonly login: string;
  readonly password: string;
  readonly pin?: string;
  readonly otpauth: string;
  readonly groups: readonly string[];
};

/** `sumun init [DIR]`: configuration, keys and the first administrator. Never overwrites anything. */
export const addInitCommand: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  program
    .command('init')
    .description(help.init)
    .argument('[folder]', help.initFolder, '.')
    .option('--host <name>', help.initHost)
    .option('--upstream <url>', help.initUpstream)
    .option('--auth <mode>', help.initAuth)
    .option('--admin <login>', help.initAdmin)
    .action(act((folder: string, flags: InitFlags) => init(terminal, folder, flags)));
};

async function init(terminal: Terminal, named: string, flags: InitFlags): Promise<ExitCode> {
  const file = resolve(terminal.wiring.folder, named, 'config.yaml');
  refuseExisting(terminal, file);
  const settings = terminal.interactive() ? await askSettings(terminal, flags) : readSettings(terminal, flags);
  const { policy, admin } = await setUp(terminal, file, settings);
  const place = relative(terminal.wiring.folder, file);
  const next = [
    `sumun run -c ${place}`,
    `sumun user add LOGIN -c ${place}`,
    `sumun token enroll LOGIN --otpauth --qr -c ${place}`,
  ];
  const document = { config: file, data: dirname(policy.storage.path), admin, next };
  terminal.answer(document, () => credentialLines(terminal, admin).join('\n'));
  if (terminal.flags().json) return EXIT.fine;
  const { init: texts } = terminal.texts;
  if (terminal.interactive()) terminal.say(terminalQr(terminal, admin.otpauth));
  terminal.say(`${texts.shownOnce}\n\n${texts.wrote(place)}`);
  terminal.say([texts.next, ...next.map((command) => `  ${command}`)].join('\n'));
  return EXIT.fine;
}

const credentialLines = (terminal: Terminal, admin: Admin): readonly string[] => {
  const { init: texts, knowledge } = terminal.texts;
  return [
    texts.admin(admin.login),
    `  ${texts.passwordLabel}: ${admin.password}`,
    ...(admin.pin === undefined ? [] : [`  ${knowledge.pin}: ${admin.pin}`]),
    `  ${admin.otpauth}`,
  ];
};

function refuseExisting(terminal: Terminal, file: string): void {
  const data = join(dirname(file), 'data');
  const present = [file, join(data, 'master.key'), join(data, 'sumun.db')].find((path) => existsSync(path));
  if (present === undefined) return;
  const { init: texts } = terminal.texts;
  throw new Refusal(EXIT.cannotRun, 'exists', texts.exists(present), texts.existsRemedy);
}

/** Writes everything, or takes back what it wrote. */
async function setUp(
  terminal: Terminal,
  file: string,
  settings: Settings,
): Promise<{ readonly policy: Policy; readonly admin: Admin }> {
  const folder = dirname(file);
  const data = join(folder, 'data');
  const schema = join(folder, 'config.schema.json');
  const made = [file, ...[data, schema].filter((path) => !existsSync(path))];
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    writeFileSync(file, configText(settings, terminal.texts.init), { flag: 'wx' });
    if (made.includes(schema)) writeFileSync(schema, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
    const { policy } = openPolicy(terminal, file);
    const { masterFile, signingFolder } = policy.keys;
    const { algorithm } = policy.identity.signing;
    await terminal.wiring.createKeys({ masterFile, signingFolder, algorithm }, terminal.wiring.clock.now());
    sayCheck(terminal, file);
    return { policy, admin: await createAdmin(terminal, policy, settings) };
  } catch (error) {
    for (const path of made) rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

/** The new file is checked like any other; what there is to say goes to stderr, so that stdout holds the credentials. */
function sayCheck(terminal: Terminal, file: string): void {
  if (terminal.flags().json) return;
  checkFile({ ...terminal, answer: (_document, text) => terminal.say(text()) }, file);
}

async function createAdmin(terminal: Terminal, policy: Policy, settings: Settings): Promise<Admin> {
  const { random } = terminal.wiring;
  const pin = settings.auth.split('+').includes('pin') ? newPin(random, policy.users.pin) : undefined;
  const secrets = { password: newPassword(random, policy.users.password.minLength), ...(pin !== undefined && { pin }) };
  const house = await terminal.wiring.openHouse(policy);
  try {
    const fields = { login: settings.admin, groups: [ADMINS], ...secrets };
    const added = await addUser(house, policy.users, fields, CLI);
    if (added.kind === 'refused') throw refusalOf(terminal, settings.admin, added.faults);
    const { login, groups } = added.account;
    const enrolled = await enrolToken(house, policy, { login, kind: 'totp' }, CLI);
    if (enrolled.kind !== 'enrolled' || enrolled.uri === undefined) {
      throw new Error(`enrolment of ${login}: ${enrolled.kind}`);
    }
    return { login, ...secrets, otpauth: enrolled.uri, groups };
  } finally {
    await house.close();
  }
}
