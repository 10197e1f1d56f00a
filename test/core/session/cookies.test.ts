import { describe, expect, test } from 'vitest';
import { cookieLine, cookieNames, readCookie } from '../../../src/core/session/cookies.ts';

test('names have the __Host- prefix exactly where the browser speaks https', () => {
  expect(cookieNames('sumun', 'https').session).toBe('__Host-sumun');
  expect(cookieNames('sumun', 'http')).toEqual({
    session: 'sumun',
    browser: 'sumun-browser',
    language: 'sumun-lang',
    resume: 'sumun-resume',
  });
});

describe('reading a cookie', () => {
  test.each([
    ['sumun=abc', 'abc'],
    ['a=1; sumun=abc; b=2', 'abc'],
    ['sumun=abc; sumun=abc', undefined],
    ['sumun=abc;sumun=def', undefined],
    ['sumun-browser=x; __Host-sumun=y; xsumun=z', undefined],
    ['SUMUN=abc', undefined],
    ['sumun=', undefined],
    ['sumun="abc"', undefined],
    ['sumun=a b', undefined],
    [`sumun=${'a'.repeat(257)}`, undefined],
    ['sumun', undefined],
    [undefined, undefined],
  ])('%s gives %s', (field, value) => {
    expect(readCookie(field, 'sumun')).toBe(value);
  });
});

test('a cookie is host-only, closed to scripts, and Secure over https', () => {
  expect(cookieLine('__Host-sumun', 'v', { scheme: 'https', sameSite: 'strict', maxAge: 60 })).toBe(
    '__Host-sumun=v; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict',
  );
  expect(cookieLine('sumun', 'v', { scheme: 'http', sameSite: 'lax' })).toBe('sumun=v; Path=/; HttpOnly; SameSite=Lax');
});
