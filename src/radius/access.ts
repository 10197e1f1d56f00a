import type { RadiusClient } from '../core/policy.ts';
import { type Instant, SECOND } from '../core/time.ts';
import type { AuthenticationOutcome, AuthenticationRequest } from '../core/verification/authentication.ts';
import type { Log } from '../ports.ts';
import { type AccessRequest, type Given, givenFirst, givenNext, type Waiting } from './access-request.ts';
import { uint32 } from './attributes.ts';
import { ATTRIBUTE, CODE, type NewAttribute } from './packet.ts';
import { replyAttributes } from './reply-attributes.ts';
import { promptMessage, refusedMessage } from './reply-message.ts';
import { SpentStates, stateOf, transactionOf } from './states.ts';

/** What is answered, before it is made a packet for one request. */
export type Decision = {
  readonly code: typeof CODE.accessAccept | typeof CODE.accessReject | typeof CODE.accessChallenge;
  readonly attributes: readonly NewAttribute[];
};

/** The verifier and what it has under way. */
export type Verifier = {
  authenticate(request: AuthenticationRequest): Promise<AuthenticationOutcome>;
  /** Undefined when unknown, spent or expired. */
  waiting(id: string, now: Instant): Promise<Waiting | undefined>;
};

/** What is known of one Access-Request beside what it says. */
export type AccessContext = {
  readonly client: RadiusClient;
  /** Where the packet came from. */
  readonly source: string;
  readonly now: Instant;
  /** Short number of the request. */
  readonly request: string;
  readonly language: AuthenticationRequest['language'];
};

const PROMPT_NO_ECHO = 0;

/** The same for everything that can be wrong. */
export const reject = (language: AccessContext['language']): Decision => ({
  code: CODE.accessReject,
  attributes: [{ type: ATTRIBUTE.replyMessage, value: refusedMessage(language) }],
});

/** Turns Access-Requests into questions for the verifier, and its outcomes into decisions. */
export class Access {
  readonly #verifier: Verifier;
  readonly #log: Log;
  readonly #spent = new SpentStates();

  constructor(verifier: Verifier, log: Log) {
    this.#verifier = verifier;
    this.#log = log;
  }

  /** Throws where no decision could be made; then nothing is answered. */
  async decide(access: AccessRequest, context: AccessContext): Promise<Decision> {
    if (access.state === undefined) return this.#first(access, context);
    const id = transactionOf(access.state);
    const waiting = id === undefined ? undefined : await this.#verifier.waiting(id, context.now);
    if (waiting === undefined || isOver(waiting, context)) {
      return context.client.foreignState === 'ignore' ? this.#first(access, context) : reject(context.language);
    }
    return this.#next(access, context, waiting);
  }

  async #first(access: AccessRequest, context: AccessContext): Promise<Decision> {
    const outcome = await this.#ask(access, context, givenFirst(context.client, access.typed), undefined);
    return this.#decisionOf(outcome, context);
  }

  async #next(access: AccessRequest, context: AccessContext, waiting: Waiting): Promise<Decision> {
    const { client, now } = context;
    const pending = waiting.verification;
    const isTheirs =
      pending.boundTo === boundTo(context) && pending.app === client.name && pending.login === access.login;
    if (!isTheirs || !this.#spent.spend(pending.id, pending.expiresAt, now)) return reject(context.language);
    try {
      const outcome = await this.#ask(access, context, givenNext(waiting, access.typed), pending.id);
      if (outcome.kind === 'challenge') this.#spent.giveBack(pending.id);
      return this.#decisionOf(outcome, context);
    } catch (breakage) {
      this.#spent.giveBack(pending.id);
      throw breakage;
    }
  }

  #ask(
    { login, address }: AccessRequest,
    context: AccessContext,
    given: Given,
    pending: string | undefined,
  ): Promise<AuthenticationOutcome> {
    const { client, request, language } = context;
    const { name, otp, otpRules, smsFallback } = client;
    return this.#verifier.authenticate({
      channel: 'radius',
      boundTo: boundTo(context),
      place: { name, otp, otpRules, smsFallback },
      allow: client.allow,
      login,
      need: client.requirement.factors,
      ...given,
      pending,
      address,
      request,
      language,
      host: '',
    });
  }

  #decisionOf(outcome: AuthenticationOutcome, context: AccessContext): Decision {
    switch (outcome.kind) {
      case 'accepted':
        return this.#accept(outcome, context);
      case 'challenge':
        return challenge(outcome, context);
      case 'rejected':
      case 'locked':
      case 'gone':
      case 'missing':
      case 'limited':
        return reject(context.language);
    }
  }

  /** An Access-Accept that cannot carry what the rules say is none: what it lacks may be what restricts. */
  #accept(
    { account, proofs }: Extract<AuthenticationOutcome, { kind: 'accepted' }>,
    { client, request, language }: AccessContext,
  ): Decision {
    try {
      const attributes = replyAttributes(client.reply, { account, proofs, client: client.name, request });
      return { code: CODE.accessAccept, attributes };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#log.error('radius.reply', { client: client.name, request, error: error.message });
      return reject(language);
    }
  }
}

const boundTo = ({ client, source }: AccessContext): string => `radius:${client.name}|${source}`;

/** A State ends with its verification, or sooner if the client's configuration says so. */
const isOver = ({ verification }: Waiting, { client, now }: AccessContext): boolean =>
  now - verification.createdAt >= client.challengeTtl;

function challenge(
  { transaction, expiresAt, need }: Extract<AuthenticationOutcome, { kind: 'challenge' }>,
  { client, now, language }: AccessContext,
): Decision {
  const seconds = Math.max(1, Math.floor(Math.min(expiresAt - now, client.challengeTtl) / SECOND));
  return {
    code: CODE.accessChallenge,
    attributes: [
      { type: ATTRIBUTE.replyMessage, value: promptMessage(language, need) },
      { type: ATTRIBUTE.state, value: stateOf(transaction) },
      { type: ATTRIBUTE.sessionTimeout, value: uint32(seconds) },
      { type: ATTRIBUTE.prompt, value: uint32(PROMPT_NO_ECHO) },
    ],
  };
}
