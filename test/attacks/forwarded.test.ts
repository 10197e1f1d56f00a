/** What a browser says of scheme and host changes nothing: sign-in over TLS, seen as a browser sees it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GateFixture, startGate, submit } from '../support/gate.ts';
import { Authority } from '../support/pki.ts';
import { RecorderUpstream } from '../support/recorder-upstream.ts';
import { Visitor } from '../support/visitor.ts';

const HOST = 'hr.corp.example';

let authority: Authority;
let gate: GateFixture;
let application: RecorderUpstream;

beforeAll(async () => {
  authority = Authority.open();
  const { certFile, keyFile } = authority.issue({ names: `DNS:${HOST}` });
  application = await RecorderUpstream.open();
  gate = await startGate(`version: 1
server:
  listen: "127.0.0.1:0"
  tls: { cert: ${certFile}, key: { file: ${keyFile} } }
  redirect_from: "127.0.0.1:0"
  shutdown: { drain: 100ms }
console: { listen: "127.0.0.1:0" }
routes:
  - { name: hr, host: ${HOST}, to: "http://127.0.0.1:${application.port}", auth: id+otp }
`);
});
afterAll(async () => {
  await gate.stop();
  await application.close();
  authority.close();
});

const browser = (): Visitor => new Visitor(gate.port, `${HOST}:${gate.port}`, authority.ca);

describe('a sign-in over TLS', () => {
  test('SESS-1 sets a cookie for this host alone that never travels in clear, and it opens the application', async () => {
    const visitor = browser();
    const kim = await gate.tokenOnly('kim');
    const answer = await submit(visitor, kim, '/salary/');
    expect(answer.status).toBe(303);
    const cookies = [answer.headers['set-cookie'] ?? []].flat();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/^__Host-sumun/);
      expect(cookie).toMatch(/; Secure/);
      expect(cookie).toMatch(/; HttpOnly/);
      expect(cookie).toMatch(/; Path=\/(?:;|$)/);
      expect(cookie).not.toMatch(/Domain/i);
    }
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    const page = await visitor.open('/salary/');
    expect([page.status, page.headers['strict-transport-security']]).toEqual([200, undefined]);
    visitor.close();
    const head = application.heads.at(-1) ?? '';
    expect(head).toContain('X-Forwarded-Proto: https');
    expect(head).not.toMatch(/__Host-sumun/);
  });

  test('the session of a connection in clear is none here', async () => {
    const visitor = browser();
    visitor.cookies.set('sumun', 'A'.repeat(43));
    expect((await visitor.send('GET', '/')).status).toBe(303);
    visitor.close();
  });
});

describe('what a browser claims', () => {
  const LIES = {
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Host': 'evil.test',
    'X-Forwarded-Port': '80',
    'X-Forwarded-Ssl': 'off',
    'X-Forwarded-Prefix': '//evil.test',
    'X-Forwarded-Server': 'evil.test',
    'X-Original-Host': 'evil.test',
    'X-Host': 'evil.test',
    'Front-End-Https': 'off',
    X_Forwarded_Host: 'evil.test',
    Forwarded: 'for=10.0.0.1;proto=http;host=evil.test',
  };

  test.each(Object.entries(LIES))(
    'FWD-4 G041 %s: %s moves neither the redirect nor the cookie',
    async (name, value) => {
      const [honest, liar] = [browser(), browser()];
      const expected = await honest.send('GET', '/x?y=1');
      const answer = await liar.send('GET', '/x?y=1', { headers: { [name]: value } });
      const bare = ({ headers }: typeof answer) => headers.location?.replace(/=.*/, '');
      expect([answer.status, bare(answer)]).toEqual([expected.status, bare(expected)]);
      expect(answer.headers.location).toMatch(/^\/_sumun\//);
      const form = await liar.send('GET', answer.headers.location ?? '', { headers: { [name]: value } });
      for (const cookie of form.headers['set-cookie'] ?? []) expect(cookie).toMatch(/^__Host-.*; Secure/);
      expect(form.text + JSON.stringify(form.headers)).not.toMatch(/evil\.test/);
      honest.close();
      liar.close();
    },
  );

  test('FWD-1 G030 of its address is deleted, and the audit trail has the real one', async () => {
    const visitor = browser();
    const lee = await gate.tokenOnly('lee');
    await submit(visitor, lee, '/in/');
    application.forget();
    const claims = ['X-Forwarded-For', 'X-Real-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Client-IP', 'Client-IP'];
    const headers = Object.fromEntries(claims.map((name) => [name, '10.9.8.7']));
    expect((await visitor.send('GET', '/in/', { headers })).status).toBe(200);
    visitor.close();
    expect(application.bytes).not.toContain('10.9.8.7');
    expect(application.bytes).toContain('X-Forwarded-For: 127.0.0.1');
    const records = await gate.house.audit.read({ limit: 100, newestFirst: true });
    expect(records.filter(({ address }) => address === '10.9.8.7')).toEqual([]);
  });
});
