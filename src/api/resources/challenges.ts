import { z } from 'zod';
import { MINUTE, SECOND } from '../../core/time.ts';
import { codeFault, normaliseCode } from '../../core/verification/code.ts';
import { answerChallenge, type ChallengeReply } from '../../flows/answer-challenge.ts';
import { onBeat, refuseOnBeat } from '../../flows/beat.ts';
import { type ChallengeRequest, cancelChallenge, createChallenge, resendChallenge } from '../../flows/challenges.ts';
import { acceptSchema, acceptView, lockedView, rejectSchema, rejectView, secondsUntil } from '../decision.ts';
import { badRequest } from '../input.ts';
import { type Answer, type Operation, operation } from '../operation.ts';
import { problem } from '../problems.ts';
import { appField, appOf, contextField, loginOf, userField } from '../subject.ts';
import {
  boundTo,
  challengeStateSchema,
  changesOf,
  demandEnough,
  gone,
  isOpen,
  next,
  noProvider,
  own,
  viewOf,
} from './challenge-state.ts';

const path = z.strictObject({ id: z.string().max(64) });
const tag = 'Challenges';
const GONE = { 410: { description: 'The challenge is gone' } };
const LONGEST_WAIT = 25;

const limited = (until: number, now: number) =>
  problem('rate_limited', 'too many messages', { retry_after: secondsUntil(until, now) });

