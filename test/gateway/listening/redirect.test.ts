import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { plainAnswer } from '../../../src/gateway/listening/redirect.ts';
import { policyOf } from '../../portal/policy.ts';
import { Authority, type Issued } from '../../support/pki.ts';
import { headerValues, RawClient, rawRequest } from '../../support/raw-client.ts';
import { type Gateway, HOST } from '../fixture.ts';
import { ANY_HOST, certificateOf, openListeners } from './parts.ts';

const served = policyOf([
  {
    ...ANY_HOST,
    hosts: [
      { kind: 'exact', host: HOST },
      { kind: 'suffix', suffix: '.apps.example' },
    ],
  },
]);
const ask = (target: string, { method = 'GET', hosts = [HOST], port = 443, policy = served } = {}) =>
  plainAnswer(policy, { method, target, hosts }, port);

describe('an address that only redirects', () => {
  test.each([
    ['/', [HOST], `https://${HOST}/`],
    ['/a%20b/?q=1&r=%0d%0a', [HOST], `https://${HOST}/a%20b/?q=1&r=%0d%0a`],
    ['/x', [`${HOST}:80`], `https://${HOST}/x`],
    ['/x', [`${HOST}:8080`], `https://${HOST}/x`],
    ['/x', [`${HOST.toUpperCase()}.`], `https://${HOST}/x`],
    ['/x', ['crm.apps.example'], 'https://crm.apps.example/x'],
    [`http://${HOST}/x?y`, [HOST], `https://${HOST}/x?y`],
  ])('sends %s of %s to the same address with https', (target, hosts, location) => {
    expect(ask(target, { hosts })).toEqual({ kind: 'redirect', location });
  });

  test('names the port where https is spoken, or that of the portal where there is one', () => {
    const portal = { origin: 'https://gw.example:9443', scheme: 'https', host: 'gw.example', port: 9443 } as const;
    const policy = { ...served, server: { ...served.server, portal } };
    expect(ask('/', { port: 8443 })).toEqual({ kind: 'redirect', location: `https://${HOST}:8443/` });
    expect(ask('/', { port: 8443, policy })).toEqual({ kind: 'redirect', location: `https://${HOST}:9443/` });
    expect(ask('/', { hosts: ['gw.example'], policy })).toEqual({
      kind: 'redirect',
      location: 'https://gw.example:9443/',
    });
  });

  test.each([
    ['another host', '/', { hosts: ['evil.test'] }, 421],
    ['a host above the wildcard', '/', { hosts: ['apps.example'] }, 421],
    ['no host', '/', { hosts: [] }, 400],
    ['two hosts', '/', { hosts: [HOST, HOST] }, 400],
    ['a host with a user', '/', { hosts: [`x@${HOST}`] }, 400],
    ['another authority (G070)', 'http://evil.test/', {}, 400],
    ['two slashes (G070)', '//evil.test/%2e%2e', {}, 400],
    ['a path with two readings', '/a%2fb', {}, 400],
    ['a path that climbs', '/../x', {}, 400],
    ['a path with a line', '/a%0d%0aLocation:%20https://evil.test', {}, 400],
    ['a form', '/login', { method: 'POST' }, 405],
    ['a tunnel', HOST, { method: 'CONNECT' }, 405],
    ['a trace', '/', { method: 'TRACE' }, 405],
  ])('refuses %s', (_what, target, options, status) => {
    expect(ask(target, options)).toMatchObject({ kind: 'refused', status });
  });
});

describe('on the wire', () => {
  let authority: Authority;
  let hr: Issued;
  let gateway: Gateway | undefined;

  beforeAll(() => {
    authority = Authority.open();
    hr = authority.issue({ names: `DNS:${HOST}` });
  });
  afterAll(() => authority.close());
  afterEach(() => gateway?.stop());

  test('one answer, never kept, and the connection ends with it', async () => {
    gateway = await openListeners({ tls: [certificateOf(hr)], redirectFrom: [{ host: '127.0.0.1', port: 0 }] });
    const [redirect] = gateway.listeners.redirects ?? [];
    const { port } = gateway;
    const client = await RawClient.open(redirect?.port ?? 0);
    const answer = await client.send(`GET /a?b HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`).response();
    await client.untilClosed();
    client.destroy();
    expect(answer.status).toBe(301);
    expect(headerValues(answer, 'location')).toEqual([`https://${HOST}:${port}/a?b`]);
    expect(headerValues(answer, 'cache-control')).toEqual(['no-store']);
    expect(headerValues(answer, 'set-cookie')).toEqual([]);
    const stranger = await rawRequest(redirect?.port ?? 0, 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n');
    expect([stranger.status, headerValues(stranger, 'location')]).toEqual([421, []]);
    const form = `POST /_sumun/login HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 7\r\n\r\notp=123`;
    const refused = await rawRequest(redirect?.port ?? 0, form);
    expect([refused.status, headerValues(refused, 'allow')]).toEqual([405, ['GET, HEAD']]);
    expect(gateway.recorder.connections).toHaveLength(0);
  });
});
