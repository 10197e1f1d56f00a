import { basename } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { CRITERIA, type TraceRow, type Verdict } from '../core/access/explain.ts';
import { FACTORS, type Factor } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { Result } from '../core/result.ts';
import {
  type ExplainedRequest,
  type ExplainFault,
  type ExplainPorts,
  type ExplainRequest,
  explainRecorded,
  explainRequest,
  readFactors,
} from '../flows/explain.ts';
import { readMoment } from './arguments.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { openPolicy, withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { pad, printable, table } from './table.ts';
import { paint, signOf, type Terminal } from './terminal.ts';

type Flags = {
  readonly user?: string;
  readonly ip?: string;
  readonly at?: number;
  readonly have?: readonly Factor[];
  readonly request?: string;
};

/** `sumun explain METHOD URL`: the decision for a request and what every rule made of it. Exit 0, 5 or 4. */
export const addExplainCommand: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  program
    .command('explain')
    .description(help.explain)
    .argument('[method]', help.explainMethod)
    .argument('[url]', help.explainUrl)
    .option('--user <login>', help.explainUser)
    .option('--ip <address>', help.explainIp)
    .addOption(new Option('--at <time>', help.explainAt).argParser(readMoment))
    .addOption(new Option('--have <factors>', help.explainHave).argParser(readHave))
    .option('--request <number>', help.explainRequest)
    .action(
      act(async (method: string | undefined, url: string | undefined, flags: Flags) => {
        const explained = await explain(terminal, method, url, flags);
        if (!explained.ok) throw faultRefusal(terminal, explained.error);
        terminal.answer(documentOf(explained.value), () => describe(terminal, explained.value));
        return exitOfDecision(explained.value.decision);
      }),
    );
};

function explain(
  terminal: Terminal,
  method: string | undefined,
  url: string | undefined,
  flags: Flags,
): Promise<Result<ExplainedRequest, ExplainFault>> {
  const { request: number } = flags;
  if (number !== undefined) return withHouse(terminal, (house, policy) => explainRecorded(policy, number, house));
  if (method === undefined || url === undefined) {
    const { texts } = terminal;
    throw new Refusal(EXIT.usage, 'argument-missing', texts.explainNeeds, texts.seeHelp('sumun explain'));
  }
  const asked: ExplainRequest = {
    method,
    url,
    ...(flags.user !== undefined && { login: flags.user }),
    ...(flags.ip !== undefined && { address: flags.ip }),
    ...(flags.at !== undefined && { at: flags.at }),
    ...(flags.have !== undefined && { have: flags.have }),
  };
  if (flags.user !== undefined) return withHouse(terminal, (house, policy) => explainRequest(policy, asked, house));
  const { policy } = openPolicy(terminal);
  return explainRequest(policy, asked, withoutHouse(terminal, policy));
}

/** A request of nobody is decided by the file and what is open right now: no keys are needed for that. */
const withoutHouse = (terminal: Terminal, policy: Policy): ExplainPorts => ({
  clock: terminal.wiring.clock,
  accounts: { findByLogin: () => Promise.resolve(undefined) },
  requests: { find: () => Promise.resolve(undefined) },
  switches: { openings: (at) => terminal.wiring.openings(policy, at) },
});

function readHave(value: string): readonly Factor[] {
  const factors = readFactors(value);
  if (factors.ok) return factors.value;
  throw new InvalidArgumentError(Object.keys(FACTORS).join(','));
}

function faultRefusal({ texts }: Terminal, fault: ExplainFault): Refusal {
  const exit = fault.kind === 'unknown-user' || fault.kind === 'unknown-request' ? EXIT.no : EXIT.usage;
  return new Refusal(exit, fault.kind, texts.explainFaults[fault.kind](fault.found));
}

const exitOfDecision = (decision: ExplainedRequest['decision']): ExitCode => {
  switch (decision) {
    case 'allow':
    case 'redirect':
    case 'respond':
      return EXIT.fine;
    case 'need':
      return EXIT.needMore;
    case 'deny':
    case 'refuse':
      return EXIT.no;
  }
};

/** The document of the reference: what programs read. */
function documentOf(explained: ExplainedRequest): unknown {
  const { decision, status, route, need, reason, place, trace, headers, request, reported, recorded } = explained;
  return {
    decision,
    status,
    route: route?.name ?? null,
    need,
    reason,
    rule: place === undefined ? null : { file: place.file, line: place.line },
    trace: trace.map(({ route: name, place: at, decided, criteria }) => ({
      route: name,
      rule: { file: at.file, line: at.line },
      decided,
      criteria,
    })),
    headers,
    ...(reported !== undefined && { reported }),
    request: { ...request, at: new Date(request.at).toISOString() },
    ...(recorded !== undefined && {
      recorded: { id: recorded.id, status: recorded.status, outcome: recorded.outcome },
    }),
  };
}

function describe(terminal: Terminal, explained: ExplainedRequest): string {
  const { texts } = terminal;
  const { route, place, need, recorded, headers } = explained;
  const tone =
    explained.decision === 'need' ? 'warn' : exitOfDecision(explained.decision) === EXIT.fine ? 'good' : 'bad';
  const needed = need.length === 0 ? '' : `: ${need.map((factor) => texts.factors[factor]).join(', ')}`;
  const reason = texts.reasons[explained.reason as keyof typeof texts.reasons] ?? explained.reason;
  const label = (text: string): string => paint(terminal, 'dim', pad(text, 10));
  const lines = [
    `${label(texts.explainLabels.result)}${signOf(terminal, tone)} ${texts.decisions[explained.decision]}${needed}  (${explained.status}, ${reason})`,
    ...(place === undefined || route === undefined
      ? []
      : [`${label(texts.explainLabels.rule)}${route.name}   ${basename(place.file)}:${place.line}`]),
    ...(explained.reported === undefined ? [] : [`${label('')}${texts.reportOnly}`]),
    ...(recorded === undefined
      ? []
      : [
          `${label(texts.explainLabels.recorded)}${recorded.method} ${printable(recorded.url)} → ${recorded.status} ${recorded.outcome}`,
        ]),
    ...Object.entries(headers).map(
      ([name, value], index) => `${label(index === 0 ? texts.explainLabels.headers : '')}${name}: ${printable(value)}`,
    ),
  ];
  return `${lines.join('\n')}\n\n${traceTable(terminal, explained.trace)}\n${paint(terminal, 'dim', texts.explainLegend)}`;
}

const SIGNS: Readonly<Record<Verdict, string>> = {
  hit: '✓',
  miss: '✕',
  'not-looked-at': '–',
  'depends-on-sign-in': '?',
};

function traceTable(terminal: Terminal, trace: readonly TraceRow[]): string {
  const { criteria: names } = terminal.texts;
  const headings = ['', '#', terminal.texts.explainLabels.rule, ...CRITERIA.map((criterion) => names[criterion])];
  const rows = trace.map((row, index) => [
    row.decided ? '*' : '',
    String(index + 1),
    row.route,
    ...CRITERIA.map((criterion) => SIGNS[row.criteria[criterion]]),
  ]);
  return table(headings, rows);
}
