import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Authority, type Issued } from '../support/pki.ts';
import { findingsOf, valid } from './checking.ts';

const upstream = (keys: string, to = 'u') =>
  `version: 1\nupstreams: { u: { ${keys} } }\nroutes:\n  - { name: a, to: "${to}", auth: id+otp }\n`;
const read = (keys: string, options = {}) => valid(upstream(keys), options).policy.upstreams.get('u');

describe('targets', () => {
  test.each([
    ['http://app', { scheme: 'http', host: 'app', port: 80, authority: 'app' }],
    ['http://app:8080/', { scheme: 'http', host: 'app', port: 8080, authority: 'app:8080' }],
    [
      'https://App.Corp.Example',
      { scheme: 'https', host: 'app.corp.example', port: 443, authority: 'app.corp.example' },
    ],
    ['https://app:80', { scheme: 'https', host: 'app', port: 80, authority: 'app:80' }],
    ['http://[::1]:8080', { scheme: 'http', host: '::1', port: 8080, authority: '[::1]:8080' }],
    ['https://[fd00::5]', { scheme: 'https', host: 'fd00::5', port: 443, authority: '[fd00::5]' }],
  ])('%s', (written, meant) => {
    expect(read(`targets: "${written}"`)?.targets).toEqual([{ kind: 'tcp', ...meant }]);
  });

  test('a Unix socket calls itself localhost', () => {
    const socket = { kind: 'unix', scheme: 'http', path: '/run/app/web.sock', authority: 'localhost' };
    expect(read('targets: "unix:/run/app/web.sock"')?.targets).toEqual([socket]);
  });

  test('stand in the order of the file', () => {
    expect(read('targets: [http://b:1, http://a:1]')?.targets.map(({ authority }) => authority)).toEqual([
      'b:1',
      'a:1',
    ]);
  });

  test.each(['http://app:8080', 'https://app:443', 'unix:/run/app.sock'])('a route may name %s itself', (address) => {
    const { policy } = valid(`version: 1\nroutes:\n  - { name: a, to: "${address}" }\n`);
    expect([...policy.upstreams.keys()]).toEqual([address]);
    expect(policy.routes.all[0]?.action).toEqual({ kind: 'proxy', upstream: address });
  });
});

test('everything else of an upstream has a default', () => {
  expect(read('targets: http://a')).toEqual({
    name: 'u',
    targets: [{ kind: 'tcp', scheme: 'http', host: 'a', port: 80, authority: 'a' }],
    balance: 'round_robin',
    health: undefined,
    timeouts: { connect: 3000, firstByte: 60_000, idle: 300_000 },
    retry: { times: 1, methods: ['GET', 'HEAD'] },
    tls: undefined,
    pool: { max: 128, idle: 30_000 },
  });
  expect(read('targets: http://a, health: { path: /ping?deep=1 }')?.health).toEqual({
    path: '/ping?deep=1',
    every: 10_000,
    timeout: 2000,
    fall: 3,
    rise: 2,
  });
});

describe('tls', () => {
  let authority: Authority;
  let client: Issued;
  beforeAll(() => {
    authority = Authority.open();
    client = authority.issue();
  });
  afterAll(() => authority.close());

  const files = (key = client.key) => ({
    files: {
      'ca.pem': { bytes: authority.ca, mode: 0o644 },
      'gate.pem': { bytes: client.cert, mode: 0o644 },
      'gate.key': { bytes: key, mode: 0o600 },
    },
  });
  const ours = 'client_cert: { cert: gate.pem, key: { file: gate.key } }';

  test('is read whole, and the key does not show', () => {
    const keys = `tls: { ca: ca.pem, server_name: App.example, min_version: "1.3", ${ours} }`;
    const tls = read(`targets: "https://10.0.0.1", ${keys}`, files())?.tls;
    expect(tls).toMatchObject({ ca: authority.ca, serverName: 'app.example', minVersion: 'TLSv1.3' });
    expect(tls?.clientCert?.cert).toBe(client.cert);
    expect(tls?.clientCert?.key.reveal()).toBe(readFileSync(client.keyFile, 'latin1').trimEnd());
    expect(JSON.stringify(tls)).not.toContain('PRIVATE');
  });

  test.each([
    ['that is not the certificate’s', () => authority.issue().key, 'SUMUN-252'],
    ['that is none', () => 'secret', 'SUMUN-251'],
  ])('a client key %s is refused', (_, key, code) => {
    const found = findingsOf(upstream(`targets: "https://a", tls: { ${ours} }`), files(key()));
    expect(found.map((each) => each.code)).toContain(code);
  });
});
