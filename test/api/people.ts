import { randomBytes } from 'node:crypto';
import { bindCode } from '../../src/crypto/otp.ts';
import { auditEvent } from '../../src/flows/origin.ts';
import type { House } from '../../src/ports.ts';
import { BY } from './served.ts';

/** Somebody with an account. `otp()` is a fresh event-based code each time. */
export type Person = {
  readonly login: string;
  readonly accountId: string;
  readonly password: string;
  readonly pin: string;
  otp(): string;
};

export const PASSWORD = 'correct horse battery';
export const PIN = '739152';

/** Codes that tests submit as wrong ones. */
export const WRONG = '000000';

let numbers = 0;

/** A person with password, PIN, a telephone number of their own and an event-based token, none of whose first codes is a wrong one of the tests. */
export async function addPerson(
  house: House,
  login: string,
  options: {
    readonly groups?: readonly string[];
    readonly secrets?: boolean;
    readonly token?: boolean;
    readonly phone?: string;
  } = {},
): Promise<Person> {
  numbers += 1;
  const { groups = ['staff'], secrets = true, token = true, phone = `+8210${10_000_000 + numbers}` } = options;
  const event = auditEvent('user.added', house.clock.now(), BY, { login });
  const account = await house.accounts.add({ login, name: login, email: '', phone, groups, attributes: {} }, event);
  if (account === 'exists') throw new Error(`${login} exists`);
  if (secrets) {
    await house.accounts.setSecret(account.id, 'pw', await house.hasher.hash(PASSWORD), event);
    await house.accounts.setSecret(account.id, 'pin', await house.hasher.hash(PIN), event);
  }
  const seed = seedWithoutLuck();
  const codeAt = bindCode(seed, { algorithm: 'SHA1', digits: 6 });
  if (token) {
    const parameters = { kind: 'hotp', label: 'test', algorithm: 'SHA1', digits: 6, period: 0 } as const;
    await house.authenticators.add({ accountId: account.id, ...parameters, seed }, event);
  }
  let counter = 0;
  return { login, accountId: account.id, password: PASSWORD, pin: PIN, otp: () => codeAt(counter++) };
}

function seedWithoutLuck(): Buffer {
  for (;;) {
    const seed = randomBytes(20);
    const codeAt = bindCode(seed, { algorithm: 'SHA1', digits: 6 });
    if (!Array.from({ length: 100 }, (_, counter) => codeAt(counter)).includes(WRONG)) return seed;
  }
}
