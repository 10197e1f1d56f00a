import { describe, expect, test } from 'vitest';
import { type HandOverFacts, refuseHandOver } from '../../../src/core/session/hand-over.ts';

const NOW = Date.UTC(2026, 10, 23, 12);

const facts: HandOverFacts = {
  now: NOW,
  expiresAt: NOW + 1,
  transaction: { origin: 'https://hr.corp.example:8443', host: 'hr.corp.example', browserHash: 'browser' },
  shownAt: { scheme: 'https', host: 'hr.corp.example', browserHash: 'browser' },
  signInIsLive: true,
};
const begun = { origin: 'https://hr.corp.example', host: 'hr.corp.example', browserHash: 'browser' };

describe('a hand-over code', () => {
  test('opens the host it was made for, in the browser that asked, while there is something to open', () => {
    expect(refuseHandOver(facts)).toBeUndefined();
  });

  test.each<readonly [string, Partial<HandOverFacts>, string]>([
    ['at the end of its life', { expiresAt: NOW }, 'code-expired'],
    ['after a clock went on', { now: NOW + 1 }, 'code-expired'],
    ['without a transaction', { transaction: undefined }, 'transaction-gone'],
    ['for a sign-in on the host itself', { transaction: { ...begun, origin: undefined } }, 'transaction-gone'],
    ['on another host', { shownAt: { ...facts.shownAt, host: 'pay.corp.example' } }, 'other-host'],
    ['over http', { shownAt: { ...facts.shownAt, scheme: 'http' } }, 'other-host'],
    ['over https for http', { transaction: { ...begun, origin: 'http://hr.corp.example' } }, 'other-host'],
    ['in another browser', { shownAt: { ...facts.shownAt, browserHash: 'other' } }, 'other-browser'],
    ['in a browser without cookies', { shownAt: { ...facts.shownAt, browserHash: '' } }, 'other-browser'],
    [
      'where neither has one',
      { transaction: { ...begun, browserHash: '' }, shownAt: { ...facts.shownAt, browserHash: '' } },
      'other-browser',
    ],
    ['after the sign-in ended', { signInIsLive: false }, 'signin-ended'],
  ])('%s opens nothing', (_, changes, reason) => {
    expect(refuseHandOver({ ...facts, ...changes })).toBe(reason);
  });
});
