import { z } from 'zod';
import { durationField, field, later, nonEmpty, numberField, oneOrMore, sizeField, wordField } from '../fields.ts';
import { reservedPath } from '../paths.ts';
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
  idle: durationField('1s', '1h').prefault('75s').describe('How long a connection between two requests stays open.'),
  connections: numberField(1, 1_000_000).prefault(20000).describe('Client connections at one time.'),
  per_address: numberField(1, 1_000_000)
    .prefault(256)
    .describe('Client connections at one time from one address. Trusted proxies are not counted.'),
});

/** `server`: where requests come in. */
export const server = z.strictObject({
  listen: oneOrMore(listenField()).prefault('0.0.0.0:8080').describe('One address to listen on, or a list. In quotes.'),
  public_url: later(null, 'Address of a portal for single sign-on across hosts.'),
  reserved_path: field(reservedPath, { type: 'string', pattern: '^/', 'x-kind': 'path' })
    .prefault('/_sumun')
    .describe('Path on every protected host that the gateway keeps for sign-in, sign-out and its own pages.'),
  tls: later(null, 'Certificates for a TLS listener. Put a TLS terminator in front and name it in `trusted_proxies`.'),
  http2: later(false, 'HTTP/2 towards browsers.'),
  workers: later(1, 'Processes.'),
  trusted_proxies: z
    .array(cidrField())
    .prefault([])
    .describe(
      'Proxies in front whose `X-Forwarded-*` and `Forwarded` headers are believed. Empty = nobody. `0.0.0.0/0` and `::/0` are refused.',
    ),
  proxy_protocol: later('none', 'The PROXY protocol of load balancers.'),
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
