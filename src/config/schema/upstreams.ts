import { z } from 'zod';
import { readAuthority } from '../../core/access/authority.ts';
import { readAddress } from '../../core/access/cidr.ts';
import { err, ok } from '../../core/result.ts';
import { durationField, field, numberField, oneOrMore, wordField } from '../fields.ts';
import { filePathField, secretField } from '../secret-schema.ts';
import { type Read, show } from '../values.ts';

/** Where an application listens. IPv6 addresses stand in brackets, as they are written. */
export type TargetAddress =
  | { readonly scheme: 'http' | 'https'; readonly host: string; readonly port: number }
  | { readonly scheme: 'unix'; readonly path: string };

/** What a socket address of Unix has room for, in bytes. */
const SOCKET_PATH_MAX = 107;

/** `http://host[:port]`, `https://host[:port]` or `unix:/absolute/path`, and nothing more. */
export const targetAddress: Read<TargetAddress> = (value) => {
  const refused = err({ finding: 'bad-upstream' as const, values: { found: show(value) } });
  const parts = typeof value === 'string' ? /^(http|https|unix):(.+)$/.exec(value) : null;
  const [, scheme, rest = ''] = parts ?? [];
  if (scheme === 'unix') return isSocketPath(rest) ? ok({ scheme, path: rest }) : refused;
  if ((scheme !== 'http' && scheme !== 'https') || !rest.startsWith('//')) return refused;
  const authority = readAuthority(rest.slice(2).replace(/\/$/, ''), scheme);
  return authority === undefined ? refused : ok({ scheme, ...authority });
};

const isSocketPath = (text: string): boolean =>
  text.startsWith('/') && !text.endsWith('/') && !/\p{Cc}/u.test(text) && Buffer.byteLength(text) <= SOCKET_PATH_MAX;

const healthPath: Read<string> = (value) =>
  typeof value === 'string' && /^\/[\x21\x22\x24-\x7e]{0,1023}$/.test(value)
    ? ok(value)
    : err({ finding: 'bad-health-path', values: { found: show(value) } });

const serverName: Read<string> = (value) => {
  const read = typeof value === 'string' && !/[:[\]]/.test(value) ? readAuthority(value, 'https') : undefined;
  return read === undefined || readAddress(read.host) !== undefined
    ? err({ finding: 'bad-host', values: { found: show(value) } })
    : ok(read.host);
};

const TLS_VERSIONS = { '1.0': 'TLSv1', '1.1': 'TLSv1.1', '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' } as const;

type TlsVersion = keyof typeof TLS_VERSIONS;

const tlsVersion: Read<(typeof TLS_VERSIONS)[TlsVersion]> = (value) => {
  if (typeof value === 'number')
    return err({ finding: 'wrong-type', values: { expected: 'a-quoted-text', found: String(value) } });
  return typeof value === 'string' && Object.hasOwn(TLS_VERSIONS, value)
    ? ok(TLS_VERSIONS[value as TlsVersion]) // one of its keys
    : err({ finding: 'not-one-of', values: { found: show(value), known: Object.keys(TLS_VERSIONS).join(', ') } });
};

const health = z.strictObject({
  path: field(healthPath, { type: 'string', pattern: '^/', 'x-kind': 'path' }).describe(
    'Path, with a query if need be. Statuses 200 to 399 are healthy.',
  ),
  every: durationField('1s', '1h').prefault('10s').describe('Time from one answer to the next question.'),
  timeout: durationField('100ms', '1m').prefault('2s').describe('Time until the answer begins.'),
  fall: numberField(1, 100).prefault(3).describe('Failures in a row after which a target is left out.'),
  rise: numberField(1, 100).prefault(2).describe('Successes in a row after which it is back.'),
});

const timeouts = z.strictObject({
  connect: durationField('100ms', '1m').prefault('3s').describe('Time for the connection to stand, TLS included.'),
  first_byte: durationField('1s', '1h').prefault('60s').describe('Time until the answer begins; then 504.'),
  idle: durationField('1s', '1d').prefault('300s').describe('Longest silence inside an answer.'),
});

const retry = z.strictObject({
  times: numberField(0, 5).prefault(1).describe('Repetitions of one request. 0 = none.'),
  methods: z
    .array(wordField(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']))
    .prefault(['GET', 'HEAD'])
    .describe(
      'Methods that may be sent again although the first target may have seen them. Requests with a body only if none of it was sent.',
    ),
});

const tls = z.strictObject({
  ca: filePathField()
    .nullable()
    .prefault(null)
    .describe('Authorities its certificate is checked against, PEM. `null` = those of the system.'),
  server_name: field(serverName, { type: 'string', 'x-kind': 'host' })
    .nullable()
    .prefault(null)
    .describe('Name in its certificate, and in SNI. `null` = the host of the target.'),
  min_version: field(tlsVersion, { enum: Object.keys(TLS_VERSIONS) })
    .prefault('1.2')
    .describe('Oldest TLS that is spoken: `"1.0"` to `"1.3"`. Below `"1.2"` old ciphers are accepted as well.'),
  client_cert: z
    .strictObject({
      cert: filePathField().describe('Our certificate chain, PEM.'),
      key: secretField().describe('Its private key, PEM.'),
    })
    .nullable()
    .prefault(null)
    .describe('Shown where the application asks for one. `null` = none.'),
});

const pool = z.strictObject({
  max: numberField(1, 10_000)
    .prefault(128)
    .describe('Connections to one target at one time, of each worker. Requests beyond wait in line.'),
  idle: durationField('1s', '1h').prefault('30s').describe('How long an unused connection stays open.'),
});

const targetField = () =>
  field(targetAddress, {
    type: 'string',
    pattern: '^(https?://|unix:/)',
    'x-kind': 'http://host:port, https://host:port or unix:/path',
  });

/** What can be said of an application besides where it is. */
const settings = {
  balance: wordField(['round_robin', 'least_busy', 'sticky'])
    .prefault('round_robin')
    .describe(
      'How requests are spread over targets: in turn, to the one with the fewest requests in hand, or `sticky`: one session (without one: one address) to one target as long as that is well.',
    ),
  health: health
    .nullable()
    .prefault(null)
    .describe('Asks every target whether it is well; each worker asks for itself. `null` = not asked.'),
  timeouts: timeouts.prefault({}).describe('Time limits towards the application.'),
  retry: retry
    .prefault({})
    .describe(
      'Sends a request again, to another target first, if the connection was lost before anything came back. What could not be sent at all goes to another target whatever its method.',
    ),
  tls: tls.nullable().prefault(null).describe('TLS towards `https` targets. Certificates are always checked.'),
  pool: pool.prefault({}).describe('Connections kept open to the application.'),
};

/** One entry of `upstreams`: an application and how to talk to it. */
export const upstream = z.strictObject({
  targets: oneOrMore(targetField()).describe(
    'Where the application listens: `http://host:port`, `https://host:port` or `unix:/path`, one or a list of the same kind.',
  ),
  ...settings,
});

/** What an application has that a route names by its address. */
export const upstreamSettings = z.strictObject(settings);
