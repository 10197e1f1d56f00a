import { expect, test } from 'vitest';
import type { Factor } from '../../src/core/identity/factors.ts';
import type { Policy, RadiusClient } from '../../src/core/policy.ts';
import { placeFor } from '../../src/flows/place.ts';
import { route, table } from '../support/policies.ts';
import { policy as plain } from './house.ts';

const rules = [
  { groups: ['*'], routes: ['portal'], mode: 'any_of', methods: ['server'], when: [] },
  { groups: ['*'], routes: [], mode: 'any_of', methods: ['time'], when: [] },
] as const;
const fallback = { when: 'user_choice', maxSession: 1000 } as const;
const allow = { users: [], groups: ['vpn'], networks: [], schedules: [], exceptUsers: [], exceptGroups: [] };
const vpn = {
  name: 'vpn',
  otp: 'time',
  otpRules: [],
  smsFallback: fallback,
  requirement: { factors: ['otp', 'pin'] },
  allow,
};
const signIn = (factors: readonly Factor[]) => ({ kind: 'sign-in', requirement: { factors } }) as const;

const policy: Policy = {
  ...plain,
  routes: table(
    { name: 'hr', auth: signIn(['pw', 'otp']) },
    { name: 'open', auth: { kind: 'bypass' } },
    { name: 'shut', auth: { kind: 'deny' } },
    { name: 'text', auth: signIn(['pw', 'sms']) },
  ),
  otp: { ...plain.otp, policies: rules },
  radius: { ...plain.radius, clients: [vpn as unknown as RadiusClient] },
  defaultRequirement: { factors: ['pw', 'otp'] },
};
const mute: Policy = { ...policy, sms: { ...policy.sms, providers: [] } };
const bare: Policy = { ...policy, defaultRequirement: undefined };

test.each<[string, Policy, string, readonly Factor[] | undefined, readonly Factor[] | undefined]>([
  ['a route asks for its own factors', policy, 'hr', undefined, ['pw', 'otp']],
  ['a caller may ask for more', policy, 'hr', ['pw', 'pin', 'otp'], ['pw', 'pin', 'otp']],
  ['but never for less', policy, 'hr', ['otp'], undefined],
  ['a RADIUS client asks for its own', policy, 'vpn', undefined, ['otp', 'pin']],
  ['a label asks for what the policy says of others', policy, 'portal', undefined, ['pw', 'otp']],
  ['or for what the caller says', policy, 'portal', ['otp'], ['otp']],
  ['where neither says anything there is nothing to ask', bare, 'portal', undefined, undefined],
  ['an empty list is nothing', bare, 'portal', [], undefined],
  ['a closed route lets nobody in', policy, 'shut', ['otp'], undefined],
  ['a route without sign-in asks what the caller says', policy, 'open', ['otp'], ['otp']],
  ['a code by SMS needs somebody who sends it', policy, 'text', undefined, ['pw', 'sms']],
  ['and is nothing without', mute, 'text', undefined, undefined],
])('%s', (_, settings, app, auth, need) => {
  expect(placeFor(settings, app, auth)?.need).toEqual(need);
});

test('the place is the one that is named, with whom it lets in', () => {
  expect(placeFor(policy, 'vpn')).toMatchObject({ place: { name: 'vpn', otp: 'time', smsFallback: fallback }, allow });
  expect(placeFor(mute, 'vpn')?.place.smsFallback).toBeUndefined();
  expect(placeFor(policy, 'hr')?.allow).toEqual(route({ name: 'hr' }).allow);
  expect(placeFor(policy, 'portal')).toMatchObject({ place: { otp: 'any', otpRules: rules }, allow: undefined });
  expect(placeFor(policy, 'other')?.place.otpRules).toEqual([rules[1]]);
});
