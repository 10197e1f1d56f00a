import { describe, expect, test } from 'vitest';
import { findingsOf, valid } from './checking.ts';

const route = (keys: string) => `routes:\n  - { name: a, host: a.example, ${keys} }\n`;
const LISTEN = 'forward_auth: { listen: "127.0.0.1:9091" }\n';
const file = (head: string, keys = 'mode: forward_auth') => `version: 1\n${head}${route(keys)}`;

describe('forward_auth', () => {
  test('is off, and answers this machine alone where it is on', () => {
    const off = valid(file('', 'to: "http://app"')).policy.forwardAuth;
    expect([off.listen, off.clients.map(({ text }) => text)]).toEqual([undefined, ['127.0.0.0/8', '::1/128']]);
    const on = valid(file(LISTEN)).policy.forwardAuth;
    expect([on.listen, on.clients]).toEqual([{ host: '127.0.0.1', port: 9091 }, off.clients]);
  });

  test('a route of another proxy’s needs no application, and none is made for one it names', () => {
    for (const keys of ['mode: forward_auth', 'mode: forward_auth, to: "http://app"']) {
      const { policy } = valid(file(LISTEN, keys));
      expect([policy.routes.all[0]?.action, policy.upstreams.size]).toEqual([{ kind: 'forward_auth' }, 0]);
    }
  });

  const rows: readonly (readonly [what: string, text: string, code: string, place: string])[] = [
    ['everybody as a client', file('forward_auth: { clients: [0.0.0.0/0] }\n', 'to: "http://app"'), '209', '2:27'],
    ['the address of another listener', file('forward_auth: { listen: "0.0.0.0:8080" }\n'), '223', '2:25'],
    ['a key it does not have', file('forward_auth: { address: "127.0.0.1:9091" }\n'), '102', '2:17'],
    ['an answer of its own', file(LISTEN, 'mode: forward_auth, redirect: /x'), '205', '4:5'],
    ['a rewrite', file(LISTEN, 'mode: forward_auth, rewrite: { strip_prefix: /x }'), '221', '4:53'],
    ['another mode', file(LISTEN, 'mode: forward-auth'), '119', '4:39'],
    ['an upstream that is none', file(LISTEN, 'mode: forward_auth, to: app'), '201', '4:57'],
    ['nowhere to ask', file(''), '335', '3:39'],
  ];
  test.each(rows)('%s is found', (_, text, code, place) => {
    const [found] = findingsOf(text);
    expect([found?.code, `${found?.line}:${found?.column}`]).toEqual([`SUMUN-${code}`, place]);
  });
});
