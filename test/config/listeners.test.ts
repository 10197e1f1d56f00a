import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coversHost } from '../../src/core/access/certificate.ts';
import { Authority, type Issued } from '../support/pki.ts';
import { findingsOf, NOW, valid } from './checking.ts';

let authority: Authority;
let issued: Issued;

beforeAll(() => {
  authority = Authority.open();
  const year = new Date(NOW + 365 * 24 * 3600 * 1000).toISOString().replace(/[-:T]|\.\d+/g, '');
  const names = 'DNS:hr.corp.example,DNS:*.APPS.corp.example,IP:10.0.0.1';
  issued = authority.issue({ names, notBefore: '20261101000000Z', notAfter: year });
});
afterAll(() => authority.close());

const options = (files: Readonly<Record<string, string>> = {}) => ({
  files: Object.fromEntries(
    Object.entries({ 'data/master.key': 'k'.repeat(32), ...files }).map(([name, bytes]) => [
      name,
      { bytes, mode: 0o600 },
    ]),
  ),
});
const serverOf = (keys: string, files = {}) =>
  valid(`version: 1\nserver: { ${keys} }\nroutes: [ { name: a, to: "http://app" } ]\n`, options(files)).policy.server;

describe('server', () => {
  test('without its keys the listeners speak plain HTTP in one process and nobody is believed', () => {
    expect(serverOf('listen: "0.0.0.0:8080"')).toMatchObject({
      portal: undefined,
      tls: [],
      redirectFrom: [],
      workers: 1,
      proxyProtocol: 'none',
      trustedProxies: [],
    });
  });

  test.each([
    [
      'https://GW.corp.example',
      { origin: 'https://gw.corp.example', scheme: 'https', host: 'gw.corp.example', port: 443 },
    ],
    ['https://gw.corp.example:443/', { origin: 'https://gw.corp.example', port: 443 }],
    ['https://gw.corp.example:8443', { origin: 'https://gw.corp.example:8443', port: 8443 }],
    ['http://127.0.0.1:8080', { origin: 'http://127.0.0.1:8080', scheme: 'http', host: '127.0.0.1', port: 8080 }],
  ])('the portal %s is an origin', (url, portal) => {
    expect(serverOf(`public_url: "${url}", trusted_proxies: [10.0.0.0/8]`).portal).toMatchObject(portal);
  });

  test.each(['gw.corp.example', 'https://', 'https://gw/x', 'https://gw?x', 'ftp://gw', 'https://gw#', 'https://g w'])(
    'FWD-4: %s is no portal',
    (url) => {
      const text = `version: 1\nserver: { public_url: "${url}" }\n`;
      expect(findingsOf(text).map(({ code, path }) => `${code} ${path}`)).toContain('SUMUN-147 server.public_url');
    },
  );

  test('one certificate and a list of one are the same; the key is sealed, its file remembered', () => {
    const files = { 'c.pem': issued.cert, 'c.key': issued.key };
    const one = serverOf('tls: { cert: c.pem, key: { file: c.key } }', files);
    const list = serverOf('tls: [ { cert: c.pem, key: { file: c.key } } ]', files);
    for (const { tls } of [one, list]) {
      expect(tls).toHaveLength(1);
      expect(tls[0]).toMatchObject({ cert: '/etc/sumun/c.pem', keyFile: '/etc/sumun/c.key' });
      expect(tls[0]?.key.reveal().trim()).toBe(issued.key.trim());
      expect(JSON.stringify(tls)).not.toContain('PRIVATE KEY');
    }
  });

  test('a host that a certificate names, alone or by a wildcard, is nothing to warn of', () => {
    const text = `version: 1
server: { tls: { cert: c.pem, key: { file: c.key } }, redirect_from: "127.0.0.1:8088" }
routes: [ { name: a, to: "http://app", host: [hr.corp.example, a.apps.corp.example, "*.apps.corp.example"] } ]
`;
    expect(findingsOf(text, options({ 'c.pem': issued.cert, 'c.key': issued.key }))).toEqual([]);
  });

  test('PROXY protocol, redirects and processes are taken as they are written', () => {
    expect(serverOf('proxy_protocol: v2, trusted_proxies: [10.0.0.1], workers: auto')).toMatchObject({
      proxyProtocol: 'v2',
      workers: 'auto',
    });
  });
});

test.each([
  ['hr.corp.example', true],
  ['a.apps.corp.example', true],
  ['a.b.apps.corp.example', false],
  ['apps.corp.example', false],
  ['hr.corp.example.evil.test', false],
  ['localhost', false],
])('a certificate covers %s: %s (RFC 9525 §6.3)', (host, covered) => {
  expect(coversHost(['hr.corp.example', '*.apps.corp.example', '*.example', '*.'], host)).toBe(covered);
});

test('a wildcard above a top-level name covers nothing', () => {
  expect(coversHost(['*.example'], 'hr.example')).toBe(false);
});
