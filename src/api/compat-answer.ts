import type { AuthenticationOutcome } from '../core/verification/authentication.ts';
import type { Problem } from './operation.ts';

/** What a plug-in understands of a decision: nothing but `ACCEPT` lets anybody in. */
export type CompatAnswer = {
  readonly value: boolean | number;
  readonly authentication?: 'ACCEPT' | 'REJECT' | 'CHALLENGE';
  readonly detail: Readonly<Record<string, unknown>>;
};

/** Texts are the same for every cause of a refusal. */
const REJECTED: CompatAnswer = {
  value: false,
  authentication: 'REJECT',
  detail: { message: 'Authentication failed' },
};

/** The answer to `/validate/check`. */
export function checkAnswer(outcome: AuthenticationOutcome): CompatAnswer {
  switch (outcome.kind) {
    case 'accepted':
      return {
        value: true,
        authentication: 'ACCEPT',
        detail: { message: 'Authentication accepted', username: outcome.account.login },
      };
    case 'challenge':
      return { value: false, authentication: 'CHALLENGE', detail: challengeDetail(outcome) };
    case 'rejected':
    case 'locked':
    case 'gone':
    case 'missing':
    case 'limited':
      return REJECTED;
  }
}

/** The answer to `/validate/triggerchallenge`: how many challenges there are. */
export const triggerAnswer = (outcome: AuthenticationOutcome): CompatAnswer =>
  outcome.kind === 'challenge'
    ? { value: outcome.need.length, authentication: 'CHALLENGE', detail: challengeDetail(outcome) }
    : { ...REJECTED, value: 0 };

type Challenged = Extract<AuthenticationOutcome, { kind: 'challenge' }>;

function challengeDetail({ transaction, need }: Challenged): CompatAnswer['detail'] {
  const offers = need.map(({ method, target, question }) => ({
    client_mode: 'interactive',
    transaction_id: transaction,
    serial: '',
    type: method === 'sms' ? 'sms' : method === 'ocra' ? 'tiqr' : 'totp',
    message: [MESSAGE[method], target, question].filter((part) => part !== undefined).join(' '),
  }));
  return {
    transaction_id: transaction,
    transaction_ids: [transaction],
    message: offers.map(({ message }) => message).join(', '),
    client_mode: 'interactive',
    serial: '',
    type: offers[0]?.type ?? 'totp',
    multi_challenge: offers,
  };
}

const MESSAGE = {
  otp: 'Enter the OTP',
  sms: 'Enter the code sent by SMS',
  server: 'Enter the OTP',
  ocra: 'Answer the question',
} as const;

/** The frame around every answer (JSON-RPC 2.0 as those plug-ins expect it). */
export const frame = ({ value, authentication, detail }: CompatAnswer, version: string): object => ({
  jsonrpc: '2.0',
  id: 1,
  result: { status: true, value, ...(authentication === undefined ? {} : { authentication }) },
  detail,
  version: `Sumun ${version}`,
  versionnumber: version,
});

/** A refusal in the same frame: no decision was made. */
export const refusalFrame = (refusal: Problem, request: string, version: string): object => ({
  jsonrpc: '2.0',
  id: 1,
  result: {
    status: false,
    error: { code: refusal.status === 401 ? 4033 : 905, message: `${refusal.message} (${request})` },
  },
  detail: { code: refusal.code, request },
  version: `Sumun ${version}`,
  versionnumber: version,
});
