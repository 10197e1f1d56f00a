import { readAddress } from '../core/access/cidr.ts';
import { accountBar, networksAllow, schedulesAllow } from '../core/access/criteria.ts';
import type { Allow } from '../core/access/route.ts';
import type { Account } from '../core/identity/account.ts';
import type { Policy } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { ChallengeAnswer, LiveCode, PendingVerification } from '../core/verification/challenge.ts';
import { isLookupCode } from '../core/verification/code.ts';
import type { RightCode, VerificationFacts } from '../core/verification/decide.ts';
import { matchCode, matchFresh, sameText } from '../core/verification/match.ts';
import { ocraMessage, ocraTimeStep, parseOcraSuite } from '../core/verification/ocra.ts';
import { serverQuestion } from '../core/verification/server-code.ts';
import { windowOf } from '../core/verification/window.ts';
import type { BoundAuthenticator, House } from '../ports.ts';
import { smsCodeOf } from './sms-code.ts';

/** A code that was submitted as an OTP: its text, or a test for the candidates of one that came hashed (CHAP). */
export type SubmittedCode = { readonly text: string | undefined; readonly isIt: (candidate: string) => boolean };

/** The submitted code as something candidates are compared with, in the same time wherever they differ. */
export const submitted = (text: string): SubmittedCode => ({
  text,
  isIt: (candidate) => sameText(candidate, text),
});

/** The authenticators a code is compared with: the person's with a moving factor, else one that belongs to nobody. */
function moving(house: Pick<House, 'authenticators'>, bound: readonly BoundAuthenticator[]) {
  const decoy = house.authenticators.decoy();
  const own = bound.filter(({ kind }) => kind === 'totp' || kind === 'hotp');
  return { authenticators: own.length > 0 ? own : [decoy], own: own.length > 0 };
}

/** What the code is within the acceptance windows alone: enough where it is accepted, and a few codes' work. */
export function freshMatches(
  house: Pick<House, 'authenticators'>,
  otp: Policy['otp'],
  bound: readonly BoundAuthenticator[],
  code: SubmittedCode,
  now: Instant,
): VerificationFacts['matches'] {
  const { authenticators, own } = moving(house, bound);
  const matches = authenticators.map((authenticator) => ({
    authenticator,
    match: matchFresh(authenticator, windowOf(authenticator, otp, now), code.isIt),
  }));
  return own ? matches : [];
}

/** What the code is within the whole label range, so that a refusal has a reason. A hashed code is not labelled. */
export function labelledMatches(
  house: Pick<House, 'authenticators'>,
  otp: Policy['otp'],
  bound: readonly BoundAuthenticator[],
  code: SubmittedCode,
  now: Instant,
): VerificationFacts['matches'] {
  const { text } = code;
  if (text === undefined) return freshMatches(house, otp, bound, code, now);
  const { authenticators, own } = moving(house, bound);
  const matches = authenticators.map((authenticator) => ({
    authenticator,
    match: matchCode(authenticator, windowOf(authenticator, otp, now), text),
  }));
  return own ? matches : [];
}

/** The live codes that count for this verification: those bound to nothing, to it, or to its challenge. */
export const liveFor = (live: readonly LiveCode[], ...boundTo: readonly (string | undefined)[]): readonly LiveCode[] =>
  live.filter((code) => code.boundTo === '' || boundTo.includes(code.boundTo));

/** The live codes of server-synchronised authenticators that the submitted code is. */
export const rightLive = (
  house: Pick<House, 'digests'>,
  bound: readonly BoundAuthenticator[],
  live: readonly LiveCode[],
  code: SubmittedCode,
): readonly RightCode[] =>
  live.flatMap((each) => {
    const authenticator = bound.find(({ id, kind }) => id === each.authenticatorId && kind === 'server');
    if (authenticator === undefined) return [];
    const question = serverQuestion(house.digests.hash, authenticator.id, each.nonce, each.contextHash);
    const right = code.isIt(authenticator.respond({ question, counter: each.counter }));
    return right ? [{ kind: 'live', authenticator, code: each.id } as const] : [];
  });

