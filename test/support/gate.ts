import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHouse } from '../../src/app/house.ts';
import { createLog } from '../../src/app/log.ts';
import { type Served, serve } from '../../src/app/serve.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { createMasterKey } from '../../src/crypto/keys.ts';
import { bindCode } from '../../src/crypto/otp.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createSigningKey } from '../../src/crypto/signing-keys.ts';
import { auditEvent } from '../../src/flows/origin.ts';
import type { House } from '../../src/ports.ts';
import { hiddenFields, Visitor } from './visitor.ts';

/** Somebody with an account. `otp()` is a fresh event-based code each time, so that nobody waits for a time step. */
export type Person = {
  readonly login: string;
  readonly accountId: string;
  readonly authenticatorId: string;
  readonly password: string;
  readonly pin: string;
  otp(): string;
};

/** The real product on ports of its own, in this process, with a clock that can be moved. */
export type GateFixture = {
  readonly port: number;
  readonly healthPort: number;
  readonly folder: string;
  readonly house: House;
  readonly served: Served;
  /** Milliseconds added to the real time. */
  readonly time: { ahead: number };
  /** Every line that was logged. */
  readonly log: string[];
  /** With password, PIN and an event-based authenticator; the number is for codes by SMS. */
  person(login: string, groups?: readonly string[], phone?: string): Promise<Person>;
  /** The same without password and PIN, which take time to hash. */
  tokenOnly(login: string): Promise<Person>;
  visitor(host?: string): Visitor;
  /** Signs in through the pages and answers the Cookie header of the browser. */
  signIn(person: Person, path: string, host?: string): Promise<string>;
  /** Writes the configuration again and reloads it. */
  reconfigure(yaml: string): Promise<'reloaded' | 'refused'>;
  /** Stops; the folder goes too, unless another start is to continue on it. */
  stop(options?: { readonly keepFolder?: boolean }): Promise<void>;
};

export type GateOptions = {
  /** The folder of a stopped gate to continue on, instead of a new one. */
  readonly folder?: string;
  /** Where `time.ahead` begins. */
  readonly ahead?: number;
};

/** The part of the configuration a test does not care about, in front of its own `routes:` and whatever else it has. */
const HEAD =
  'version: 1\nserver:\n  listen: "127.0.0.1:0"\n  shutdown: { drain: 100ms }\nconsole:\n  listen: "127.0.0.1:0"\n';

/** Starts the product with a configuration: `yaml` follows a head with ephemeral ports, or is a whole file if it says `version:`. */
export async function startGate(yaml: string, options: GateOptions = {}): Promise<GateFixture> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'sumun-gate-'));
  const file = join(folder, 'config.yaml');
  const write = (text: string) => writeFileSync(file, text.includes('version:') ? text : HEAD + text);
  write(yaml);
  if (options.folder === undefined) mkdirSync(join(folder, 'data'), { mode: 0o700 });
  const time = { ahead: options.ahead ?? 0 };
  const clock = { now: () => Date.now() + time.ahead };
  const loaded = loadPolicy(file, { language: 'en', now: clock.now(), env: {} });
  if (!loaded.ok) throw new Error(loaded.error.map((each) => `${each.line}:${each.column} ${each.message}`).join('\n'));
  const { policy } = loaded.value;
  if (options.folder === undefined) {
    createMasterKey(policy.keys.masterFile, systemRandom);
    createSigningKey(policy.keys.signingFolder, policy.identity.signing.algorithm, clock.now());
  }
  const log: string[] = [];
  const house = await openHouse(policy, clock, createLog(policy.log, { write: (line) => log.push(line) }));
  const served = await serve(policy, house, { language: 'en', env: {} });
  const port = Number(new URL(served.origins.gateway).port);
  const visitors: Visitor[] = [];
  const visitor = (host?: string): Visitor => {
    const made = new Visitor(port, host);
    visitors.push(made);
    return made;
  };
  return {
    port,
    healthPort: Number(new URL(served.origins.console).port),
    folder,
    house,
    served,
    time,
    log,
    person: (login, groups = ['staff'], phone = '') => addPerson(house, { login, groups, phone }),
    tokenOnly: (login) => addPerson(house, { login, groups: ['staff'], phone: '' }, false),
    visitor,
    signIn: async (person, path, host) => {
      const browser = visitor(host);
      const answer = await submit(browser, person, path);
      if (answer.status !== 303) throw new Error(`sign-in of ${person.login} was answered ${answer.status}`);
      return [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    },
    reconfigure: (text) => {
      write(text);
      return served.reload();
    },
    stop: async ({ keepFolder = false } = {}) => {
      for (const each of visitors) each.close();
      await served.stop();
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens a protected page and submits the sign-in form it leads to, with every credential of the person. */
export async function submit(browser: Visitor, person: Person, path: string) {
  const form = await browser.open(path);
  return browser.post('/_sumun/login', {
    ...hiddenFields(form.text),
    login: person.login,
    ...(form.text.includes('name="password"') && { password: person.password }),
    ...(form.text.includes('name="pin"') && { pin: person.pin }),
    ...(form.text.includes('name="otp"') && { otp: person.otp() }),
  });
}

async function addPerson(
  house: House,
  who: { readonly login: string; readonly groups: readonly string[]; readonly phone: string },
  withSecrets = true,
): Promise<Person> {
  const { login } = who;
  const event = auditEvent('user.added', house.clock.now(), { actor: 'cli', address: '', request: '' }, { login });
  const account = await house.accounts.add({ ...who, name: login, email: '', attributes: {} }, event);
  if (account === 'exists') throw new Error(`${login} exists`);
  const password = randomBytes(9).toString('base64url');
  const pin = '739152';
  if (withSecrets) {
    await house.accounts.setSecret(account.id, 'pw', await house.hasher.hash(password), event);
    await house.accounts.setSecret(account.id, 'pin', await house.hasher.hash(pin), event);
  }
  const seed = seedWithoutLuck();
  const added = await house.authenticators.add(
    { accountId: account.id, kind: 'hotp', label: 'test', algorithm: 'SHA1', digits: 6, period: 0, seed },
    event,
  );
  if (added === 'exists') throw new Error(`the authenticator of ${login} exists`);
  const codeAt = bindCode(seed, { algorithm: 'SHA1', digits: 6 });
  let counter = 0;
  return { login, accountId: account.id, authenticatorId: added.id, password, pin, otp: () => codeAt(counter++) };
}

/** Codes that tests submit as wrong ones. */
const WRONG = /^(?:00000\d|100[01]\d\d|123456)$/;

/** A seed none of whose first codes is by chance what a test submits as a wrong one. */
function seedWithoutLuck(): Buffer {
  for (;;) {
    const seed = randomBytes(20);
    const codeAt = bindCode(seed, { algorithm: 'SHA1', digits: 6 });
    if (!Array.from({ length: 100 }, (_, counter) => codeAt(counter)).some((code) => WRONG.test(code))) return seed;
  }
}
