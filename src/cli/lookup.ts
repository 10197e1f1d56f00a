import { type Account, type Authenticator, foldLogin } from '../core/identity/account.ts';
import type { House } from '../ports.ts';
import { EXIT, Refusal } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** The account somebody named. Exit 4 if there is none. */
export async function accountOf(terminal: Terminal, house: House, login: string): Promise<Account> {
  const folded = foldLogin(login);
  if (folded === undefined) throw new Refusal(EXIT.usage, 'login-invalid', terminal.texts.loginInvalid(login));
  const account = await house.accounts.findByLogin(folded);
  if (account !== undefined) return account;
  throw new Refusal(EXIT.no, 'user-missing', terminal.texts.userMissing(login));
}

/** A token with the person it belongs to. */
export type OwnedToken = { readonly token: Authenticator; readonly owner: Account };

/**
 * The token somebody named: by its id, by an unambiguous beginning of it, or by the login of a person who has exactly
 * one that is not revoked. Exit 4 if there is none or more than one.
 */
export async function tokenOf(terminal: Terminal, house: House, name: string): Promise<OwnedToken> {
  const { texts } = terminal;
  const byLogin = await tokensOfLogin(house, name);
  if (byLogin.length === 1 && byLogin[0] !== undefined) return byLogin[0];
  if (byLogin.length > 1) {
    throw new Refusal(EXIT.no, 'token-ambiguous', texts.tokenAmbiguous(name, idsOf(byLogin)));
  }
  const beginning = name.toLowerCase();
  const matching = (await everyToken(house)).filter(({ token }) => token.id.toLowerCase().startsWith(beginning));
  const [found] = matching;
  if (matching.length === 1 && found !== undefined) return found;
  if (matching.length === 0) throw new Refusal(EXIT.no, 'token-missing', texts.tokenMissing(name));
  throw new Refusal(EXIT.no, 'token-ambiguous', texts.tokenAmbiguous(name, idsOf(matching)));
}

const idsOf = (tokens: readonly OwnedToken[]): string => tokens.map(({ token }) => token.id).join(', ');

async function tokensOfLogin(house: House, login: string): Promise<readonly OwnedToken[]> {
  const owner = await house.accounts.findByLogin(foldLogin(login) ?? '');
  if (owner === undefined) return [];
  const tokens = await house.authenticators.list(owner.id);
  return tokens.filter((token) => token.status !== 'revoked').map((token) => ({ token, owner }));
}

/** Every token of everybody, in the order of the accounts. */
export async function everyToken(house: House): Promise<readonly OwnedToken[]> {
  const accounts = await house.accounts.list();
  const lists = await Promise.all(
    accounts.map(async (owner) => (await house.authenticators.list(owner.id)).map((token) => ({ token, owner }))),
  );
  return lists.flat();
}
