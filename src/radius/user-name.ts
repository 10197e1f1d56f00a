import { foldLogin } from '../core/identity/account.ts';
import { readText } from './user-password.ts';

/**
 * The folded login that a User-Name stands for: `user`, `user@realm` or `REALM\user`, with realms replaced as the
 * client's table says; an empty replacement removes the realm. A realm that is not in the table stays part of the name.
 * Undefined for what is not UTF-8 or cannot be a login.
 */
export function loginOf(userName: Buffer, realms: Readonly<Record<string, string>>): string | undefined {
  const text = readText(userName);
  return text === undefined ? undefined : foldLogin(withoutRealm(text, realms));
}

function withoutRealm(text: string, realms: Readonly<Record<string, string>>): string {
  const backslash = text.indexOf('\\');
  if (backslash > 0) return mapped(text, text.slice(backslash + 1), text.slice(0, backslash), realms);
  const at = text.lastIndexOf('@');
  if (at > 0) return mapped(text, text.slice(0, at), text.slice(at + 1), realms);
  return text;
}

function mapped(whole: string, user: string, realm: string, realms: Readonly<Record<string, string>>): string {
  const folded = realm.trim().toLowerCase();
  const found = Object.entries(realms).find(([name]) => name.toLowerCase() === folded);
  if (found === undefined) return whole;
  return found[1] === '' ? user : `${user}@${found[1]}`;
}
