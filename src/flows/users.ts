import type { AuditKind } from '../core/audit.ts';
import { type Account, foldLogin } from '../core/identity/account.ts';
import type { KnowledgeSettings } from '../core/policy.ts';
import { hasHangul, normaliseCode, normalisePassword } from '../core/verification/code.ts';
import { type KnowledgeFault, passwordFault, pinFault } from '../core/verification/knowledge.ts';
import type { House, NewAccount } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';

export type UserPorts = Pick<House, 'clock' | 'accounts' | 'attempts' | 'hasher'>;

/** What can be said of a person; what is absent stays as it is (or empty, for a new one). */
export type UserFields = Partial<NewAccount> & { readonly password?: string; readonly pin?: string };

/** Why a person cannot be written like that. */
export type UserFault =
  | { readonly field: 'login'; readonly fault: 'unreadable' | 'hangul' | 'exists' }
  | { readonly field: 'password' | 'pin'; readonly fault: KnowledgeFault }
  | { readonly field: 'email' | 'phone' | 'name' | 'groups' | 'attributes'; readonly fault: 'unreadable' };

export type UserRefusal = { readonly kind: 'refused'; readonly faults: readonly UserFault[] };

/** Adds a person. Nothing is written unless every field is acceptable. */
export async function addUser(
  house: UserPorts,
  rules: KnowledgeSettings,
  fields: UserFields & { readonly login: string },
  by: Origin,
): Promise<{ readonly kind: 'added'; readonly account: Account } | UserRefusal> {
  const faults = userFaults(fields, fields.login, rules);
  if (faults.length > 0) return { kind: 'refused', faults };
  const event = auditEvent('user.added', house.clock.now(), by, { login: foldLogin(fields.login) ?? '' });
  const account = await house.accounts.add({ ...EMPTY, ...recordOf(fields) }, event);
  if (account === 'exists') return { kind: 'refused', faults: [{ field: 'login', fault: 'exists' }] };
  await setSecrets(house, account, fields, by);
  return { kind: 'added', account };
}

/** Changes a person. A new password or PIN ends the person's sign-ins. */
export async function setUser(
  house: UserPorts,
  rules: KnowledgeSettings,
  login: string,
  fields: UserFields,
  by: Origin,
): Promise<{ readonly kind: 'changed' } | { readonly kind: 'missing' } | UserRefusal> {
  const account = await findUser(house, login);
  if (account === undefined) return { kind: 'missing' };
  const faults = userFaults(fields, fields.login ?? account.login, rules);
  if (faults.length > 0) return { kind: 'refused', faults };
  const changes = recordOf(fields);
  if (Object.keys(changes).length > 0) {
    const detail = { fields: Object.keys(changes).join(' ') };
    const event = auditEvent('user.changed', house.clock.now(), by, { login: foldLogin(account.login) ?? '', detail });
    const outcome = await house.accounts.update(account.id, changes, event);
    if (outcome === 'missing') return { kind: 'missing' };
    if (outcome === 'exists') return { kind: 'refused', faults: [{ field: 'login', fault: 'exists' }] };
  }
  await setSecrets(house, account, fields, by);
  return { kind: 'changed' };
}

type Outcome = { readonly kind: 'done'; readonly account: Account } | { readonly kind: 'missing' };

/** Suspends a person: every sign-in ends, and nothing more can be proved until `resumeUser`. */
export const suspendUser = (house: UserPorts, login: string, by: Origin): Promise<Outcome> =>
  actOn(house, login, by, 'user.suspended', async (account, event) =>
    house.accounts.setStatus(account.id, 'suspended', event),
  );

/** Takes a suspension back. Old sign-ins stay ended. */
export const resumeUser = (house: UserPorts, login: string, by: Origin): Promise<Outcome> =>
  actOn(house, login, by, 'user.resumed', async (account, event) =>
    house.accounts.setStatus(account.id, 'active', event),
  );

