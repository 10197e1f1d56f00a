import { join } from 'node:path';
import type { Policy, SmsProvider } from '../../src/core/policy.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import type { Challenge } from '../../src/core/verification/challenge.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { type Sender, startSender } from '../../src/messaging/sender.ts';
import type { Message } from '../../src/ports.ts';
import type { Stores } from '../../src/stores/open.ts';
import { policyOf, SMS_CODE } from '../portal/policy.ts';
import { addAccount, event, openFixture } from '../stores/fixture.ts';
import { keptLog } from './parts.ts';

export const NUMBER = '010-1234-5678';

/** Real stores and digests, people with numbers, and senders that look into the queue every few milliseconds. */
export async function openPost() {
  const fixture = await openFixture();
  const digests = createDigests(loadMasterKey(join(fixture.folder, 'data', 'master.key')), systemRandom);
  const log = keptLog();
  const senders: Sender[] = [];
  const kim = await addAccount(fixture.stores);
  let asked = 0;

  const policyWith = (providers: readonly SmsProvider[]): Policy =>
    policyOf([], { sms: { providers, code: SMS_CODE } });

  const start = (policy: () => Policy, stores: Stores = fixture.stores): Sender => {
    const house = { ...stores, clock: fixture.options.clock, digests };
    const sender = startSender({ policy, house, log, every: 5 });
    senders.push(sender);
    return sender;
  };

  /** Puts a challenge and its message into the queue, as a flow does. */
  const ask = async (changes: Partial<Challenge> = {}): Promise<Challenge> => {
    asked += 1;
    const now = fixture.time.now;
    const challenge: Challenge = {
      id: `ch_${asked}`,
      accountId: kim.id,
      login: 'kim',
      method: 'sms',
      boundTo: `tx_${asked}`,
      authenticatorId: undefined,
      question: '',
      attempts: 0,
      maxAttempts: 5,
      state: 'open',
      createdAt: now,
      expiresAt: now + 3 * MINUTE,
      resendAfter: now + 30 * SECOND,
      ...changes,
    };
    const message = { to: NUMBER, language: 'ko', host: 'sso.corp.example', address: `192.0.2.${asked}` } as const;
    const none = { count: 1000, per: MINUTE };
    const limits = { perNumber: none, perUser: none, perAddress: none, perDay: 1000, budget: 10_000 };
    const added = await fixture.stores.challenges.add(challenge, message, limits, event('challenge.created', now));
    if (added.kind !== 'added') throw new Error(added.kind);
    return challenge;
  };

  return {
    ...fixture,
    digests,
    log,
    policyWith,
    start,
    ask,
    codeOf: (challenge: Challenge): string => smsCodeOf(challenge, 6, digests),
    counts: (): Promise<Readonly<Record<Message['state'], number>>> => fixture.stores.messages.counts(0),
    audited: async (kind: string): Promise<readonly string[]> =>
      (await fixture.stores.audit.read({ limit: 100, kind })).map(
        ({ login, reason, detail }) => `${login} ${reason} ${JSON.stringify(detail)}`,
      ),
    remove: async (): Promise<void> => {
      for (const sender of senders) await sender.close();
      await fixture.remove();
    },
  };
}

export type Post = Awaited<ReturnType<typeof openPost>>;