/** `/challenges`: outstanding questions, made and answered apart from a verification. */
export const challengeOperations: readonly Operation[] = [
  operation({
    id: 'createChallenge',
    method: 'post',
    path: '/challenges',
    scopes: ['verify'],
    tag,
    summary: 'Create a challenge',
    description:
      'Sends a code by SMS, issues a server-synchronised code, or asks an OCRA question. A login that does not exist gets the same answer; nothing is sent then.',
    bodySchema: z.strictObject({
      user: userField,
      method: z.enum(['sms', 'server', 'ocra', 'push']),
      app: appField.optional(),
      authenticator: z.string().min(1).max(64).optional().meta({ description: 'Token that has to answer' }),
      question: z
        .string()
        .regex(/^[A-Za-z0-9]{4,64}$/, '4 to 64 letters and digits')
        .optional()
        .meta({ description: 'OCRA question; left out, one is made' }),
      purpose: z
        .string()
        .min(1)
        .max(1024)
        .optional()
        .meta({ description: 'What a server-synchronised code is bound to' }),
      context: contextField,
    }),
    idempotentFor: 10 * MINUTE,
    answers: { 201: { description: 'It can be answered', schema: challengeStateSchema } },
    handle: async (call) => {
      const { body, parts, policy, by, language, now, client } = call;
      const app = appOf(call, body.app);
      if (body.method === 'push') throw problem('not_available', 'push is not offered');
      demandEnough(policy, app, body.method);
      const asked: ChallengeRequest = {
        login: loginOf(body.user),
        method: body.method,
        boundTo: boundTo(call),
        ...(body.authenticator === undefined ? {} : { authenticatorId: body.authenticator }),
        ...(body.question === undefined ? {} : { question: body.question }),
        ...(body.purpose === undefined ? {} : { context: body.purpose }),
        by: { ...by, address: body.context?.ip ?? by.address },
        language,
        host: '',
        app,
      };
      const created = await onBeat(() => createChallenge(parts.house, policy, asked));
      if (created.kind === 'limited') throw limited(created.until, now);
      if (created.kind === 'unavailable') throw noProvider();
      const { live, target } = created;
      const isShown = live !== undefined && client.scopes.includes('tokens:issue');
      return {
        status: 201,
        body: {
          ...viewOf(created.challenge, now),
          ...(target === undefined ? {} : { target }),
          ...(isShown ? { live: { counter: live.counter, nonce: Buffer.from(live.nonce).toString('hex') } } : {}),
        },
      };
    },
  }),
  operation({
    id: 'getChallenge',
    method: 'get',
    path: '/challenges/{id}',
    scopes: ['verify'],
    tag,
    summary: 'Look at a challenge, or wait for it to change',
    description:
      'With `wait` the answer comes when the state changes, or after so many seconds. With `Accept: text/event-stream` every change comes as an event `state` until the challenge is closed.',
    pathSchema: path,
    querySchema: z.strictObject({
      wait: z
        .string()
        .regex(/^\d{1,2}$/, 'seconds, 0 to 25')
        .transform(Number)
        .refine((wait) => wait <= LONGEST_WAIT, 'seconds, 0 to 25')
        .default(0)
        .meta({ override: { type: 'integer', minimum: 0, maximum: LONGEST_WAIT, default: 0 } }),
    }),
    answers: { 200: { description: 'Its state', schema: challengeStateSchema, also: 'text/event-stream' }, ...GONE },
    handle: async (call): Promise<Answer> => {
      const { house } = call.parts;
      const { challenge: found, bond } = await own(call, call.path.id);
      if (/\btext\/event-stream\b/i.test(call.accept)) return { status: 200, events: changesOf(call, found, bond) };
      const wait = call.query.wait * SECOND;
      const seen =
        wait === 0 || !isOpen(found, call.now) ? found : ((await next(call, found, bond, call.now + wait)) ?? found);
      return { status: 200, body: viewOf(seen, house.clock.now()) };
    },
  }),
  operation({
    id: 'answerChallenge',
    method: 'post',
    path: '/challenges/{id}/answer',
    scopes: ['verify'],
    tag,
    summary: 'Answer a challenge',
    description: 'A code counts once. What is wrong counts as an attempt, of the challenge and of the person.',
    pathSchema: path,
    bodySchema: z.strictObject({
      code: z.string().min(1).max(64),
      app: appField.optional(),
      context: contextField,
    }),
    idempotentFor: MINUTE,
    answers: {
      200: {
        description: 'A decision',
        schema: z.discriminatedUnion('result', [acceptSchema, rejectSchema]).meta({ id: 'AnswerDecision' }),
      },
      ...GONE,
    },
    handle: async (call) => {
      const { parts, policy, body, by } = call;
      const app = appOf(call, body.app);
      if (codeFault(body.code) !== undefined) {
        throw badRequest({ path: 'code', message: 'this has not the form of a code' });
      }
      const { challenge, bond } = await own(call, call.path.id);
      // A part of a verification under way is answered there, with everything else that is asked for.
      if (bond !== boundTo(call)) throw gone();
      demandEnough(policy, app, challenge.method);
      const reply: ChallengeReply = {
        id: call.path.id,
        boundTo: boundTo(call),
        code: normaliseCode(body.code),
        app,
        channel: 'api',
        address: body.context?.ip ?? by.address,
        request: by.request,
      };
      const outcome = await refuseOnBeat(
        () => answerChallenge(parts.house, policy, reply),
        ({ kind }) => kind !== 'accepted',
      );
      if (outcome.kind === 'gone') throw gone();
      if (outcome.kind === 'rejected') return { status: 200, body: rejectView(call, outcome.reason) };
      if (outcome.kind === 'locked') return { status: 200, body: lockedView(call, outcome.until) };
      return { status: 200, body: await acceptView(call, { ...outcome, transaction: call.path.id }, app) };
    },
  }),
  operation({
    id: 'resendChallenge',
    method: 'post',
    path: '/challenges/{id}/resend',
    scopes: ['verify'],
    tag,
    summary: 'Send the message of a challenge again',
    description: 'It says the same code.',
    pathSchema: path,
    idempotentFor: MINUTE,
    answers: { 202: { description: 'It is on its way', schema: z.object({ id: z.string() }) }, ...GONE },
    handle: async (call) => {
      const { parts, policy, by, language, now } = call;
      const { id } = call.path;
      const { bond } = await own(call, id);
      const asked = { id, boundTo: bond, by, language, host: '' };
      const sent = await onBeat(() => resendChallenge(parts.house, policy, asked));
      if (sent.kind === 'limited') throw limited(sent.until, now);
      if (sent.kind === 'gone') throw gone();
      return { status: 202, body: { id } };
    },
  }),
  operation({
    id: 'cancelChallenge',
    method: 'post',
    path: '/challenges/{id}/cancel',
    scopes: ['verify'],
    tag,
    summary: 'Give a challenge up',
    pathSchema: path,
    idempotentFor: 10 * MINUTE,
    answers: { 204: { description: 'No answer to it counts any more' }, ...GONE },
    handle: async (call) => {
      const { parts, by } = call;
      const { bond } = await own(call, call.path.id);
      const outcome = await cancelChallenge(parts.house, { id: call.path.id, boundTo: bond, by });
      if (outcome.kind === 'gone') throw gone();
      return { status: 204 };
    },
  }),
];
