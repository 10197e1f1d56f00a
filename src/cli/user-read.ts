import { displayWidth } from '../config/render.ts';
import { type Account, foldLogin } from '../core/identity/account.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { accountOf } from './lookup.ts';
import { withHouse } from './policy-file.ts';
import { pad, printable, table } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { moment } from './time.ts';
import { tokenDocument } from './token-document.ts';

/** Flags of `user list`. */
export type ListFlags = { readonly group?: string; readonly status?: Account['status'] };

/** Lists people, of one group or status where a flag says so. */
export function listUsers(terminal: Terminal, flags: ListFlags): Promise<ExitCode> {
  const { texts } = terminal;
  return withHouse(terminal, async (house) => {
    const filter = {
      ...(flags.group !== undefined && { group: flags.group }),
      ...(flags.status !== undefined && { status: flags.status }),
    };
    const accounts = await house.accounts.list(filter);
    terminal.answer({ users: accounts.map(userDocument) }, () =>
      accounts.length === 0
        ? texts.noUsers
        : table(
            texts.userHeadings,
            accounts.map((it) => [
              it.login,
              it.name,
              it.groups.join(','),
              texts.statuses[it.status],
              moment(it.createdAt),
            ]),
          ),
    );
    return EXIT.fine;
  });
}

/** Shows a person with tokens, open sign-ins and the lock, if there is one. */
export function showUser(terminal: Terminal, login: string): Promise<ExitCode> {
  const now = terminal.wiring.clock.now();
  return withHouse(terminal, async (house) => {
    const account = await accountOf(terminal, house, login);
    const tokens = await house.authenticators.list(account.id);
    const sessions = await house.sessions.list({ accountId: account.id }, now);
    const locked = await house.attempts.lockedUntil(foldLogin(account.login) ?? '', now);
    const document = {
      ...userDocument(account),
      lockedUntil: locked === undefined ? null : moment(locked),
      tokens: tokens.map((token) => tokenDocument(token, account)),
      sessions: sessions.length,
    };
    terminal.answer(document, () => lines(terminal, document));
    return EXIT.fine;
  });
}

/** A person as data. Secrets are not part of it. */
export const userDocument = (account: Account) => ({ ...account, createdAt: moment(account.createdAt) });

/** Every field of a document that has a value on a line of its own, arrays of records one a line. */
export function lines(terminal: Terminal, document: Readonly<Record<string, unknown>>): string {
  const widest = Math.max(...Object.keys(document).map(displayWidth));
  return Object.entries(document)
    .flatMap(([key, value]) => textsOf(value).map((text, index) => [index === 0 ? key : '', text] as const))
    .filter(([, text]) => text !== '')
    .map(([key, text]) => `${paint(terminal, 'dim', pad(key, widest))}  ${printable(text)}`.trimEnd())
    .join('\n');
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    const plain = value.every((item) => typeof item !== 'object');
    return plain || value.length === 0 ? [value.join(', ')] : value.map((item) => textsOf(item).join(' '));
  }
  if (value === null || value === undefined) return [''];
  if (typeof value === 'object')
    return [
      Object.entries(value)
        .map(([key, item]) => `${key}=${String(item)}`)
        .join('  '),
    ];
  return [String(value)];
}
