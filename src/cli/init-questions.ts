import { isCancel, select, text } from '@clack/prompts';
import { readAuthority } from '../core/access/authority.ts';
import { isFactor } from '../core/identity/factors.ts';
import { EXIT, Refusal } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** Flags of `init`; each is the answer to one question. */
export type InitFlags = {
  readonly host?: string;
  readonly upstream?: string;
  readonly auth?: string;
  readonly admin?: string;
};

/** What the new configuration is made from. An undefined host serves every name. */
export type Settings = {
  readonly host: string | undefined;
  readonly upstream: string;
  readonly auth: string;
  readonly admin: string;
};

const DEFAULTS = { upstream: 'http://127.0.0.1:3000', auth: 'id+otp', admin: 'admin' } as const;

/** The settings of flags and defaults. Exit 2 for a flag that cannot be meant. */
export function readSettings(terminal: Terminal, flags: InitFlags): Settings {
  const { init: texts } = terminal.texts;
  const refuse = (message: string): never => {
    throw new Refusal(EXIT.usage, 'value-invalid', message);
  };
  const { upstream = DEFAULTS.upstream, auth = DEFAULTS.auth, admin = DEFAULTS.admin } = flags;
  const host = flags.host === '' ? undefined : flags.host;
  if (host !== undefined && !isHost(host)) refuse(texts.hostInvalid(host));
  if (!isUpstream(upstream)) refuse(texts.upstreamInvalid(upstream));
  if (!isAuth(auth)) refuse(texts.authInvalid(auth));
  return { host: host?.toLowerCase(), upstream: upstream.replace(/\/$/, ''), auth, admin };
}

/** Asks for what no flag says, four questions at most. */
export async function askSettings(terminal: Terminal, flags: InitFlags): Promise<Settings> {
  const { init: texts } = terminal.texts;
  const streams = { input: terminal.wiring.stdin, output: terminal.wiring.stderr };
  const ask = async (message: string, preset: string, fault: (value: string) => string | undefined) => {
    const validate = (value?: string) => (value === undefined || value === '' ? undefined : fault(value));
    return answered(terminal, await text({ ...streams, message, placeholder: preset, defaultValue: preset, validate }));
  };
  const host =
    flags.host ?? (await ask(texts.askHost, '', (it) => (it === '' || isHost(it) ? undefined : texts.hostInvalid(it))));
  const upstream =
    flags.upstream ??
    (await ask(texts.askUpstream, DEFAULTS.upstream, (it) => (isUpstream(it) ? undefined : texts.upstreamInvalid(it))));
  const options = Object.entries(texts.authChoices).map(([value, label]) => ({ value, label }));
  const auth = flags.auth ?? answered(terminal, await select({ ...streams, message: texts.askAuth, options }));
  const admin = flags.admin ?? (await ask(texts.askAdmin, DEFAULTS.admin, () => undefined));
  return readSettings(terminal, { host, upstream, auth, admin });
}

function answered(terminal: Terminal, answer: string | symbol): string {
  if (isCancel(answer) || typeof answer === 'symbol') {
    throw new Refusal(EXIT.usage, 'cancelled', terminal.texts.cancelled);
  }
  return answer;
}

const isHost = (value: string): boolean =>
  !value.includes(':') && readAuthority(value.replace(/^\*\./, ''), 'http') !== undefined;

function isUpstream(value: string): boolean {
  const authority = /^http:\/\/([^/?#@]+)\/?$/.exec(value)?.[1];
  return authority !== undefined && readAuthority(authority, 'http') !== undefined;
}

/** Sign-ins that work at once: a code by SMS needs a provider, which nobody is asked for here. */
function isAuth(value: string): boolean {
  const [first, ...factors] = value.split('+');
  const isReady = (factor: string) => isFactor(factor) && factor !== 'sms';
  return first === 'id' && factors.length > 0 && factors.every(isReady) && new Set(factors).size === factors.length;
}
