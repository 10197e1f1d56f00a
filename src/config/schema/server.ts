import { z } from 'zod';
import {
  anyNumber,
  durationField,
  field,
  later,
  nonEmpty,
  numberField,
  oneOrMore,
  sizeField,
  wordField,
} from '../fields.ts';
import { reservedPath } from '../paths.ts';
import { filePathField, secretField } from '../secret-schema.ts';
import { portalHost, workers } from '../server-values.ts';
import { cidr, listenAddress } from '../values.ts';

/** An address to listen on. */
export const listenField = () =>
  field(listenAddress, { type: 'string', pattern: ':[0-9]{1,5}$', 'x-kind': 'address:port' });

/** A network. */
export const cidrField = () => field(cidr, { type: 'string', 'x-kind': 'CIDR' });

const limits = z.strictObject({
  header_bytes: sizeField('4KiB', '256KiB')
    .prefault('32KiB')
    .describe('Largest header section of a request; more is answered 431.'),
  header_time: durationField('1s', '2m')
    .prefault('10s')
    .describe('Time a client has to send its header section; then 408.'),
  body: sizeField('0', '999TiB')
    .prefault(0)
    .describe('Largest request body on every route; more is answered 413. 0 = no limit.'),
  idle: durationField('1s', '1h')
    .prefault('75s')
    .describe(
      'How long a connection between two requests stays open, and the time over which a body must bring 100 bytes a second; then 408.',
    ),
  connections: numberField(1, 1_000_000).prefault(20000).describe('Client connections at one time.'),
  per_address: numberField(1, 1_000_000)
    .prefault(256)
    .describe('Client connections at one time from one address. Trusted proxies are not counted.'),
});

const certificate = z.strictObject({
  cert: filePathField().describe('Certificate chain, PEM, the certificate itself first.'),
  key: secretField().describe('Its private key, PEM, without a passphrase.'),
});

/** `server`: where requests come in. */
export const server = z.strictObject({
  listen: oneOrMore(listenField()).prefault('0.0.0.0:8080').describe('One address to listen on, or a list. In quotes.'),
  public_url: field(portalHost, { type: ['string', 'null'], pattern: '^https?://', 'x-kind': 'https://host[:port]' })
    .prefault(null)
    .describe(
      'The portal: people sign in on this host once, for all others. Scheme, host and port alone. `null` = people sign in on each host.',
    ),
  reserved_path: field(reservedPath, { type: 'string', pattern: '^/', 'x-kind': 'path' })
    .prefault('/_sumun')
    .describe('Path on every protected host that the gateway keeps for sign-in, sign-out and its own pages.'),
  tls: anyNumber(certificate)
    .nullable()
    .prefault(null)
    .transform((certificates) => certificates ?? [])
    .describe(
      'A certificate or a list: the listeners then speak TLS 1.2 and 1.3. A client gets the certificate that names its host, else the first. Files are read again when they change. `null` = plain HTTP.',
    ),
  redirect_from: anyNumber(listenField())
    .prefault([])
    .describe('Plain addresses that answer nothing but a redirect to the same address with https. Only with `tls`.'),
  http2: later(false, 'HTTP/2 towards browsers.'),
  workers: field(workers, {
    anyOf: [{ type: 'integer', minimum: 1, maximum: 64 }, { const: 'auto' }],
    'x-kind': 'number of processes, or auto',
  })
    .prefault(1)
    .describe('Processes that carry requests. `auto` = one for each core.'),
  trusted_proxies: z
    .array(cidrField())
    .prefault([])
    .describe(
      'Proxies in front whose `X-Forwarded-*`, `Forwarded` and PROXY headers are believed. Empty = nobody. `0.0.0.0/0` and `::/0` are refused.',
    ),
  proxy_protocol: wordField(['none', 'v1', 'v2'])
    .prefault('none')
    .describe(
      'PROXY header of a load balancer before the first octet. With `v1` or `v2` a connection without that header, and one that does not come from `trusted_proxies`, is closed unanswered.',
    ),
  limits: limits.prefault({}).describe('Limits for every client.'),
  shutdown: z
    .strictObject({
      drain: durationField('0s', '1h')
        .prefault('30s')
        .describe('How long open requests may take to end after SIGTERM.'),
    })
    .prefault({})
    .describe('Stopping.'),
  api_compat: wordField(['privacyidea'])
    .nullable()
    .prefault(null)
    .describe(
      'A second interface of the API, for plug-ins made for another product: `/validate/…` on the console’s listener.',
    ),
});

/** `networks`: named lists of CIDRs. */
export const network = nonEmpty(cidrField()).describe('Networks and single addresses that go by this name.');
