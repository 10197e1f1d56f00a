import type { Policy, RadiusClient } from '../core/policy.ts';
import { SECOND } from '../core/time.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { openPolicy } from './policy-file.ts';
import { attributeRows, codeName } from './radius-attributes.ts';
import type { Registrar } from './registrar.ts';
import { createSecretSource, type SecretSource } from './secrets.ts';
import { printable } from './table.ts';
import type { Terminal } from './terminal.ts';
import type { RadiusAnswer } from './wiring.ts';

type TestFlags = { readonly server?: string; readonly passwordFile?: string };

const DEFAULT_PORT = 1812;
const WAIT = 3 * SECOND;
const TRIES = 3;

/** More Access-Challenges in a row than any configuration makes. */
const ROUNDS_MAX = 5;

/** Longest User-Password (RFC 2865 §5.2). */
const PASSWORD_MAX = 128;

/** `sumun radius test`: exit 0 on Access-Accept, 4 on Access-Reject, 5 where another answer is needed, 69 without any. */
export const addRadiusCommands: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts.radius;
  program
    .command('radius')
    .description(help.radius)
    .command('test')
    .description(help.test)
    .argument('<client>', help.client)
    .argument('<login>', terminal.texts.help.login)
    .option('--server <address>', help.server)
    .option('--password-file <file>', help.passwordFile)
    .action(act((client: string, login: string, flags: TestFlags) => test(terminal, client, login, flags)));
};

/** One exchange as the result shows it. */
type Exchange = {
  readonly sent: number;
  readonly received: string;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
};

async function test(terminal: Terminal, name: string, login: string, flags: TestFlags): Promise<ExitCode> {
  const { policy } = openPolicy(terminal);
  const client = clientOf(terminal, policy, name);
  const server = serverOf(terminal, policy, flags.server);
  const source = createSecretSource(terminal);
  const exchanges: Exchange[] = [];
  let state: Uint8Array | undefined;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const password = await passwordOf(terminal, source, flags.passwordFile, round);
    if (password === undefined) return conclude(terminal, 'challenge', exchanges);
    const answer = await ask(terminal, { client, server, login, password, state });
    exchanges.push(exchangeOf(answer));
    const shown = exchanges.at(-1);
    if (shown !== undefined && !terminal.flags().json) show(terminal, shown, server.text);
    if (answer.code === 2) return conclude(terminal, 'accept', exchanges);
    if (answer.code !== 11) return conclude(terminal, 'reject', exchanges);
    state = answer.attributes.find(({ type }) => type === 24)?.value;
  }
  return conclude(terminal, 'challenge', exchanges);
}

type Server = { readonly host: string; readonly port: number; readonly text: string };

async function ask(
  terminal: Terminal,
  asked: {
    readonly client: RadiusClient;
    readonly server: Server;
    readonly login: string;
    readonly password: string;
    readonly state: Uint8Array | undefined;
  },
): Promise<RadiusAnswer> {
  const { client, server, login, password, state } = asked;
  const { host, port } = server;
  const question = { host, port, secret: client.secret, login, password, wait: WAIT, tries: TRIES };
  const answer = await terminal.wiring.askRadius(state === undefined ? question : { ...question, state });
  if (answer !== undefined) return answer;
  const texts = terminal.texts.radius;
  const networks = client.networks.map(({ text }) => text).join(', ');
  throw new Refusal(
    EXIT.unreachable,
    'no-answer',
    texts.noAnswer(server.text),
    texts.noAnswerRemedy(client.name, networks),
  );
}

function clientOf({ texts }: Terminal, policy: Policy, name: string): RadiusClient {
  const { clients } = policy.radius;
  const found = clients.find((client) => client.name === name);
  if (found !== undefined) return found;
  const names = clients.map((client) => client.name).join(', ');
  throw new Refusal(EXIT.usage, 'client-missing', texts.radius.clientMissing(name, names));
}

/** The address that was given, else the first the server listens on; on every address means this machine's own. */
function serverOf({ texts }: Terminal, policy: Policy, given: string | undefined): Server {
  if (given === undefined) {
    const [first] = policy.radius.listen;
    if (first === undefined) {
      throw new Refusal(EXIT.usage, 'no-server', texts.radius.noServer, texts.radius.noServerRemedy);
    }
    const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[first.host] ?? first.host;
    return { host, port: first.port, text: withPort(host, first.port) };
  }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(given);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    const message = texts.valueInvalid('--server', given, texts.radius.serverRule);
    throw new Refusal(EXIT.usage, 'value-invalid', message);
  }
  return { host, port, text: withPort(host, port) };
}

const withPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** What is typed in this round; undefined where nobody is there to type the answer to a challenge. */
async function passwordOf(
  terminal: Terminal,
  source: SecretSource,
  file: string | undefined,
  round: number,
): Promise<string | undefined> {
  const typed = await typedIn(terminal, source, file, round);
  if (typed === undefined || Buffer.byteLength(typed) <= PASSWORD_MAX) return typed;
  throw new Refusal(EXIT.usage, 'password-too-long', terminal.texts.radius.tooLong);
}

async function typedIn(
  terminal: Terminal,
  source: SecretSource,
  file: string | undefined,
  round: number,
): Promise<string | undefined> {
  if (file !== undefined && round === 0) return source.fromFile(file);
  // The lines after the first answer what is asked next; none left is no answer, not a fault.
  if (file === '-') return source.fromFile(file).catch(() => undefined);
  if (terminal.interactive()) return (await source.ask(terminal.texts.radius.askPassword)) ?? '';
  if (round > 0) return undefined;
  throw new Refusal(EXIT.usage, 'flag-missing', terminal.texts.flagMissing('--password-file'));
}

const exchangeOf = (answer: RadiusAnswer): Exchange => ({
  sent: answer.sent,
  received: codeName(answer.code),
  bytes: answer.received,
  milliseconds: answer.milliseconds,
  attributes: attributeRows(answer.attributes),
});

function show(terminal: Terminal, exchange: Exchange, server: string): void {
  const texts = terminal.texts.radius;
  terminal.print(texts.sent(exchange.sent, server));
  terminal.print(texts.received(exchange.received, exchange.bytes, exchange.milliseconds));
  for (const { name, value } of exchange.attributes) terminal.print(`    ${name} = ${printable(value)}`);
}

const EXIT_OF = { accept: EXIT.fine, reject: EXIT.no, challenge: EXIT.needMore } as const;

function conclude(terminal: Terminal, result: keyof typeof EXIT_OF, exchanges: readonly Exchange[]): ExitCode {
  if (terminal.flags().json) terminal.print(JSON.stringify({ result, exchanges }));
  else if (result !== 'accept') terminal.say(terminal.texts.radius[result === 'reject' ? 'rejected' : 'waiting']);
  return EXIT_OF[result];
}
