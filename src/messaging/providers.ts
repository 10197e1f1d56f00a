import type { SmsProvider } from '../core/policy.ts';
import type { Clock, Log } from '../ports.ts';
import { createFileProvider } from './file.ts';
import { createHttpProvider } from './http.ts';
import type { Provider, ReceiptListener } from './provider.ts';
import { createSmppProvider } from './smpp.ts';

/** What providers need besides their settings. */
export type ProviderParts = { readonly clock: Clock; readonly log: Log; readonly onReceipt: ReceiptListener };

/** Opens one provider of the configuration. */
export function openProvider(settings: SmsProvider, { clock, log, onReceipt }: ProviderParts): Provider {
  switch (settings.type) {
    case 'http':
      return createHttpProvider(settings);
    case 'smpp':
      return createSmppProvider(settings, onReceipt, log);
    case 'file':
      return createFileProvider(settings, clock);
  }
}