/** The recovery or temporary code of the account that the submitted code is. */
export async function rightLookup(
  house: Pick<House, 'lookups' | 'digests'>,
  accountId: string,
  code: SubmittedCode,
  now: Instant,
): Promise<readonly RightCode[]> {
  if (code.text === undefined || !isLookupCode(code.text)) return [];
  const mac = lookupMac(house.digests, accountId, code.text);
  const found = (await house.lookups.list(accountId, now)).filter((each) => house.digests.equal(each.mac, mac));
  return found.slice(0, 1).map(({ id }) => ({ kind: 'lookup', code: id }));
}

/** What of a look-up code is stored. */
export const lookupMac = (digests: Pick<House['digests'], 'mac'>, accountId: string, code: string): string =>
  digests.mac('lookup-code', `${accountId}|${code}`);

/**
 * What a code is to an OCRA question, for each of the person's authenticators that may answer: with the time of now and
 * a step each side, or with the next counters (RFC 6287 §7).
 */
export const rightResponses = (
  otp: Policy['otp'],
  bound: readonly BoundAuthenticator[],
  challenge: { readonly id: string; readonly question: string; readonly authenticatorId: string | undefined },
  code: SubmittedCode,
  now: Instant,
): readonly RightCode[] =>
  bound.flatMap((authenticator) => {
    const { id, kind, suite } = authenticator;
    if (kind !== 'ocra' || (challenge.authenticatorId ?? id) !== id) return [];
    const to = responseTo(authenticator, suite, challenge.question, otp, code, now);
    return to === 'none' ? [] : [{ kind: 'response', authenticator, challenge: challenge.id, to } as const];
  });

function responseTo(
  authenticator: BoundAuthenticator,
  suite: string,
  question: string,
  otp: Policy['otp'],
  code: SubmittedCode,
  now: Instant,
): number | undefined | 'none' {
  const read = parseOcraSuite(suite);
  // A PIN's digest or session information is nothing we hold.
  if (!read.ok || read.value.pin !== undefined || read.value.session !== undefined) return 'none';
  const { counter, step } = read.value;
  const present = ocraTimeStep(read.value, now);
  const steps = step === undefined || present === undefined ? [undefined] : [present, present - 1, present + 1];
  const from = Math.max(0, authenticator.movingFactor);
  const counters = counter ? Array.from({ length: otp.hotp.lookAhead + 1 }, (_, ahead) => from + ahead) : [undefined];
  let found: number | undefined | 'none' = 'none';
  for (const at of counters) {
    for (const timeStep of steps) {
      const input = { question, ...(at !== undefined && { counter: at }), ...(timeStep !== undefined && { timeStep }) };
      if (!ocraMessage(read.value, input).ok) return 'none';
      const hit = code.isIt(authenticator.respond(input));
      if (hit && found === 'none') found = at === undefined ? undefined : at + 1;
    }
  }
  return found;
}

/** What the answer to an SMS challenge is. The try is counted before it is looked at. */
export async function answerSms(
  house: Pick<House, 'challenges' | 'digests'>,
  digits: 6 | 8,
  pending: Pick<PendingVerification, 'id' | 'challengeId'> | undefined,
  code: string,
  now: Instant,
): Promise<ChallengeAnswer> {
  const id = pending?.challengeId;
  if (pending === undefined || id === undefined) return 'none';
  const tried = await house.challenges.reserveTry(id, now);
  const challenge = await house.challenges.find(id);
  if (tried !== 'tried') return tried;
  if (challenge?.method !== 'sms' || challenge.boundTo !== pending.id) return 'none';
  const right = house.digests.equal(smsCodeOf(challenge, digits, house.digests), code);
  // A challenge of nobody has a code like any other, which nobody was sent.
  return right && challenge.accountId !== undefined ? 'right' : 'wrong';
}

/** Why a place does not let a person in, whatever they prove. */
export function barOf(
  allow: Allow | undefined,
  account: Account | undefined,
  address: string,
  now: Instant,
): VerificationFacts['barred'] {
  if (allow === undefined) return undefined;
  if (account !== undefined && accountBar(allow, account) !== undefined) return 'policy-denied';
  if (!schedulesAllow(allow, now)) return 'policy-denied';
  if (allow.networks.length === 0) return undefined;
  const where = readAddress(address);
  if (where === undefined) return 'location-missing';
  return networksAllow(allow, where) ? undefined : 'policy-denied';
}
