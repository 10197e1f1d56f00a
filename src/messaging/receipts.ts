import { type Milliseconds, SECOND } from '../core/time.ts';
import type { House, Log } from '../ports.ts';
import type { ReceiptListener } from './provider.ts';

/** Waits before a receipt is looked up again: it may overtake the note that its message was sent. */
const AGAIN: readonly Milliseconds[] = [SECOND, 5 * SECOND, 30 * SECOND];

/** Writes receipts down. One that belongs to no message is dropped after some tries. */
export function receiptNoter(
  house: Pick<House, 'messages' | 'clock'>,
  log: Log,
): { readonly note: ReceiptListener; close(): Promise<void> } {
  const waiting = new Set<NodeJS.Timeout>();
  const writing = new Set<Promise<void>>();

  const attempt = (provider: string, reference: string, delivered: boolean, tries: number): void => {
    const work: Promise<void> = house.messages
      .receipt(provider, reference, delivered, house.clock.now())
      .then((noted) => {
        const wait = AGAIN[tries];
        if (noted === 'noted' || wait === undefined) return;
        const timer = setTimeout(() => {
          waiting.delete(timer);
          attempt(provider, reference, delivered, tries + 1);
        }, wait).unref();
        waiting.add(timer);
      })
      .catch((breakage: unknown) => log.error('sms.receipt', { provider, error: String(breakage) }))
      .finally(() => writing.delete(work));
    writing.add(work);
  };

  return {
    note: (provider, reference, delivered) => attempt(provider, reference, delivered, 0),
    close: async () => {
      for (const timer of waiting) clearTimeout(timer);
      await Promise.all(writing);
    },
  };
}
