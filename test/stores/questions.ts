import type { Challenge, PendingVerification } from '../../src/core/verification/challenge.ts';
import type { Payment } from '../../src/core/verification/payment.ts';
import type { MessageLimits } from '../../src/ports.ts';
import { START } from './fixture.ts';

export const challenge = (id: string, more: Partial<Challenge> = {}): Challenge => ({
  id,
  accountId: undefined,
  login: 'kim',
  method: 'sms',
  boundTo: 'tx_1',
  authenticatorId: undefined,
  question: '',
  attempts: 0,
  maxAttempts: 3,
  state: 'open',
  createdAt: START,
  expiresAt: START + 180_000,
  resendAfter: START + 30_000,
  ...more,
});

export const pending = (id: string, more: Partial<PendingVerification> = {}): PendingVerification => ({
  id,
  boundTo: 'api:portal',
  app: 'vpn',
  login: 'kim',
  accountId: undefined,
  need: ['pw', 'otp', 'sms'],
  proofs: { pw: START },
  remaining: ['otp', 'sms'],
  challengeId: undefined,
  createdAt: START,
  expiresAt: START + 180_000,
  ...more,
});

export const payment = (id: string, more: Partial<Payment> = {}): Payment => ({
  id,
  client: 'bank',
  app: 'bank',
  accountId: undefined,
  login: 'kim',
  canonical: '{"amount":"1250000"}',
  hash: 'ab'.repeat(32),
  method: 'ocra',
  challengeId: 'ch_1',
  state: 'pending',
  createdAt: START,
  expiresAt: START + 180_000,
  decidedAt: undefined,
  evidence: undefined,
  ...more,
});

export const wide: MessageLimits = {
  perNumber: { count: 1000, per: 60_000 },
  perUser: { count: 1000, per: 60_000 },
  perAddress: { count: 1000, per: 60_000 },
  perDay: 1000,
  budget: 1000,
};

export const text = (to: string, address = '192.0.2.1') => ({ to, language: 'ko', host: '', address }) as const;
