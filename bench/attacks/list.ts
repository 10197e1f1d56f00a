/** The attacks of `npm run bench:dos` by the word they are asked for with, and what is allowed of each. */
import type { AttackSettings } from '../arguments.ts';

export type Attack = {
  /** Its function in kinds.ts, and its name in the table. */
  readonly kind: string;
  readonly connections: number;
  readonly rate: number;
  /** It is cut short after this. */
  readonly seconds: number;
  readonly tls: boolean;
  /** Seconds after the last connection's beginning at which the gateway must have closed all; undefined: no such rule. */
  readonly deadline: number | undefined;
  /** Milliseconds that 99 of 100 requests of others may take beside it. */
  readonly p99: number;
};

/** Deadlines of the gateway under attack: those of the defaults, or shorter ones for a trial run. */
export type Deadlines = { readonly header: number; readonly idle: number; readonly form: number };

export const DEFAULT_DEADLINES: Deadlines = { header: 10, idle: 75, form: 30 };
export const QUICK_DEADLINES: Deadlines = { header: 2, idle: 4, form: 30 };

/** How much later than its deadline a connection may be found closed: the clock is looked at now and then. */
const SLACK = 3;

/** Slow readers each hold two connections, and so many answers of 100 MiB are enough to tell. */
const READERS = 500;

type Make = (settings: AttackSettings, deadlines: Deadlines) => Attack;

const held =
  (kind: string, deadlineOf: (deadlines: Deadlines) => number | undefined): Make =>
  ({ connections, seconds }, deadlines) => {
    const deadline = deadlineOf(deadlines);
    return {
      kind,
      connections,
      rate: 0,
      // Beginning ten thousand connections takes a while too.
      seconds: deadline === undefined ? seconds * 4 : deadline + SLACK + 30,
      tls: false,
      deadline: deadline === undefined ? undefined : deadline + SLACK,
      p99: 100,
    };
  };

const coming =
  (kind: string, rate: number, more: Partial<Attack> = {}): Make =>
  ({ seconds }) => ({ kind, connections: 2000, rate, seconds, tls: false, deadline: undefined, p99: 100, ...more });

export const ATTACKS: Readonly<Record<string, Make>> = {
  silent: held('silent connections', ({ header }) => header),
  idle: held('idle connections', ({ idle }) => idle),
  headers: held('slow headers', ({ header }) => header),
  bodies: held('slow bodies to an application', () => undefined),
  login: held('slow bodies to the sign-in page', ({ form }) => form),
  forms: held('slow forms without a session', ({ form }) => form),
  readers: (settings, deadlines) => ({
    ...held('slow readers', () => undefined)(settings, deadlines),
    connections: Math.min(settings.connections, READERS),
  }),
  connections: coming('connections opened and reset', 2000),
  header: coming('header sections of 32 KiB and one octet', 500),
  fields: coming('10,000 header fields', 500),
  junk: coming('octets at random', 1000),
  'tls-junk': coming('TLS handshakes begun and left', 500, { tls: true }),
  handshakes: coming('TLS handshakes', 200, { tls: true }),
  'sign-ins': coming('sign-ins with a wrong password', 1000, { p99: 50 }),
};
