import { duration } from '../config/values.ts';
import type { Policy, SmsProvider } from '../core/policy.ts';
import { DAY, type Instant } from '../core/time.ts';
import { declareOutage } from '../flows/outage.ts';
import type { House } from '../ports.ts';
import { SMS_CLI, type SmsCliTexts } from '../texts/sms/cli-texts.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { openPolicy, withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { moment } from './time.ts';

type FallbackFlags = { readonly for?: string };

/** `sumun sms status|test|fallback`. */
export const addSmsCommands: Registrar = (program, terminal, act) => {
  const { help } = textsOf(terminal);
  const sms = program.command('sms').description(help.sms);
  sms
    .command('status')
    .description(help.status)
    .action(act(() => status(terminal)));
  sms
    .command('test')
    .description(help.test)
    .argument('<number>', help.number)
    .action(act((number: string) => trial(terminal, number)));
  sms
    .command('fallback')
    .description(help.fallback)
    .argument('[off]', help.off)
    .option('--for <duration>', help.for)
    .action(act((off: string | undefined, flags: FallbackFlags) => fallback(terminal, off, flags)));
};

const textsOf = ({ language }: Terminal): SmsCliTexts => SMS_CLI[language];

function status(terminal: Terminal): Promise<ExitCode> {
  const texts = textsOf(terminal);
  return withHouse(terminal, async (house, policy) => {
    const now = terminal.wiring.clock.now();
    const counts = await house.messages.counts(now - DAY);
    const until = await house.switches.outageUntil(now);
    const providers = policy.sms.providers.map((each) => ({ name: each.name, type: each.type, to: placeOf(each) }));
    const outage = { until: until === undefined ? null : moment(until) };
    terminal.answer({ providers, counts, outage }, () =>
      [
        providers.length === 0
          ? texts.noProviders
          : table(
              texts.headings,
              providers.map(({ name, type, to }) => [name, type, to]),
            ),
        texts.counts(
          Object.entries(counts)
            .map(([state, count]) => `${state} ${count}`)
            .join(', '),
        ),
        outageText(texts, until),
      ].join('\n'),
    );
    return EXIT.fine;
  });
}

const outageText = (texts: SmsCliTexts, until: Instant | undefined): string =>
  until === undefined ? texts.outageOff : texts.outageUntil(moment(until));

/** Where a provider is, without what an address may carry in its path. */
function placeOf(provider: SmsProvider): string {
  switch (provider.type) {
    case 'http':
      return URL.canParse(provider.url) ? new URL(provider.url).origin : '';
    case 'smpp':
      return `${provider.host}:${provider.port}${provider.tls ? ' (TLS)' : ''}`;
    case 'file':
      return provider.path;
  }
}

async function trial(terminal: Terminal, number: string): Promise<ExitCode> {
  const texts = textsOf(terminal);
  if (!/^\+?[0-9][0-9 ().-]{5,20}$/.test(number)) {
    throw new Refusal(EXIT.usage, 'usage', texts.invalidNumber(number));
  }
  const { policy } = openPolicy(terminal);
  if (policy.sms.providers.length === 0) {
    throw new Refusal(EXIT.no, 'no-providers', texts.noProviders, texts.noProvidersRemedy);
  }
  const trials = await terminal.wiring.trySms(policy, number, terminal.language);
  terminal.answer({ trials: trials.map(({ provider, fault }) => ({ provider, fault: fault ?? null })) }, () =>
    trials
      .map(({ provider, fault }) =>
        fault === undefined ? texts.trialSent(provider) : texts.trialFailed(provider, fault),
      )
      .join('\n'),
  );
  return trials.some(({ fault }) => fault !== undefined) ? EXIT.unreachable : EXIT.fine;
}

async function fallback(terminal: Terminal, off: string | undefined, flags: FallbackFlags): Promise<ExitCode> {
  const texts = textsOf(terminal);
  const wrong = (off !== undefined && off !== 'off') || (off === undefined) === (flags.for === undefined);
  if (wrong) throw new Refusal(EXIT.usage, 'usage', texts.bothWays, terminal.texts.seeHelp('sumun sms fallback'));
  const span = flags.for === undefined ? undefined : duration('1m', '24h')(flags.for);
  if (span?.ok === false) throw new Refusal(EXIT.usage, 'usage', texts.badSpan(flags.for ?? ''));
  return withHouse(terminal, async (house, policy) => {
    const until = span === undefined ? undefined : terminal.wiring.clock.now() + span.value;
    await declare(house, policy, until, terminal);
    terminal.done({ until: until === undefined ? null : moment(until) }, outageText(texts, until));
    return EXIT.fine;
  });
}

/** Nothing is declared that would change nothing: people are told that no route falls back. */
async function declare(house: House, policy: Policy, until: Instant | undefined, terminal: Terminal): Promise<void> {
  const texts = textsOf(terminal);
  if (until !== undefined && policy.sms.providers.length === 0) {
    throw new Refusal(EXIT.no, 'no-providers', texts.noProviders, texts.noProvidersRemedy);
  }
  if (until !== undefined && !policy.routes.all.some((route) => route.smsFallback?.when === 'outage')) {
    throw new Refusal(EXIT.no, 'no-fallback-routes', texts.noRoutes);
  }
  await declareOutage(house, until, CLI);
}
