import type { Account } from '../../core/identity/account.ts';
import { foldLogin } from '../../core/identity/account.ts';
import type { KnowledgeFault } from '../../core/verification/knowledge.ts';
import type { UserFault } from '../../flows/users.ts';
import type { House, PageOf } from '../../ports.ts';
import { badRequest, type InputFault } from '../input.ts';
import type { Problem } from '../operation.ts';
import { problem } from '../problems.ts';
import { notFound } from './fields.ts';
import type { UserFilter } from './filter.ts';

/**
 * The person an address names: by identifier, else by login in any spelling. Throws the problem `not_found` where there
 * is none. The identifier comes first: it is the system's, so nobody can choose it as the login of somebody else.
 */
export async function personOf(house: Pick<House, 'accounts'>, named: string): Promise<Account> {
  const folded = foldLogin(named);
  const account =
    (await house.accounts.find(named)) ?? (folded === undefined ? undefined : await house.accounts.findByLogin(folded));
  if (account === undefined) throw notFound('user');
  return account;
}

/** What is wrong with a person's fields, as a problem: 409 where the login is taken, 400 otherwise. */
export function refusedPerson(faults: readonly UserFault[]): Problem {
  if (faults.some(({ fault }) => fault === 'exists')) return problem('exists', 'a user with this login exists already');
  return badRequest(...faults.map(faultError));
}

/** One fault in words for whoever writes the calling program. The value itself is never repeated. */
export const faultError = ({ field, fault }: UserFault | { field: 'login'; fault: 'repeated' }): InputFault => ({
  path: field,
  message: FAULTS[fault],
});

const FAULTS: Readonly<Record<UserFault['fault'] | 'repeated' | KnowledgeFault, string>> = {
  unreadable: 'not one line of text of at most 512 characters; a group has no comma and is not empty',
  hangul: 'a login has no Hangul',
  exists: 'taken already',
  repeated: 'stands there twice',
  'too-short': 'too short',
  'too-long': 'too long',
  'not-digits': 'not digits only',
  repeats: 'one character again and again',
  sequence: 'a sequence',
  common: 'one that every guesser tries first',
  'contains-login': 'little more than the login',
};

/** Reads of the store in a row for one page of a narrow filter; after that a page ends early and names its cursor. */
const MOST_READS = 20;

/**
 * One page of the people a filter leaves, in the order of their folded login. The store searches login and name
 * together; which of the two the filter means is looked at here.
 */
export async function findPeople(
  house: Pick<House, 'accounts'>,
  filter: UserFilter,
  after: string | undefined,
  limit: number,
): Promise<PageOf<Account>> {
  if (filter.login?.operator === 'eq') return onePerson(house, filter);
  const search = filter.login === undefined ? filter.name?.value : foldLogin(filter.login.value);
  if (filter.login !== undefined && search === undefined) return { items: [], next: undefined };
  const asked = {
    ...(search !== undefined && { search }),
    ...(filter.group !== undefined && { group: filter.group.value }),
    ...(filter.status !== undefined && { status: filter.status.value }),
  };
  const items: Account[] = [];
  let next = after;
  for (let reads = 0; reads < MOST_READS; reads++) {
    const page = await house.accounts.page({ ...asked, after: next, limit: limit - items.length });
    items.push(...page.items.filter((account) => fits(account, filter)));
    next = page.next;
    if (next === undefined || items.length === limit) break;
  }
  return { items, next };
}

async function onePerson(house: Pick<House, 'accounts'>, filter: UserFilter): Promise<PageOf<Account>> {
  const folded = foldLogin(filter.login?.value ?? '');
  const account = folded === undefined ? undefined : await house.accounts.findByLogin(folded);
  return { items: account !== undefined && fits(account, filter) ? [account] : [], next: undefined };
}

function fits(account: Account, { login, name, group, status }: UserFilter): boolean {
  const folded = foldLogin(account.login) ?? '';
  const wanted = foldLogin(login?.value ?? '') ?? '';
  return (
    (login?.operator === 'eq' ? folded === wanted : folded.startsWith(wanted)) &&
    plain(account.name).startsWith(plain(name?.value ?? '')) &&
    (group === undefined || account.groups.includes(group.value)) &&
    (status === undefined || account.status === status.value)
  );
}

const plain = (text: string): string => text.normalize('NFKC').toLowerCase();
