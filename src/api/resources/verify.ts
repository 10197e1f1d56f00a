import { z } from 'zod';
import type { Allow } from '../../core/access/route.ts';
import type { Factor } from '../../core/identity/factors.ts';
import { MINUTE } from '../../core/time.ts';
import type { AuthenticationOutcome } from '../../core/verification/authentication.ts';
import type { OtpPlace } from '../../core/verification/demand.ts';
import { authenticate } from '../../flows/authenticate.ts';
import { placeFor } from '../../flows/place.ts';
import {
  acceptSchema,
  acceptView,
  challengeSchema,
  lockedView,
  offerView,
  rejectSchema,
  rejectView,
  secondsUntil,
} from '../decision.ts';
import { badRequest } from '../input.ts';
import { type Answer, type Call, operation } from '../operation.ts';
import { problem } from '../problems.ts';
import {
  appField,
  appOf,
  contextField,
  credentialFields,
  factorsOf,
  loginOf,
  readCredentials,
  userField,
} from '../subject.ts';
import { seconds } from '../views.ts';

const bodySchema = z
  .strictObject({
    user: userField.optional(),
    auth: z.string().min(1).max(64).optional().meta({
      description: 'What has to be proved, such as `id+pw+otp`; left out, the policy for `app` decides',
    }),
    app: appField.optional(),
    ...credentialFields,
    transaction: z.string().min(1).max(64).optional().meta({ description: 'A verification under way, to go on with' }),
    context: contextField,
  })
  .refine((body) => body.user !== undefined || body.transaction !== undefined, {
    path: ['user'],
    message: 'user, or a transaction to go on with, is needed',
  });

type VerifyCall = Call<unknown, unknown, z.output<typeof bodySchema>>;

/** Whose credentials are verified, where they count, and what is asked for. */
type Subject = {
  readonly login: string;
  readonly app: string;
  readonly place: OtpPlace;
  readonly allow: Allow | undefined;
  readonly need: readonly Factor[];
};

/** `POST /verify`: the one call an application needs. */
export const verifyOperation = operation({
  id: 'verify',
  method: 'post',
  path: '/verify',
  scopes: ['verify'],
  tag: 'Verification',
  summary: 'Verify credentials',
  description:
    'Answers 200 with a decision; only `accept` is one in favour. Every other status means that no decision was made. A code is used up by being accepted.',
  bodySchema,
  idempotentFor: MINUTE,
  answers: {
    200: {
      description: 'A decision',
      schema: z.discriminatedUnion('result', [acceptSchema, rejectSchema, challengeSchema]).meta({ id: 'Decision' }),
    },
    410: { description: 'The transaction is gone' },
  },
  handle: async (call) => {
    const { body, client, by, policy, parts } = call;
    const subject = await subjectOf(call);
    const outcome = await authenticate(parts.house, policy, {
      channel: 'api',
      boundTo: `api:${client.name}`,
      place: subject.place,
      allow: subject.allow,
      login: subject.login,
      need: subject.need,
      credentials: readCredentials(subject.login, body),
      pending: body.transaction,
      address: body.context?.ip ?? by.address,
      request: by.request,
      language: call.language,
      host: '',
    });
    return answerOf(call, outcome, subject.app);
  },
});

async function subjectOf(call: VerifyCall): Promise<Subject> {
  const { body } = call;
  if (body.transaction !== undefined) return pendingSubject(call, body.transaction);
  const app = appOf(call, body.app);
  const asked = body.auth === undefined ? undefined : factorsOf(body.auth);
  const login = loginOf(body.user ?? '');
  const found = placeFor(call.policy, app, asked);
  if (found !== undefined) return { login, app, ...found };
  if (asked === undefined) throw badRequest({ path: 'auth', message: 'the policy has none for this application' });
  throw problem('auth_too_weak', 'the policy asks more of this application than the call');
}

/**
 * The subject of a verification under way is the one it began with. A call that names another person or application, or a
 * policy that became stricter meanwhile, ends it.
 */
async function pendingSubject(call: VerifyCall, id: string): Promise<Subject> {
  const { body, parts, client, now, policy } = call;
  const pending = await parts.house.pending.find(id, now);
  const isOurs = pending !== undefined && pending.boundTo === `api:${client.name}`;
  const isSame = body.user === undefined || loginOf(body.user) === pending?.login;
  const found = pending === undefined ? undefined : placeFor(policy, pending.app, pending.need);
  if (!isOurs || !isSame || found === undefined || appOf(call, body.app ?? pending.app) !== pending.app) {
    throw gone();
  }
  return { login: pending.login, app: pending.app, ...found };
}

const gone = () => problem('transaction_gone', 'begin again without a transaction');

async function answerOf(call: VerifyCall, outcome: AuthenticationOutcome, app: string): Promise<Answer> {
  switch (outcome.kind) {
    case 'accepted':
      return { status: 200, body: await acceptView(call, outcome, app) };
    case 'challenge': {
      const { transaction, expiresAt, need } = outcome;
      const offers = need.map((offer) => offerView(offer, call.now));
      return { status: 200, body: { result: 'challenge', transaction, expires_at: seconds(expiresAt), need: offers } };
    }
    case 'rejected':
      return { status: 200, body: rejectView(call, outcome.reason) };
    case 'locked':
      return { status: 200, body: lockedView(call, outcome.until) };
    case 'gone':
      throw gone();
    case 'missing':
      throw badRequest(...outcome.factors.map((factor) => ({ path: FIELD[factor], message: 'this is asked for' })));
    case 'limited':
      throw problem('rate_limited', 'too many messages', { retry_after: secondsUntil(outcome.until, call.now) });
  }
}

const FIELD: Readonly<Record<Factor, string>> = { pw: 'password', pin: 'pin', otp: 'otp', sms: 'sms' };
