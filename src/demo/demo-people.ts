/** The people of the demo: made once, remembered beside the configuration when the folder is kept. */
import { otpauthUri, SEED_BYTES } from '../core/enrolment/otpauth.ts';
import type { Account } from '../core/identity/account.ts';
import type { OtpSettings } from '../core/policy.ts';
import type { BoundAuthenticator, House, Random } from '../ports.ts';

/** Somebody who can sign in, with everything that takes. */
export type DemoPerson = {
  readonly login: string;
  readonly password: string;
  readonly pin: string;
  readonly otpauth: string;
  readonly groups: readonly string[];
};

/** The ports that making people and a client takes. */
export type DemoHouse = Pick<
  House,
  'accounts' | 'authenticators' | 'clients' | 'clock' | 'digests' | 'hasher' | 'random'
>;

/** A person and the authenticator that knows the present code. */
export type ReadyPerson = { readonly person: DemoPerson; readonly authenticator: BoundAuthenticator };

const PEOPLE = [
  { login: 'kim', name: '김민지', groups: ['staff', 'hr'], phone: '010-1234-5678' },
  { login: 'park', name: '박서준', groups: ['staff'], phone: '010-2345-6789' },
  { login: 'admin', name: '관리자', groups: ['sumun-admins', 'staff'], phone: '010-3456-7890' },
] as const;

/** Letters and digits that are not mistaken for each other on a screen. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/**
 * Everyone of the demo, in a fixed order. Somebody remembered whose account and authenticator are still there keeps
 * password, PIN and seed; anybody else is made anew.
 */
export async function prepareDemoPeople(
  house: DemoHouse,
  apps: OtpSettings['foreignApps'],
  remembered: readonly DemoPerson[],
): Promise<readonly ReadyPerson[]> {
  const ready: ReadyPerson[] = [];
  for (const one of PEOPLE) {
    const account = await house.accounts.findByLogin(one.login);
    const known = remembered.find((person) => person.login === one.login);
    const kept = account === undefined ? undefined : await findAuthenticator(house, account.id);
    if (known !== undefined && kept !== undefined) {
      ready.push({ person: known, authenticator: kept });
      continue;
    }
    if (account !== undefined) await house.accounts.delete(account.id, auditEvent(house, 'user.deleted', one.login));
    ready.push(await addPerson(house, apps, one));
  }
  return ready;
}

async function addPerson(
  house: DemoHouse,
  apps: OtpSettings['foreignApps'],
  one: (typeof PEOPLE)[number],
): Promise<ReadyPerson> {
  const { algorithm, digits, period } = apps;
  const password = pick(house.random, ALPHABET, 12);
  const pin = choosePin(house.random);
  const account = await house.accounts.add(
    { ...one, email: `${one.login}@hanbit.example`, attributes: {} },
    auditEvent(house, 'user.added', one.login),
  );
  if (account === 'exists') throw new Error(`the demo's account ${one.login} was added by somebody else meanwhile`);
  await setSecrets(house, account, { pw: password, pin });

  const seed = house.random.bytes(SEED_BYTES[algorithm]);
  const token = { accountId: account.id, kind: 'totp', label: 'demo', algorithm, digits, period, seed } as const;
  await house.authenticators.add(token, auditEvent(house, 'token.enrolled', one.login));
  const authenticator = await findAuthenticator(house, account.id);
  if (authenticator === undefined) throw new Error(`the demo's authenticator of ${one.login} cannot be read back`);
  const otpauth = otpauthUri({ kind: 'totp', issuer: 'Sumun demo', login: one.login, seed, algorithm, digits, period });
  return { person: { login: one.login, password, pin, otpauth, groups: [...one.groups] }, authenticator };
}

async function setSecrets(
  house: DemoHouse,
  account: Account,
  secrets: { readonly pw: string; readonly pin: string },
): Promise<void> {
  for (const kind of ['pw', 'pin'] as const) {
    const hash = await house.hasher.hash(secrets[kind]);
    await house.accounts.setSecret(account.id, kind, hash, auditEvent(house, 'user.changed', account.login));
  }
}

const findAuthenticator = async (house: DemoHouse, accountId: string): Promise<BoundAuthenticator | undefined> =>
  (await house.authenticators.bind(accountId)).find((authenticator) => authenticator.kind === 'totp');

function auditEvent(
  house: DemoHouse,
  kind: 'user.added' | 'user.changed' | 'user.deleted' | 'token.enrolled',
  login: string,
) {
  const nobody = { address: '', route: '', request: '' };
  return { at: house.clock.now(), kind, login, actor: 'system', ...nobody, reason: 'demo', detail: {} };
}

/** Six digits that no rule against repeats and sequences refuses: neighbours differ by more than one. */
function choosePin(random: Random): string {
  let pin = '';
  while (pin.length < 6) {
    const digit = pick(random, '0123456789', 1);
    if (pin === '' || Math.abs(Number(digit) - Number(pin.at(-1))) > 1) pin += digit;
  }
  return pin;
}

function pick(random: Random, alphabet: string, length: number): string {
  let text = '';
  while (text.length < length) {
    const byte = random.bytes(1)[0] ?? 0;
    // Bytes above the last whole multiple of the alphabet would make its first letters likelier.
    if (byte < 256 - (256 % alphabet.length)) text += alphabet[byte % alphabet.length];
  }
  return text;
}
