import { describe, expect, test } from 'vitest';
import type { Operation } from '../../src/api/operation.ts';
import { compileOperations } from '../../src/api/routing.ts';

const operation = (method: Operation['method'], path: string): Operation => ({
  id: `${method} ${path}`,
  method,
  path,
  scopes: ['verify'],
  tag: 'test',
  summary: '',
  answers: {},
  handle: async () => ({ status: 204 }),
});

const find = compileOperations([
  operation('get', '/tokens'),
  operation('post', '/tokens'),
  operation('get', '/tokens/{id}'),
  operation('delete', '/tokens/{id}'),
  operation('post', '/tokens/{id}:resync'),
  operation('get', '/transactions/{id}/evidence'),
  operation('post', '/policy:check'),
]);

describe('an address', () => {
  test.each([
    ['GET', '/tokens', 'get /tokens', {}],
    ['HEAD', '/tokens', 'get /tokens', {}],
    ['GET', '/tokens/a1', 'get /tokens/{id}', { id: 'a1' }],
    ['POST', '/tokens/a1:resync', 'post /tokens/{id}:resync', { id: 'a1' }],
    ['GET', '/tokens/a%3Ab', 'get /tokens/{id}', { id: 'a:b' }],
    ['POST', '/tokens/a%3Aresync:resync', 'post /tokens/{id}:resync', { id: 'a:resync' }],
    ['GET', '/tokens/%EA%B9%80', 'get /tokens/{id}', { id: '김' }],
    ['GET', '/tokens/a%2Fb', 'get /tokens/{id}', { id: 'a/b' }],
    ['GET', '/transactions/t/evidence', 'get /transactions/{id}/evidence', { id: 't' }],
    ['POST', '/policy:check', 'post /policy:check', {}],
  ])('%s %s leads to %s', (method, path, id, params) => {
    expect(find(method, path)).toMatchObject({ kind: 'operation', operation: { id }, params });
  });

  test.each([
    '/',
    '',
    '/token',
    '/Tokens',
    '/tokens/',
    '/tokens//',
    '/tokens/a:resync:resync',
    '/tokens/:resync',
    '/tokens/a%',
    '/tokens/%ff',
    '/tokens/a/b',
    '/policy%3Acheck',
    '/tokens;x',
    '/tokens/../tokens',
  ])('%s leads nowhere', (path) => {
    for (const method of ['GET', 'POST']) expect(find(method, path).kind).toBe('missing');
  });

  test('that knows the method not says which it knows', () => {
    expect(find('PUT', '/tokens')).toEqual({ kind: 'method', allow: ['GET', 'HEAD', 'POST', 'OPTIONS'] });
    expect(find('GET', '/tokens/a:resync')).toEqual({ kind: 'method', allow: ['POST', 'OPTIONS'] });
    expect(find('get ', '/tokens').kind).toBe('method');
  });
});
