import { dialled } from '../core/identity/phone.ts';
import type { Policy } from '../core/policy.ts';
import { type Instant, type Milliseconds, SECOND } from '../core/time.ts';
import type { Challenge } from '../core/verification/challenge.ts';
import { auditEvent } from '../flows/origin.ts';
import type { House, Log, Message } from '../ports.ts';
import { type BreakerView, Chain } from './chain.ts';
import { type TextPorts, textOf } from './message-text.ts';
import { receiptNoter } from './receipts.ts';

export type SenderPorts = TextPorts & Pick<House, 'clock' | 'messages' | 'challenges'>;

export type SenderParts = {
  readonly policy: () => Policy;
  readonly house: SenderPorts;
  readonly log: Log;
  /** How often the queue is looked into. */
  readonly every?: Milliseconds;
};

/** Sends what is queued, until it is closed. */
export type Sender = {
  /** Looks into the queue now. */
  kick(): void;
  /** How each provider does, in the order of the configuration. */
  breakers(): readonly BreakerView[];
  /** A provider's receipt for a message, for providers that call back over HTTP. */
  noteReceipt(provider: string, reference: string, delivered: boolean): void;
  /** Takes no more messages, lets those under way finish, closes connections. */
  close(): Promise<void>;
};

const LOOK_EVERY: Milliseconds = 250;

/** Messages that are sent at the same time. */
const MOST_AT_ONCE = 32;

/** What a lease is longer than sending takes: looking things up, and writing down what came of it. */
const LEASE_MARGIN: Milliseconds = 10 * SECOND;

/**
 * Starts to send queued messages. Every process may run one: a message is taken under a lease, so that one whose taker
 * died is sent by another, at most once more. The code is derived when it is sent; it stands in no row and in no log.
 */
export function startSender({ policy, house, log, every = LOOK_EVERY }: SenderParts): Sender {
  const noter = receiptNoter(house, log);
  const parts = { clock: house.clock, log, onReceipt: noter.note };
  let settings = policy().sms.providers;
  let chain = new Chain(settings, parts);
  const flying = new Set<Promise<void>>();
  let closing = false;
  let looking: Promise<void> | undefined;
  let lookAgain = false;

  const present = (): Chain => {
    const wanted = policy().sms.providers;
    if (wanted !== settings) {
      settings = wanted;
      chain = new Chain(wanted, parts, chain);
    }
    return chain;
  };

  const look = async (): Promise<void> => {
    const through = present();
    const room = MOST_AT_ONCE - flying.size;
    if (settings.length === 0 || room <= 0) return;
    const due = await house.messages.claim(room, house.clock.now(), through.patience + LEASE_MARGIN);
    for (const message of due) {
      const work: Promise<void> = carry({ house, policy: policy(), chain: through }, message)
        .catch((breakage: unknown) => log.error('sms.carry', { message: message.id, error: String(breakage) }))
        .finally(() => {
          flying.delete(work);
          // Where there was no room for all, the next one is waiting.
          if (due.length === room) kick();
        });
      flying.add(work);
    }
  };

  const kick = (): void => {
    if (closing) return;
    lookAgain = looking !== undefined;
    if (lookAgain) return;
    looking = look()
      .catch((breakage: unknown) => log.error('sms.queue', { error: String(breakage) }))
      .finally(() => {
        looking = undefined;
        if (lookAgain) kick();
      });
  };

  const timer = setInterval(kick, every).unref();
  kick();
  return {
    kick,
    breakers: () => chain.breakers(),
    noteReceipt: noter.note,
    close: async () => {
      closing = true;
      clearInterval(timer);
      await looking;
      await Promise.all(flying);
      await chain.close();
      await noter.close();
    },
  };
}

type Carrying = { readonly house: SenderPorts; readonly policy: Policy; readonly chain: Chain };

/** Sends one message, unless what it is about is over, and writes down what came of it. */
async function carry({ house, policy, chain }: Carrying, message: Message): Promise<void> {
  const now = house.clock.now();
  const challenge = await house.challenges.find(message.challengeId);
  if (challenge === undefined || challenge.state !== 'open' || challenge.expiresAt <= now) {
    return failed(house, message, challenge, 'challenge-over', undefined);
  }
  const text = await textOf(house, policy, message, challenge, now);
  if (text === undefined) return failed(house, message, challenge, 'payment-over', undefined);
  const sending = await chain.send({ id: message.id, to: dialled(message.to), text });
  const at = house.clock.now();
  if (sending.kind === 'sent') {
    const { provider, reference } = sending;
    const event = eventOf('sms.sent', at, challenge, '', { message: message.id, provider, tries: message.tries });
    return house.messages.sent(message.id, provider, reference, event);
  }
  const again = Math.max(at + pauseAfter(message.tries), sending.notBefore);
  const retry = sending.retry && again < challenge.expiresAt;
  return failed(house, message, challenge, sending.faults, retry ? again : undefined);
}

/** Pauses before the second, third … try; the last one repeats for as long as the challenge lives. */
const PAUSES: readonly Milliseconds[] = [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, 15 * SECOND];

const pauseAfter = (tries: number): Milliseconds =>
  PAUSES[Math.min(Math.max(0, tries - 1), PAUSES.length - 1)] ?? SECOND;

function failed(
  house: SenderPorts,
  message: Message,
  challenge: Challenge | undefined,
  faults: string,
  again: Instant | undefined,
): Promise<void> {
  const detail = { message: message.id, again: again !== undefined, tries: message.tries };
  const event = eventOf('sms.failed', house.clock.now(), challenge, faults, detail);
  return house.messages.failed(message.id, faults, again, event);
}

function eventOf(
  kind: 'sms.sent' | 'sms.failed',
  at: Instant,
  challenge: Challenge | undefined,
  reason: string,
  detail: Readonly<Record<string, string | number | boolean>>,
) {
  const origin = { actor: 'system', address: '', request: '' };
  return auditEvent(kind, at, origin, { login: challenge?.login ?? '', reason, detail });
}
