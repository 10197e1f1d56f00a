import type { SmsProvider } from '../core/policy.ts';
import { type Instant, type Milliseconds, SECOND } from '../core/time.ts';
import { Breaker, type BreakerState } from './breaker.ts';
import { DeliveryFault, faultOf, type Outbound, type Provider } from './provider.ts';
import { openProvider, type ProviderParts } from './providers.ts';

/** What came of handing a message to the providers. */
export type Sending =
  | { readonly kind: 'sent'; readonly provider: string; readonly reference: string }
  | {
      readonly kind: 'failed';
      /** Which provider failed how, in words fit for log and audit: `kt timeout, backup http-503`. */
      readonly faults: string;
      /** False if every provider that worked refused this very message: trying again is of no use. */
      readonly retry: boolean;
      /** Before this moment no provider is asked again. */
      readonly notBefore: Instant;
    };

/** How a provider does. */
export type BreakerView = {
  readonly provider: string;
  readonly state: BreakerState;
  /** Failures in a row. */
  readonly failures: number;
  /** The moment of the next probe, while it is open. */
  readonly until: Instant | undefined;
};

type Link = { readonly settings: SmsProvider; readonly provider: Provider; readonly breaker: Breaker };

/** The providers of a configuration in their order, each behind a breaker of its own. */
export class Chain {
  readonly #links: readonly Link[];
  readonly #parts: ProviderParts;

  /** `before` gives over the providers whose settings did not change, with their connections and breakers. */
  constructor(settings: readonly SmsProvider[], parts: ProviderParts, before?: Chain) {
    this.#parts = parts;
    const old = before === undefined ? [] : before.#links;
    this.#links = settings.map(
      (each) =>
        old.find((link) => isSame(link.settings, each)) ?? {
          settings: each,
          provider: openProvider(each, parts),
          breaker: new Breaker(),
        },
    );
    const kept = new Set(this.#links);
    for (const link of old) {
      if (!kept.has(link)) void link.provider.close().catch(() => undefined);
    }
  }

  /** Longest time one message may take, with every provider tried. */
  get patience(): Milliseconds {
    return this.#links.reduce((sum, link) => sum + limitOf(link.settings), 0);
  }

  /** Tries the providers in order until one takes the message over. */
  async send(message: Outbound): Promise<Sending> {
    const { clock } = this.#parts;
    const faults: string[] = [];
    let refused = 0;
    for (const link of this.#links) {
      const { name } = link.provider;
      if (!link.breaker.admit(clock.now())) {
        faults.push(`${name} breaker-open`);
        continue;
      }
      try {
        const { reference } = await withLimit(link.provider.send(message), limitOf(link.settings));
        this.#note(link, () => link.breaker.worked());
        return { kind: 'sent', provider: name, reference };
      } catch (breakage) {
        const fault = faultOf(breakage);
        faults.push(`${name} ${fault.word}`);
        if (fault.blame === 'message') refused += 1;
        this.#note(link, () => (fault.blame === 'message' ? link.breaker.worked() : link.breaker.failed(clock.now())));
      }
    }
    const probes = this.#links.map(({ breaker }) => (breaker.state === 'open' ? breaker.until : 0));
    return {
      kind: 'failed',
      faults: faults.join(', '),
      retry: refused < this.#links.length,
      notBefore: probes.length === 0 ? 0 : Math.min(...probes),
    };
  }

  breakers(): readonly BreakerView[] {
    return this.#links.map(({ provider, breaker }) => ({
      provider: provider.name,
      state: breaker.state,
      failures: breaker.failures,
      until: breaker.state === 'open' ? breaker.until : undefined,
    }));
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#links.map((link) => link.provider.close()));
  }

  /** Logs a breaker that changed its state. */
  #note({ provider, breaker }: Link, change: () => void): void {
    const before = breaker.state;
    change();
    if (breaker.state === before) return;
    const fields = { provider: provider.name, from: before, to: breaker.state, failures: breaker.failures };
    this.#parts.log[breaker.state === 'open' ? 'warn' : 'info']('sms.breaker', fields);
  }
}

/** Room for a provider's own time limit to be met first. */
const GRACE: Milliseconds = SECOND;
const FILE_LIMIT: Milliseconds = 5 * SECOND;

/** Connecting and submitting have the limit each. */
function limitOf(settings: SmsProvider): Milliseconds {
  switch (settings.type) {
    case 'file':
      return FILE_LIMIT;
    case 'http':
      return settings.timeout + GRACE;
    case 'smpp':
      return 3 * settings.timeout + GRACE;
  }
}

async function withLimit<T>(promise: Promise<T>, limit: Milliseconds): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new DeliveryFault('timeout')), limit);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** True if two settings mean the same provider in every respect. */
const isSame = (left: SmsProvider, right: SmsProvider): boolean =>
  JSON.stringify(left) === JSON.stringify(right) && secretOf(left) === secretOf(right);

function secretOf(settings: SmsProvider): string {
  if (settings.type === 'http') return settings.token?.reveal() ?? '';
  return settings.type === 'smpp' ? settings.password.reveal() : '';
}
