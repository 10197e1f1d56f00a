import { duration } from '../config/values.ts';
import type { Route } from '../core/access/route.ts';
import type { Policy } from '../core/policy.ts';
import { closeRoute, EVERY_ROUTE, openRoute, sealCode, sealName, voidCode } from '../flows/break-glass.ts';
import { BREAK_GLASS_CLI, type BreakGlassTexts } from '../texts/cli/break-glass.ts';
import { collect } from './arguments.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { createSecretSource } from './secrets.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { moment } from './time.ts';

type OpenFlags = { readonly for: string; readonly reason: string; readonly codeFile?: string };

/** `sumun break-glass seal|open|status|close|void`. */
export const addBreakGlassCommands: Registrar = (program, terminal, act) => {
  const { help } = textsOf(terminal);
  const noun = program.command('break-glass').description(help.breakGlass);
  noun
    .command('seal')
    .description(help.seal)
    .option('--route <name>', help.sealRoute, collect)
    .action(act((flags: { readonly route?: readonly string[] }) => seal(terminal, flags.route ?? [])));
  noun
    .command('open')
    .description(help.open)
    .argument('<route>', help.route)
    .requiredOption('--for <duration>', help.for)
    .requiredOption('--reason <text>', help.reason)
    .option('--code-file <file>', help.codeFile)
    .action(act((route: string, flags: OpenFlags) => open(terminal, route, flags)));
  noun
    .command('status')
    .description(help.status)
    .action(act(() => status(terminal)));
  noun
    .command('close')
    .description(help.close)
    .argument('<route>', help.route)
    .action(act((route: string) => close(terminal, route)));
  noun
    .command('void')
    .description(help.void)
    .argument('<code>', help.code)
    .action(act((id: string) => takeOut(terminal, id)));
};

const textsOf = ({ language }: Terminal): BreakGlassTexts => BREAK_GLASS_CLI[language];

function seal(terminal: Terminal, names: readonly string[]): Promise<ExitCode> {
  const texts = textsOf(terminal);
  return withHouse(terminal, async (house, policy) => {
    for (const name of names) openable(terminal, policy, name);
    const routes = names.length === 0 ? [EVERY_ROUTE] : [...new Set(names)];
    const { code, id, until } = await sealCode(house, routes, CLI);
    terminal.answer({ code, id, routes, until: moment(until) }, () => `${code}\n${texts.sealed(id, moment(until))}`);
    return EXIT.fine;
  });
}

/** The route of a name, if a sealed code may open it. */
function openable(terminal: Terminal, policy: Policy, name: string): Route {
  const texts = textsOf(terminal);
  const route = policy.routes.all.find((each) => each.name === name);
  if (route === undefined) {
    const known = policy.routes.all.map((each) => each.name).join(', ');
    throw new Refusal(EXIT.no, 'unknown-route', texts.noRoute(name), texts.known(known));
  }
  if (!route.breakGlass || route.auth.kind !== 'sign-in') {
    throw new Refusal(EXIT.no, 'not-openable', texts.notOpenable(name));
  }
  return route;
}

async function open(terminal: Terminal, name: string, flags: OpenFlags): Promise<ExitCode> {
  const texts = textsOf(terminal);
  const span = duration('1m', '4h')(flags.for);
  if (!span.ok) throw new Refusal(EXIT.usage, 'usage', texts.badSpan(flags.for));
  const reason = flags.reason.trim();
  if (reason === '' || reason.length > 200) throw new Refusal(EXIT.usage, 'usage', texts.badReason);
  return withHouse(terminal, async (house, policy) => {
    const route = openable(terminal, policy, name);
    const code = await readCode(terminal, flags.codeFile);
    const request = { route: route.name, span: span.value, reason, code };
    const until = await openRoute(house, request, CLI);
    if (until === 'refused') throw new Refusal(EXIT.no, 'refused', texts.refused);
    terminal.done({ route: route.name, until: moment(until) }, texts.opened(route.name, moment(until)));
    return EXIT.fine;
  });
}

async function readCode(terminal: Terminal, file: string | undefined): Promise<string> {
  const texts = textsOf(terminal);
  const secrets = createSecretSource(terminal);
  if (file !== undefined) return secrets.fromFile(file);
  const typed = terminal.interactive() ? await secrets.ask(texts.askCode) : undefined;
  if (typed === undefined) throw new Refusal(EXIT.usage, 'code-needed', texts.codeNeeded, texts.codeNeededRemedy);
  return typed;
}

function status(terminal: Terminal): Promise<ExitCode> {
  const texts = textsOf(terminal);
  return withHouse(terminal, async (house) => {
    const now = terminal.wiring.clock.now();
    const opened = [...(await house.switches.openings(now))].map(([route, until]) => ({ route, until: moment(until) }));
    const codes = (await house.switches.sealedCodes(now)).map(({ hash, routes, until }) => ({
      id: sealName(hash),
      routes,
      until: moment(until),
    }));
    terminal.answer({ open: opened, sealed: codes }, () => {
      const lines = opened.map(({ route, until }) => texts.openLine(route, until));
      const opens = (routes: readonly string[]) => (routes.includes(EVERY_ROUTE) ? texts.every : routes.join(', '));
      const rows = codes.map(({ id, routes, until }) => [id, opens(routes), until]);
      const sealed = rows.length === 0 ? texts.nothingSealed : table(texts.headings, rows);
      return [...(lines.length === 0 ? [texts.nothingOpen] : lines), '', sealed].join('\n');
    });
    return EXIT.fine;
  });
}

function close(terminal: Terminal, name: string): Promise<ExitCode> {
  const texts = textsOf(terminal);
  return withHouse(terminal, async (house) => {
    if ((await closeRoute(house, name, CLI)) === 'not-open')
      throw new Refusal(EXIT.no, 'not-open', texts.notOpen(name));
    terminal.done({ route: name }, texts.closed(name));
    return EXIT.fine;
  });
}

function takeOut(terminal: Terminal, id: string): Promise<ExitCode> {
  const texts = textsOf(terminal);
  return withHouse(terminal, async (house) => {
    if ((await voidCode(house, id, CLI)) === 'missing') throw new Refusal(EXIT.no, 'unknown-code', texts.missing(id));
    terminal.done({ id }, texts.voided(id));
    return EXIT.fine;
  });
}