/** Forgets every failed attempt of a person, the hard stop included. */
export const unlockUser = (house: UserPorts, login: string, by: Origin): Promise<Outcome> =>
  actOn(house, login, by, 'user.unlocked', async (account, event) => {
    await house.attempts.unlock(account.id, event.login, event);
    return 'updated';
  });

/** Deletes a person with authenticators and sign-ins. The audit trail stays. */
export const deleteUser = (house: UserPorts, login: string, by: Origin): Promise<Outcome> =>
  actOn(house, login, by, 'user.deleted', async (account, event) => house.accounts.delete(account.id, event));

/** The person of a login name in any spelling that folds to it. */
export async function findUser(house: Pick<House, 'accounts'>, login: string): Promise<Account | undefined> {
  const folded = foldLogin(login);
  return folded === undefined ? undefined : house.accounts.findByLogin(folded);
}

/** Everything that is wrong with what is to be written, without looking at what is stored. */
export function userFaults(fields: UserFields, login: string, rules: KnowledgeSettings): readonly UserFault[] {
  const faults: UserFault[] = [];
  if (foldLogin(login) === undefined) faults.push({ field: 'login', fault: 'unreadable' });
  // The sign-in page takes Hangul in the ID for a keyboard left in Korean, so no ID may have it.
  if (hasHangul(login)) faults.push({ field: 'login', fault: 'hangul' });
  const texts = {
    name: [fields.name],
    email: [fields.email],
    phone: [fields.phone],
    groups: fields.groups,
    attributes: attributeTexts(fields),
  };
  for (const field of ['name', 'email', 'phone', 'groups', 'attributes'] as const) {
    if (texts[field]?.some((text) => text !== undefined && !isPlain(text, field === 'groups')))
      faults.push({ field, fault: 'unreadable' });
  }
  const password = fields.password === undefined ? undefined : passwordFault(fields.password, login, rules.password);
  if (password !== undefined) faults.push({ field: 'password', fault: password });
  const pin = fields.pin === undefined ? undefined : pinFault(fields.pin, rules.pin);
  if (pin !== undefined) faults.push({ field: 'pin', fault: pin });
  return faults;
}

const EMPTY: NewAccount = { login: '', name: '', email: '', phone: '', groups: [], attributes: {} };

const attributeTexts = (fields: UserFields): readonly string[] => Object.entries(fields.attributes ?? {}).flat();

/** A single line of reasonable length; group names are joined by commas in headers and so cannot hold one. */
const isPlain = (text: string, group: boolean): boolean =>
  text.length <= 512 && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) && !(group && /^\s*$|,/.test(text));

function recordOf<F extends UserFields>(fields: F): Omit<F, 'password' | 'pin'> {
  const { password: _password, pin: _pin, ...record } = fields;
  return 'login' in record && record.login !== undefined
    ? { ...record, login: record.login.normalize('NFKC').trim() }
    : record;
}

async function setSecrets(house: UserPorts, account: Account, fields: UserFields, by: Origin): Promise<void> {
  const secrets = [
    ['pw', fields.password === undefined ? undefined : normalisePassword(fields.password)],
    ['pin', fields.pin === undefined ? undefined : normaliseCode(fields.pin)],
  ] as const;
  for (const [kind, secret] of secrets) {
    if (secret === undefined) continue;
    const facts = { login: foldLogin(account.login) ?? '', detail: { fields: kind } };
    const event = auditEvent('user.changed', house.clock.now(), by, facts);
    await house.accounts.setSecret(account.id, kind, await house.hasher.hash(secret), event);
  }
}

async function actOn(
  house: UserPorts,
  login: string,
  by: Origin,
  kind: AuditKind,
  act: (account: Account, event: ReturnType<typeof auditEvent>) => Promise<'updated' | 'deleted' | 'missing'>,
): Promise<Outcome> {
  const account = await findUser(house, login);
  if (account === undefined) return { kind: 'missing' };
  const event = auditEvent(kind, house.clock.now(), by, { login: foldLogin(account.login) ?? '' });
  return (await act(account, event)) === 'missing' ? { kind: 'missing' } : { kind: 'done', account };
}
