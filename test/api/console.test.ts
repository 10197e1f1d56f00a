import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROBLEMS } from '../../src/api/problems.ts';
import { meOperation } from '../../src/api/resources/me.ts';
import { type Cidr, readCidr } from '../../src/core/access/cidr.ts';
import { type Served, serveApi } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serveApi([meOperation]);
});
afterAll(() => served.close());

/** A request with a Host field of the test's choice; the answer's status and code. */
const withHost = (host: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request({ port: served.port, host: '127.0.0.1', path, headers: { host } }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(`${response.statusCode} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`.trim()));
    });
    sent.on('error', reject);
    sent.end();
  });

const limitedTo = (...networks: string[]) => {
  const { policy } = served.holder;
  const cidrs = networks.map((text) => readCidr(text)).flatMap((read) => (read.ok ? [read.value] : []));
  served.holder.policy = { ...policy, console: { ...policy.console, networks: cidrs satisfies Cidr[] } };
};

describe('the console listener', () => {
  test.each([
    ['/healthz', 200, 'application/json'],
    ['/readyz', 200, 'application/json'],
    ['/metrics', 200, 'text/plain'],
    ['/api/openapi.json', 200, 'application/json'],
    ['/api/docs', 200, 'text/html; charset=utf-8'],
    ['/api/docs/start.js', 200, 'text/javascript; charset=utf-8'],
    ['/api/docs/swagger-ui-bundle.js', 200, 'text/javascript; charset=utf-8'],
    ['/api/docs/swagger-ui.css', 200, 'text/css; charset=utf-8'],
    ['/api/problems', 200, 'text/html; charset=utf-8'],
    ['/api/v1/me', 401, 'application/problem+json'],
    ['/api/v1', 404, 'application/problem+json'],
    ['/api/v1/', 404, 'application/problem+json'],
    ['/api', 404, 'application/problem+json'],
    ['/', 404, 'application/problem+json'],
    ['/API/v1/me', 404, 'application/problem+json'],
    ['/api/docs/../v1/me', 401, 'application/problem+json'],
    ['/api/docs/%2e%2e/package.json', 404, 'application/problem+json'],
    ['/api/docs/..%2fpackage.json', 404, 'application/problem+json'],
    ['/debug', 404, 'application/problem+json'],
    ['/healthz/x', 404, 'application/problem+json'],
  ])('answers %s with %i %s', async (path, status, type) => {
    const reply = await served.call('GET', path);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([status, type]);
  });

  test('takes only GET and HEAD outside the API', async () => {
    for (const path of ['/healthz', '/metrics', '/api/docs', '/nowhere']) {
      expect((await served.call('POST', path)).status).toBe(405);
    }
    expect((await served.call('HEAD', '/healthz')).text).toBe('');
  });

  test('answers only peers in console.networks', async () => {
    limitedTo('10.0.0.0/8');
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/me', '/api/docs', '/validate/check']) {
      expect(await served.call('GET', path)).toMatchObject({ status: 403, body: { code: 'network' } });
    }
    limitedTo('10.0.0.0/8', '127.0.0.0/8');
    expect((await served.call('GET', '/api/docs')).status).toBe(200);
    limitedTo();
  });

  test.each([
    ['127.0.0.1:8081', '401 bad_api_key'],
    ['localhost', '401 bad_api_key'],
    ['LOCALHOST.:8081', '401 bad_api_key'],
    ['[::1]:8081', '401 bad_api_key'],
    ['10.1.2.3', '401 bad_api_key'],
    ['evil.example', '421 host'],
    ['localhost.evil.example', '421 host'],
    ['127.0.0.1.evil.example', '421 host'],
    ['a b', '421 host'],
  ])('under the host name %s answers %s (ADM-4, rebinding)', async (host, answer) => {
    expect(await withHost(host, '/api/v1/me')).toBe(answer);
  });

  test('answers any host name once console.networks says who may come, and supervisors always', async () => {
    expect(await withHost('sumun', '/healthz')).toBe('200');
    expect(await withHost('sumun', '/metrics')).toBe('421 host');
    limitedTo('127.0.0.0/8');
    expect(await withHost('otp.corp.example', '/api/v1/me')).toBe('401 bad_api_key');
    limitedTo();
  });

  test('offers the second interface only where the policy says so', async () => {
    const { policy } = served.holder;
    expect((await served.call('POST', '/validate/check')).status).toBe(401);
    served.holder.policy = { ...policy, apiCompat: undefined };
    expect((await served.call('GET', '/validate/check')).status).toBe(404);
    served.holder.policy = policy;
  });
});

describe('the pages for people', () => {
  test('load nothing from elsewhere and run nothing that stands in them', async () => {
    for (const path of ['/api/docs', '/api/problems']) {
      const { text, headers } = await served.call('GET', path);
      expect(text).not.toMatch(/https?:|<script>|\son\w+=/);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe|\*|https?:/);
    }
  });

  test('are the address behind the type of every problem', async () => {
    const { text } = await served.call('GET', '/api/problems');
    for (const code of Object.keys(PROBLEMS)) expect(text).toContain(`<dt id="${code}">`);
    const refused = await served.call('GET', '/api/v1/me');
    expect(refused.body.type).toBe('/api/problems#bad_api_key');
  });
});
