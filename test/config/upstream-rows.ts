import type { Row } from './checking.ts';

/** A file whose upstream `u` has these keys, from column 19 on, and a route to it. */
const upstream = (keys: string) =>
  `version: 1\nupstreams: { u: { ${keys} } }\nroutes:\n  - { name: a, to: u, auth: id+otp }\n`;
const app = (keys: string) => upstream(`targets: "http://a:1", ${keys}`);
const tls = (keys: string) => upstream(`targets: "https://a:1", tls: { ${keys} }`);
const files = (name: string, bytes: string) => ({ files: { [name]: { bytes, mode: 0o600 } } });

/** Faults of upstreams. */
export const UPSTREAMS: readonly Row[] = [
  ['a target with a path', upstream('targets: http://a:1/x'), '129', '2:28'],
  ['a target with a query', upstream('targets: "https://a?x"'), '129', '2:28'],
  ['a target without a scheme', upstream('targets: "a:1"'), '129', '2:28'],
  ['a relative socket', upstream('targets: "unix:run/app.sock"'), '129', '2:28'],
  ['a socket path beyond 107 bytes', upstream(`targets: "unix:/${'x'.repeat(107)}"`), '129', '2:28'],
  ['a fault in a list of targets', upstream('targets: [http://a:1, ftp://b]'), '129', '2:41'],
  ['no targets', upstream('targets: []'), '146', '2:28'],
  ['http beside https', upstream('targets: [http://a:1, https://b:1]'), '270', '2:41'],
  ['http beside a socket', upstream('targets: [http://a:1, "unix:/run/a.sock"]'), '270', '2:41'],
  ['one target twice', upstream('targets: [http://a:80, http://A]'), '271', '2:42'],
  ['a balance that is none', app('balance: random'), '119', '2:51'],
  ['a health check without a path', app('health: { every: 5s }'), '117', '2:50'],
  ['a health path with a fragment', app('health: { path: "/x#y" }'), '170', '2:58'],
  ['a health path without a slash', app('health: { path: ping }'), '170', '2:58'],
  ['no failure at all', app('health: { path: /ping, fall: 0 }'), '134', '2:71'],
  ['POST among what may be repeated', app('retry: { methods: [GET, POST] }'), '119', '2:66'],
  ['too many repetitions', app('retry: { times: 6 }'), '134', '2:58'],
  ['tls without https', app('tls: { min_version: "1.3" }'), '272', '2:42'],
  ['a version without quotes', tls('min_version: 1.2'), '118', '2:63'],
  ['a version that is none', tls('min_version: "3.0"'), '119', '2:63'],
  ['a switch that is not there', tls('insecure: true'), '102', '2:50'],
  ['an address for a name', tls('server_name: 10.0.0.1'), '124', '2:63'],
  ['a name with a port', tls('server_name: "a:443"'), '124', '2:63'],
  ['authorities that are not there', tls('ca: ca.pem'), '211', '2:54'],
  ['authorities that are none', tls('ca: ca.pem'), '250', '2:54', files('ca.pem', 'not a certificate')],
  ['a client certificate without its key', tls('client_cert: { cert: a.pem }'), '117', '2:63'],
  ['TLS 1.0', tls('min_version: "1.0"'), '350', '2:63'],
  ['TLS 1.1', tls('min_version: "1.1"'), '350', '2:63'],
];
