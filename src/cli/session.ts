import { servesHost } from '../core/access/routes.ts';
import type { Policy } from '../core/policy.ts';
import { endSignIns, type SignInsToEnd } from '../flows/sign-out.ts';
import type { House, SignInSummary } from '../ports.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { accountOf } from './lookup.ts';
import { withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { moment } from './time.ts';

type RevokeFlags = { readonly user?: string; readonly route?: string; readonly all?: true };

/** `sumun session list|revoke`. */
export const addSessionCommands: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  const session = program.command('session').description(help.session);
  session
    .command('list')
    .description(help.sessionList)
    .option('--user <login>', help.sessionUser)
    .action(act((flags: { readonly user?: string }) => list(terminal, flags.user)));
  session
    .command('revoke')
    .description(help.sessionRevoke)
    .argument('[session]', help.sessionId)
    .option('--user <login>', help.sessionUser)
    .option('--route <name>', help.sessionRoute)
    .option('--all', help.sessionAll)
    .action(act((id: string | undefined, flags: RevokeFlags) => revoke(terminal, id, flags)));
};

function list(terminal: Terminal, login: string | undefined): Promise<ExitCode> {
  const { texts, wiring } = terminal;
  return withHouse(terminal, async (house) => {
    const filter = login === undefined ? {} : { accountId: (await accountOf(terminal, house, login)).id };
    const sessions = await house.sessions.list(filter, wiring.clock.now());
    terminal.answer({ sessions: sessions.map(documentOf) }, () =>
      sessions.length === 0
        ? texts.noSessions
        : table(
            texts.sessionHeadings,
            sessions.map((it) => [it.id, it.login, it.host, it.amr.join('+'), moment(it.lastSeen), it.address]),
          ),
    );
    return EXIT.fine;
  });
}

const documentOf = (session: SignInSummary): unknown => ({
  ...session,
  startedAt: moment(session.startedAt),
  lastSeen: moment(session.lastSeen),
});

function revoke(terminal: Terminal, id: string | undefined, flags: RevokeFlags): Promise<ExitCode> {
  const { texts } = terminal;
  const ways = [id, flags.user, flags.route, flags.all].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw new Refusal(EXIT.usage, 'usage', texts.revokeWhich, texts.seeHelp('sumun session revoke'));
  return withHouse(terminal, async (house, policy) => {
    const ended = await revokeWhich(terminal, house, policy, id, flags);
    if (ended === 0 && id !== undefined) throw new Refusal(EXIT.no, 'session-missing', texts.sessionMissing(id));
    terminal.done({ revoked: ended }, texts.sessionsRevoked(ended));
    return EXIT.fine;
  });
}

async function revokeWhich(
  terminal: Terminal,
  house: House,
  policy: Policy,
  id: string | undefined,
  flags: RevokeFlags,
): Promise<number> {
  const end = async (which: SignInsToEnd): Promise<number> => {
    const outcome = await endSignIns(house, which, CLI);
    return outcome.kind === 'ended' ? outcome.count : 0;
  };
  if (flags.all === true) return end('all');
  if (flags.user !== undefined) return end({ login: (await accountOf(terminal, house, flags.user)).login });
  const open = await house.sessions.list({}, terminal.wiring.clock.now());
  if (id !== undefined) {
    const [found, ...others] = open.filter((session) => session.id.startsWith(id));
    return found !== undefined && others.length === 0 ? end({ id: found.id }) : 0;
  }
  let count = 0;
  for (const session of open.filter(onRoute(terminal, policy, flags.route ?? '')))
    count += await end({ id: session.id });
  return count;
}

/** Sign-ins on the hosts a route serves: a sign-in belongs to a host, not to one path of it. */
function onRoute(terminal: Terminal, policy: Policy, name: string): (session: SignInSummary) => boolean {
  const route = policy.routes.all.find((candidate) => candidate.name === name);
  if (route === undefined) throw new Refusal(EXIT.no, 'route-missing', terminal.texts.routeMissing(name));
  return (session) => servesHost(route, session.host);
}
