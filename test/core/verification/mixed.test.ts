import { describe, expect, test } from 'vitest';
import type { AuthenticatorKind } from '../../../src/core/identity/account.ts';
import type { Factor, Proofs } from '../../../src/core/identity/factors.ts';
import { waysOn } from '../../../src/core/verification/accepts.ts';
import { decideVerification, type VerificationFacts } from '../../../src/core/verification/decide.ts';
import {
  demandFor,
  type OtpMethod,
  type OtpPlace,
  type OtpRule,
  otpProvedAt,
  type SmsFallback,
} from '../../../src/core/verification/demand.ts';
import { authenticator } from './authenticator.ts';

const NOW = 1_000_000;
const rule = (mode: OtpRule['mode'], methods: OtpRule['methods'], when: OtpRule['when'] = []): OtpRule => ({
  groups: ['*'],
  routes: [],
  mode,
  methods,
  when,
});
const place = (otp: OtpMethod, rules: readonly OtpRule[] = [], smsFallback?: SmsFallback): OtpPlace => ({
  name: 'hr',
  otp,
  otpRules: rules,
  smsFallback,
});
const fallback = (when: SmsFallback['when']): SmsFallback => ({ when, maxSession: 3_600_000 });

type Given = {
  readonly kind?: AuthenticatorKind | 'lookup';
  readonly sms?: boolean;
  readonly proved?: Proofs;
  readonly devices?: readonly AuthenticatorKind[];
  readonly live?: boolean;
  readonly outage?: boolean;
  readonly need?: readonly Factor[];
};

function decide(where: OtpPlace, given: Given) {
  const { kind, sms = false, proved = {}, devices = ['totp', 'hotp', 'server'], need = ['otp'] } = given;
  const facts: VerificationFacts = {
    account: 'active',
    need,
    given: [...(kind === undefined ? [] : (['otp'] as const)), ...(sms ? (['sms'] as const) : [])],
    knowledge: {},
    matches: [],
    right:
      kind === undefined
        ? []
        : kind === 'lookup'
          ? [{ kind: 'lookup', code: 'l1' }]
          : [{ kind: 'factor', authenticator: authenticator({ kind }), to: 1, drift: 0 }],
    sms: sms ? 'right' : undefined,
    demand: demandFor(where, { groups: [] }, need),
    conditions: { kinds: devices, live: given.live ?? false, outage: given.outage ?? false },
    proved,
    barred: undefined,
    now: NOW,
  };
  return decideVerification(facts);
}

const ruled = (...given: Parameters<typeof rule>) => place('any', [rule(...given)]);
const timeThenSms = (when: OtpRule['when']) => ruled('fallback', ['time', 'sms'], when);

