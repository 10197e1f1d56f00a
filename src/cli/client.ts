import { duration, cidr as readNetwork } from '../config/values.ts';
import type { Cidr } from '../core/access/cidr.ts';
import { type ApiClient, isScope, SCOPES, type Scope } from '../core/identity/api-client.ts';
import type { Instant, Milliseconds } from '../core/time.ts';
import { addClient, type IssuedKey, isClientName, revokeClient, rotateClient, sortedScopes } from '../flows/clients.ts';
import { collect } from './arguments.ts';
import { confirmByName } from './confirm.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';
import { moment } from './time.ts';

type AddFlags = {
  readonly scope?: readonly string[];
  readonly app?: string;
  readonly network?: readonly string[];
  readonly expires?: string;
};

/** `sumun client add|list|rotate|revoke`: programs that call the API. */
export const addClientCommands: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts.client;
  const client = program.command('client').description(help.client);
  client
    .command('add')
    .description(help.add)
    .argument('<name>', help.name)
    .option('--scope <scopes>', `${help.scope}: ${SCOPES.join(', ')}`, collect)
    .option('--app <name>', help.app)
    .option('--network <cidr>', help.network, collect)
    .option('--expires <duration>', help.expires)
    .action(act((name: string, flags: AddFlags) => add(terminal, name, flags)));
  client
    .command('list')
    .description(help.list)
    .action(act(() => list(terminal)));
  client
    .command('rotate')
    .description(help.rotate)
    .argument('<name>', help.name)
    .option('--overlap <duration>', help.overlap, '24h')
    .action(act((name: string, flags: { readonly overlap: string }) => rotate(terminal, name, flags.overlap)));
  client
    .command('revoke')
    .description(help.revoke)
    .argument('<name>', help.name)
    .action(act((name: string) => revoke(terminal, name)));
};

function add(terminal: Terminal, name: string, flags: AddFlags): Promise<ExitCode> {
  const texts = terminal.texts.client;
  if (!isClientName(name)) throw new Refusal(EXIT.usage, 'usage', texts.nameInvalid(name), texts.nameRule);
  if (flags.app !== undefined && !isClientName(flags.app)) throw invalid(terminal, '--app', flags.app, texts.nameRule);
  const scopes = scopesOf(terminal, flags.scope);
  const networks = (flags.network ?? []).map((text) => networkOf(terminal, text));
  const life = flags.expires === undefined ? undefined : spanOf(terminal, '--expires', flags.expires, '1m');
  return withHouse(terminal, async (house) => {
    const expiresAt = life === undefined ? undefined : house.clock.now() + life;
    const added = await addClient(house, name, { app: flags.app ?? '', scopes, networks, expiresAt }, CLI);
    if (added.kind === 'exists')
      throw new Refusal(EXIT.no, 'client-exists', texts.exists(name), texts.existsRemedy(name));
    show(terminal, added, texts.added(name));
    return EXIT.fine;
  });
}

function list(terminal: Terminal): Promise<ExitCode> {
  const texts = terminal.texts.client;
  return withHouse(terminal, async (house) => {
    const now = house.clock.now();
    const clients = await house.clients.list();
    terminal.answer({ clients: clients.map(documentOf) }, () =>
      clients.length === 0
        ? texts.none
        : table(
            texts.headings,
            clients.map((it) => [
              it.name,
              it.keyId,
              texts.states[stateOf(it, now)],
              it.scopes.join(' '),
              it.app,
              dateOf(it.expiresAt),
              dateOf(it.lastUsedAt),
            ]),
          ),
    );
    return EXIT.fine;
  });
}

function rotate(terminal: Terminal, name: string, flag: string): Promise<ExitCode> {
  const texts = terminal.texts.client;
  const overlap = spanOf(terminal, '--overlap', flag, '0s');
  return withHouse(terminal, async (house) => {
    const rotated = await rotateClient(house, name, overlap, CLI);
    if (rotated.kind === 'missing') throw new Refusal(EXIT.no, 'client-missing', texts.missing(name));
    show(terminal, rotated, texts.rotated(name, moment(house.clock.now() + overlap)));
    return EXIT.fine;
  });
}

async function revoke(terminal: Terminal, name: string): Promise<ExitCode> {
  const texts = terminal.texts.client;
  await confirmByName(terminal, texts.revokeWarning(name), name);
  return withHouse(terminal, async (house) => {
    if ((await revokeClient(house, name, CLI)) === 'missing') {
      throw new Refusal(EXIT.no, 'client-missing', texts.missing(name));
    }
    terminal.done({ name, revoked: true }, texts.revoked(name));
    return EXIT.fine;
  });
}

/** The key is data and goes to standard output; what is said about it is not. */
function show(terminal: Terminal, { client, key }: IssuedKey, said: string): void {
  terminal.answer({ ...documentOf(client), key }, () => key);
  if (!terminal.flags().json) terminal.say(said);
}

const documentOf = (client: ApiClient) => ({
  name: client.name,
  keyId: client.keyId,
  app: client.app === '' ? null : client.app,
  scopes: client.scopes,
  networks: client.networks.map(({ text }) => text),
  status: client.status,
  createdAt: moment(client.createdAt),
  expiresAt: client.expiresAt === undefined ? null : moment(client.expiresAt),
  lastUsedAt: client.lastUsedAt === undefined ? null : moment(client.lastUsedAt),
});

const stateOf = (client: ApiClient, now: Instant): 'active' | 'ended' | 'revoked' =>
  client.status === 'active' && client.expiresAt !== undefined && now >= client.expiresAt ? 'ended' : client.status;

const dateOf = (at: Instant | undefined): string => (at === undefined ? '' : moment(at));

function scopesOf(terminal: Terminal, flags: readonly string[] | undefined): readonly Scope[] {
  const words = (flags ?? ['verify']).flatMap((flag) => flag.split(',')).map((word) => word.trim());
  const stranger = words.find((word) => !isScope(word));
  if (stranger !== undefined) throw invalid(terminal, '--scope', stranger, SCOPES.join(', '));
  return sortedScopes(words.filter(isScope), SCOPES);
}

function networkOf(terminal: Terminal, text: string): Cidr {
  const read = readNetwork(text);
  if (read.ok) return read.value;
  throw invalid(terminal, '--network', text, String(read.error.values?.['hint'] ?? '10.0.0.0/8'));
}

function spanOf(terminal: Terminal, flag: string, text: string, least: string): Milliseconds {
  const read = duration(least, '3650d')(text);
  if (read.ok) return read.value;
  throw invalid(terminal, flag, text, `${least}–3650d`);
}

const invalid = (terminal: Terminal, flag: string, value: string, allowed: string): Refusal =>
  new Refusal(EXIT.usage, 'usage', terminal.texts.valueInvalid(flag, value, allowed));
