import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideVerification, type VerificationFacts } from '../../../src/core/verification/decide.ts';
import { PLAIN_DEMAND } from '../../../src/core/verification/demand.ts';
import type { CodeMatch } from '../../../src/core/verification/match.ts';
import { publicError } from '../../../src/core/verification/rejection.ts';
import { authenticator } from './authenticator.ts';

const FRESH: CodeMatch = { kind: 'fresh', to: 7, drift: 0, distance: 0 };
const of = (match: CodeMatch, kind: 'totp' | 'hotp' = 'totp') => ({
  authenticator: authenticator({ kind, id: kind }),
  match,
});
const right: VerificationFacts = {
  account: 'active',
  need: ['pw', 'otp'],
  knowledge: { pw: true },
  matches: [of(FRESH)],
  given: ['pw', 'otp'],
  right: [],
  sms: undefined,
  demand: PLAIN_DEMAND.any,
  conditions: { kinds: ['totp'], live: false, outage: false },
  proved: {},
  barred: undefined,
  now: 100,
};

describe('decideVerification', () => {
  test('accepts when every factor that was asked for is proved', () => {
    expect(decideVerification(right)).toMatchObject({
      kind: 'accepted',
      otp: { to: 7, drift: 0 },
      proofs: { pw: 100, otp: 100, totp: 100 },
    });
  });

  test.each<[string, Partial<VerificationFacts>, string]>([
    ['an unknown user', { account: 'unknown', matches: [] }, 'E1'],
    ['a suspended user', { account: 'suspended' }, 'E1'],
    ['wrong-password', { knowledge: { pw: false } }, 'E1'],
    ['wrong-pin', { need: ['pin', 'otp'], knowledge: { pin: false } }, 'E1'],
    ['no-authenticator', { matches: [], conditions: { kinds: [], live: false, outage: false } }, 'E1'],
    ['otp-wrong', { matches: [of({ kind: 'none' })] }, 'E2'],
    ['otp-replayed', { matches: [of({ kind: 'replayed', distance: 0 })] }, 'E4'],
    ['otp-out-of-window', { matches: [of({ kind: 'out-of-window', distance: 9 })] }, 'E3'],
    ['an event code out of window', { matches: [of({ kind: 'out-of-window', distance: 20 }, 'hotp')] }, 'E2'],
    ['kind-not-accepted', { matches: [of(FRESH)], demand: PLAIN_DEMAND.event }, 'E2'],
  ])('rejects %s; a page may say %s', (_, facts, error) => {
    const decision = decideVerification({ ...right, ...facts });
    expect(decision.kind).toBe('rejected');
    expect(decision.kind === 'rejected' && publicError(decision)).toBe(error);
  });

  test('without a proved knowledge factor every rejection is the uniform error', () => {
    const matches = [
      [],
      [of({ kind: 'none' })],
      [of({ kind: 'replayed', distance: 0 })],
      [of({ kind: 'out-of-window', distance: 5 })],
    ];
    for (const some of matches) {
      const decision = decideVerification({ ...right, need: ['otp'], given: ['otp'], knowledge: {}, matches: some });
      expect(decision.kind === 'rejected' && publicError(decision)).toBe('E1');
    }
  });

  test('a wrong knowledge factor hides what the code was', () => {
    const decision = decideVerification({
      ...right,
      knowledge: { pw: false },
      matches: [of({ kind: 'replayed', distance: 0 })],
    });
    expect(decision).toMatchObject({ reason: 'wrong-password', knowledgeProved: false });
  });

  test('one of several authenticators is enough', () => {
    expect(decideVerification({ ...right, matches: [of({ kind: 'none' }, 'hotp'), of(FRESH)] })).toMatchObject({
      kind: 'accepted',
      otp: { authenticator: { id: 'totp' } },
    });
  });

  test('never accepts unless active and every needed factor is proved', () => {
    const match = fc.constantFrom<CodeMatch>(
      FRESH,
      { kind: 'none' },
      { kind: 'replayed', distance: 0 },
      { kind: 'out-of-window', distance: 1 },
    );
    const facts = fc.record({
      account: fc.constantFrom('active' as const, 'suspended' as const, 'unknown' as const),
      need: fc.subarray(['pw', 'pin', 'otp'] as const),
      knowledge: fc.record({ pw: fc.boolean(), pin: fc.boolean() }, { requiredKeys: [] }),
      matches: fc.array(
        fc.tuple(match, fc.constantFrom('totp' as const, 'hotp' as const)).map(([m, k]) => of(m, k)),
        { maxLength: 3 },
      ),
      demand: fc.constantFrom(PLAIN_DEMAND.any, PLAIN_DEMAND.time, PLAIN_DEMAND.event),
    });
    fc.assert(
      fc.property(facts, (some) => {
        const expected =
          some.account === 'active' &&
          some.need.length > 0 &&
          some.need.every((factor) => {
            if (factor === 'pw' || factor === 'pin') return some.knowledge[factor] === true;
            return some.matches.some(
              (m) =>
                m.match.kind === 'fresh' &&
                (some.demand.method === 'any' || (some.demand.method === 'time') === (m.authenticator.kind === 'totp')),
            );
          });
        expect(decideVerification({ ...right, ...some, given: some.need }).kind === 'accepted').toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });
});