describe('mixed policies', () => {
  test.each<[string, OtpPlace, Given, string]>([
    ['a kind the place takes', place('time'), { kind: 'totp' }, 'accepted'],
    ['a kind it does not take', place('time'), { kind: 'hotp' }, 'kind-not-accepted'],
    ['server codes where only those count', place('server'), { kind: 'server' }, 'accepted'],
    ['a recovery code where any kind counts', place('any'), { kind: 'lookup' }, 'accepted'],
    ['a recovery code where one kind counts', place('time'), { kind: 'lookup' }, 'kind-not-accepted'],
    ['a recovery code, whatever a rule prefers', ruled('any_of', ['server']), { kind: 'lookup' }, 'accepted'],
    ['any of two: the one', ruled('any_of', ['time', 'event']), { kind: 'totp' }, 'accepted'],
    ['any of two: the other', ruled('any_of', ['time', 'event']), { kind: 'hotp' }, 'accepted'],
    ['any of two: a third', ruled('any_of', ['time', 'event']), { kind: 'server' }, 'kind-not-accepted'],
    ['any of, SMS named', ruled('any_of', ['time', 'sms']), { sms: true }, 'accepted'],
    ['any of, SMS not named', ruled('any_of', ['time']), { sms: true }, 'kind-not-accepted'],
    [
      'a rule does not widen the place',
      place('time', [rule('any_of', ['event'])]),
      { kind: 'hotp' },
      'kind-not-accepted',
    ],
    [
      'a rule and a place that never meet',
      place('time', [rule('any_of', ['event'])]),
      { kind: 'totp' },
      'kind-not-accepted',
    ],
    ['all of: the first alone', ruled('all_of', ['time', 'sms']), { kind: 'totp' }, 'incomplete'],
    ['all of: SMS alone', ruled('all_of', ['time', 'sms']), { sms: true }, 'incomplete'],
    [
      'all of: the second after the first',
      ruled('all_of', ['time', 'sms']),
      { sms: true, proved: { otp: 1, totp: 1 } },
      'accepted',
    ],
    [
      'all of: the first again',
      ruled('all_of', ['time', 'sms']),
      { kind: 'totp', proved: { otp: 1, totp: 1 } },
      'incomplete',
    ],
    [
      'fallback: the preferred method',
      ruled('fallback', ['server', 'time'], ['no_code']),
      { kind: 'server', live: true },
      'accepted',
    ],
    [
      'fallback: a live code is there',
      ruled('fallback', ['server', 'time'], ['no_code']),
      { kind: 'totp', live: true },
      'kind-not-accepted',
    ],
    ['fallback: no live code', ruled('fallback', ['server', 'time'], ['no_code']), { kind: 'totp' }, 'accepted'],
    ['fallback: has a device', timeThenSms(['no_device']), { sms: true }, 'kind-not-accepted'],
    ['fallback: has no device', timeThenSms(['no_device']), { sms: true, devices: ['hotp'] }, 'accepted'],
    ['fallback: by choice', timeThenSms(['user_choice']), { sms: true }, 'accepted'],
    ['fallback without a condition', timeThenSms([]), { sms: true }, 'kind-not-accepted'],
    ['SMS fallback by choice', place('any', [], fallback('user_choice')), { sms: true }, 'accepted'],
    ['SMS fallback, has a device', place('any', [], fallback('no_device')), { sms: true }, 'kind-not-accepted'],
    ['SMS fallback, has none', place('any', [], fallback('no_device')), { sms: true, devices: [] }, 'accepted'],
    ['SMS fallback, no outage', place('any', [], fallback('outage')), { sms: true }, 'kind-not-accepted'],
    ['SMS fallback, outage', place('any', [], fallback('outage')), { sms: true, outage: true }, 'accepted'],
    ['no SMS fallback', place('any'), { sms: true }, 'kind-not-accepted'],
    [
      'one SMS is not two factors',
      place('any', [], fallback('user_choice')),
      { sms: true, need: ['otp', 'sms'] },
      'incomplete',
    ],
    [
      'one SMS is not two factors of a rule',
      ruled('any_of', ['time', 'sms']),
      { sms: true, need: ['otp', 'sms'] },
      'incomplete',
    ],
    ['nothing at all', place('any'), {}, 'incomplete'],
  ])('%s', (_, where, given, outcome) => {
    const decision = decide(where, given);
    expect(decision.kind === 'rejected' ? decision.reason : decision.kind).toBe(outcome);
  });

  test('what stood in for the preferred method is recorded, and nothing else is', () => {
    const by = (where: OtpPlace, given: Given) => {
      const decision = decide(where, given);
      return decision.kind === 'rejected' ? undefined : decision.proofs.fallback;
    };
    expect(by(timeThenSms(['user_choice']), { sms: true })).toBe(NOW);
    expect(by(timeThenSms(['user_choice']), { kind: 'totp' })).toBeUndefined();
    expect(by(place('any', [], fallback('user_choice')), { sms: true })).toBe(NOW);
    expect(by(ruled('any_of', ['time', 'sms']), { sms: true })).toBeUndefined();
  });

  test('a fallback that was checked for something else says nothing of a code by SMS', () => {
    const sms = demandFor(place('server', [], fallback('no_device')), { groups: [] }, ['otp']);
    expect(otpProvedAt(sms, { otp: 5, totp: 5, fallback: 5, sms: 4 }, NOW)).toBeUndefined();
    expect(otpProvedAt(sms, { otp: 5, totp: 5, sms: 4, fallback: 4 }, NOW)).toBe(4);
    const rules = demandFor(ruled('fallback', ['server', 'time'], ['no_code']), { groups: [] }, ['otp']);
    expect(otpProvedAt(rules, { otp: 5, totp: 5, sms: 4, fallback: 4 }, NOW)).toBeUndefined();
    expect(otpProvedAt(rules, { otp: 5, totp: 5, fallback: 5 }, NOW)).toBe(5);
  });

  test('a sign-in by SMS in the place of an OTP counts for its time and no longer', () => {
    const demand = demandFor(place('any', [], fallback('outage')), { groups: [] }, ['otp']);
    const proofs = { sms: NOW, fallback: NOW };
    expect(otpProvedAt(demand, proofs, NOW + 3_599_999)).toBe(NOW);
    expect(otpProvedAt(demand, proofs, NOW + 3_600_000)).toBeUndefined();
  });
});

describe('the ways on', () => {
  const of = (where: OtpPlace, proofs: Proofs, given: Partial<Given> & { remaining?: readonly Factor[] } = {}) =>
    waysOn(demandFor(where, { groups: [] }, given.need ?? ['otp']), given.remaining ?? ['otp'], proofs, {
      kinds: given.devices ?? ['totp'],
      live: false,
      outage: given.outage ?? false,
    });

  test('a place that takes OTPs only offers nothing else', () => {
    expect(of(place('any'), { pw: 1 })).toEqual({ otp: true, sms: 'no' });
  });

  test('a message is sent unasked only where nothing else is left', () => {
    expect(of(place('any'), {}, { need: ['sms'], remaining: ['sms'] })).toEqual({ otp: false, sms: 'now' });
    expect(of(place('any'), { pw: 1 }, { need: ['otp', 'sms'], remaining: ['otp', 'sms'] })).toEqual({
      otp: true,
      sms: 'no',
    });
    expect(of(ruled('all_of', ['time', 'sms']), { pw: 1 })).toEqual({ otp: true, sms: 'no' });
    expect(of(ruled('all_of', ['time', 'sms']), { otp: 1, totp: 1 })).toEqual({ otp: false, sms: 'now' });
    expect(of(place('any', [], fallback('no_device')), { pw: 1 }, { devices: [] })).toEqual({ otp: true, sms: 'now' });
    expect(of(place('any', [], fallback('no_device')), { pw: 1 })).toEqual({ otp: true, sms: 'no' });
    expect(of(place('any', [], fallback('user_choice')), { pw: 1 })).toEqual({ otp: true, sms: 'on-request' });
  });

  test('before anything is proved what is offered does not depend on the person', () => {
    const where = place('any', [], fallback('no_device'));
    expect(of(where, {}, { devices: [] })).toEqual(of(where, {}, { devices: ['totp'] }));
    expect(of(where, {})).toEqual({ otp: true, sms: 'on-request' });
    expect(of(place('any', [], fallback('outage')), {})).toEqual({ otp: true, sms: 'no' });
  });
});
