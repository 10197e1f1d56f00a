import { dialled } from '../core/identity/phone.ts';
import type { Language, Policy } from '../core/policy.ts';
import type { Clock, Log } from '../ports.ts';
import { testText } from '../texts/sms/sms-texts.ts';
import { faultOf } from './provider.ts';
import { openProvider } from './providers.ts';

/** What one provider did with a trial message. */
export type Trial = {
  readonly provider: string;
  /** Undefined if it took the message over; otherwise why not, in a word. */
  readonly fault: string | undefined;
};

/** Sends a message without a code through every provider in turn, to see that each of them works. */
export async function sendTestMessage(
  policy: Policy,
  to: string,
  { clock, log, language }: { readonly clock: Clock; readonly log: Log; readonly language: Language },
): Promise<readonly Trial[]> {
  const message = { id: `test-${clock.now()}`, to: dialled(to), text: testText(language, policy.pages.brand.name) };
  const trials: Trial[] = [];
  for (const settings of policy.sms.providers) {
    const provider = openProvider(settings, { clock, log, onReceipt: () => undefined });
    const fault = await provider.send(message).then(
      () => undefined,
      (breakage: unknown) => faultOf(breakage).word,
    );
    await provider.close();
    trials.push({ provider: settings.name, fault });
  }
  return trials;
}
