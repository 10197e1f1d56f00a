import type { Authenticator } from '../core/identity/account.ts';
import type { Policy } from '../core/policy.ts';
import type { Challenge } from '../core/verification/challenge.ts';
import { parseOcraSuite } from '../core/verification/ocra.ts';
import type { House, Random } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';
import { type ChallengePorts, draftChallenge, type NewChallenge } from './text-message.ts';

/** The authenticator of an account that a question is put to; undefined where it has none of the kind. */
export async function authenticatorFor(
  house: Pick<House, 'authenticators'>,
  accountId: string,
  kind: 'server' | 'ocra',
  id?: string,
): Promise<Authenticator | undefined> {
  const own = await house.authenticators.list(accountId);
  return own.find((each) => each.kind === kind && each.status === 'active' && (id === undefined || each.id === id));
}

/** A random question of a suite's form; eight decimal digits where there is no suite. */
export function randomQuestion(random: Random, suite: string): string {
  const read = parseOcraSuite(suite);
  const { format, length } = read.ok ? read.value.question : { format: 'N', length: 8 };
  const alphabet =
    format === 'H' ? '0123456789abcdef' : format === 'A' ? 'ABCDEFGHJKMNPQRSTVWXYZ23456789' : '0123456789';
  let question = '';
  while (question.length < length) {
    for (const byte of random.bytes(length)) {
      // What does not divide the alphabet evenly is thrown away: every character is as likely as any other.
      const fair = byte < 256 - (256 % alphabet.length);
      if (fair && question.length < length) question += alphabet.charAt(byte % alphabet.length);
    }
  }
  return question;
}

/** Stores a challenge that no message goes with. */
export async function addQuestion(
  house: ChallengePorts,
  policy: Pick<Policy, 'sms'>,
  about: NewChallenge,
  by: Origin,
): Promise<Challenge> {
  const now = house.clock.now();
  const challenge = draftChallenge(house, policy.sms, about, now);
  const event = auditEvent('challenge.created', now, by, {
    login: about.login,
    route: about.app,
    detail: { method: about.method },
  });
  await house.challenges.add(challenge, undefined, policy.sms.code, event);
  return challenge;
}
