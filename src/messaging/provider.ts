import type { SmsProvider } from '../core/policy.ts';

/** One text message, ready to be handed to a provider. */
export type Outbound = {
  /** Our own identifier of the message: the same when it is tried again. */
  readonly id: string;
  /** Number without spaces and hyphens, `+` and country code in front if it was stored so. */
  readonly to: string;
  readonly text: string;
};

/** One way of sending text messages. */
export type Provider = {
  readonly name: string;
  /**
   * Resolves with the provider's own identifier of the message (the empty string if it gave none) once it has taken it
   * over; rejects with a `DeliveryFault` otherwise.
   */
  send(message: Outbound): Promise<{ readonly reference: string }>;
  /** Closes connections. What is being sent may fail. */
  close(): Promise<void>;
};

/** Told of a delivery receipt that came over a provider's own connection. */
export type ReceiptListener = (provider: string, reference: string, delivered: boolean) => void;

/**
 * Why a message was not taken over, in a word that names neither number nor text. `message`: the provider works and
 * refuses this very message; `provider`: nothing can be said about the message.
 */
export class DeliveryFault extends Error {
  override readonly name = 'DeliveryFault';
  readonly word: string;
  readonly blame: 'provider' | 'message';

  constructor(word: string, blame: 'provider' | 'message' = 'provider') {
    super(word);
    this.word = word;
    this.blame = blame;
  }
}

/** Settings of one kind of provider. */
export type SettingsOf<Type extends SmsProvider['type']> = Extract<SmsProvider, { readonly type: Type }>;

/** What a fault of any kind is called in log and audit. */
export function faultOf(breakage: unknown): DeliveryFault {
  if (breakage instanceof DeliveryFault) return breakage;
  const code = breakage instanceof Error && 'code' in breakage ? String(breakage.code) : '';
  return new DeliveryFault(/^[A-Z0-9_]{1,40}$/.test(code) ? code.toLowerCase() : 'failed');
}
