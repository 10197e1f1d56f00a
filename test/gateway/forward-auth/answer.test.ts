import { describe, expect, test } from 'vitest';
import { forwardAuthAnswer, type Verdict } from '../../../src/gateway/forward-auth/answer.ts';
import type { Asker } from '../../../src/gateway/forward-auth/question.ts';

const ASKERS: readonly Asker[] = ['nginx', 'traefik', 'caddy', 'envoy', 'haproxy'];
const document = { headers: { 'content-type': 'text/html', 'cache-control': 'no-store' }, body: 'no' };
const headerOf = ({ headers }: { headers: readonly string[] }, name: string): string[] =>
  headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);

const PASS: Verdict = { kind: 'pass', identity: ['X-Sumun-User', 'kim'], cookie: 'a=1', spoofed: ['x-sumun-name'] };
const SIGN_IN: Verdict = {
  kind: 'sign-in',
  code: 'sign_in_required',
  location: 'http://a/_sumun/login?t=1',
  headers: ['Set-Cookie', 'b=1'],
};

describe('an answer', () => {
  test.each(ASKERS)('to %s is 2xx for what may go on, and for nothing else', (asker) => {
    const refusals: readonly Verdict[] = [
      SIGN_IN,
      { kind: 'unauthorised', code: 'step_up_required', document },
      ...([403, 429, 503] as const).map((status) => ({ kind: 'refuse', status, document }) as const),
    ];
    expect(forwardAuthAnswer(asker, PASS, 'R').status).toBe(200);
    for (const verdict of refusals) expect(forwardAuthAnswer(asker, verdict, 'R').status).toBeGreaterThanOrEqual(300);
  });

  test('carries the request’s number and is never cached, once each', () => {
    for (const verdict of [PASS, SIGN_IN, { kind: 'refuse', status: 403, document } as const]) {
      const answer = forwardAuthAnswer('caddy', verdict, 'R');
      expect([headerOf(answer, 'x-request-id'), headerOf(answer, 'cache-control')]).toEqual([['R'], ['no-store']]);
    }
  });

  test('sends a browser to the sign-in: by a redirect, to nginx by a header of a 401', () => {
    const redirect = forwardAuthAnswer('traefik', SIGN_IN, 'R');
    expect([redirect.status, headerOf(redirect, 'location')]).toEqual([303, ['http://a/_sumun/login?t=1']]);
    const told = forwardAuthAnswer('nginx', SIGN_IN, 'R');
    expect([told.status, headerOf(told, 'x-sumun-location')]).toEqual([401, ['http://a/_sumun/login?t=1']]);
    expect([headerOf(redirect, 'set-cookie'), headerOf(told, 'set-cookie')]).toEqual([['b=1'], ['b=1']]);
  });

  test('over a limit is 429 where it is passed on, and 403 to nginx', () => {
    const verdict: Verdict = { kind: 'refuse', status: 429, document };
    expect(ASKERS.map((asker) => forwardAuthAnswer(asker, verdict, 'R').status)).toEqual([403, 429, 429, 429, 429]);
  });

  test('carries the cookies that are left, and tells Envoy by name what goes', () => {
    const others = ASKERS.filter((asker) => asker !== 'envoy').map((asker) => forwardAuthAnswer(asker, PASS, 'R'));
    expect(others.map((answer) => headerOf(answer, 'cookie'))).toEqual(Array(4).fill([['a=1'][0]]));
    expect(others.flatMap((answer) => headerOf(answer, 'x-envoy-auth-headers-to-remove'))).toEqual([]);
    const removed = (verdict: Verdict) =>
      headerOf(forwardAuthAnswer('envoy', verdict, 'R'), 'x-envoy-auth-headers-to-remove');
    expect(removed(PASS)).toEqual(['x-sumun-name']);
    expect(removed({ ...PASS, cookie: '', spoofed: ['x-sumun-user'] })).toEqual(['cookie']);
    expect(removed({ ...PASS, cookie: undefined, spoofed: [] })).toEqual([]);
  });
});
