import type { Pdu } from 'smpp';
import { type Milliseconds, SECOND } from '../core/time.ts';
import type { Log } from '../ports.ts';
import {
  DeliveryFault,
  faultOf,
  type Outbound,
  type Provider,
  type ReceiptListener,
  type SettingsOf,
} from './provider.ts';
import { openLink, type SmppLink } from './smpp-link.ts';
import { readReceipt } from './smpp-receipt.ts';

/** UCS-2, big-endian (SMPP 3.4 §5.2.19): the one coding that every message centre reads alike. */
const UCS2 = 8;

/** Octets of one short message. Longer ones go as `message_payload`, for the message centre to cut. */
const ONE_MESSAGE = 140;

/** Waits between attempts to connect again; the last one repeats. */
const RECONNECT: readonly Milliseconds[] = [SECOND, 2 * SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, 60 * SECOND];

/** `command_status` by which a message centre refuses one message: bad number, bad text (SMPP 3.4 §5.1.3). */
const REFUSED: ReadonlySet<number> = new Set([0x01, 0x0a, 0x0b, 0x33, 0x34, 0xc4]);

/**
 * A message centre that speaks SMPP 3.4. One connection is kept, for receipts come over it; a broken one is made again,
 * at once where a message waits, else after longer and longer pauses.
 */
export function createSmppProvider(settings: SettingsOf<'smpp'>, onReceipt: ReceiptListener, log: Log): Provider {
  const { name } = settings;
  let link: Promise<SmppLink> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let broken = 0;
  let closing = false;

  const deliver = (pdu: Pdu): void => {
    const receipt = readReceipt(pdu);
    if (receipt !== undefined) onReceipt(name, receipt.reference, receipt.delivered);
  };

  const again = (): void => {
    link = undefined;
    if (closing) return;
    const wait = RECONNECT[Math.min(broken, RECONNECT.length - 1)] ?? 0;
    broken += 1;
    clearTimeout(retry);
    retry = setTimeout(() => void connected().catch(() => undefined), wait).unref();
  };

  const connected = (): Promise<SmppLink> => {
    if (closing) return Promise.reject(new DeliveryFault('closed'));
    if (link !== undefined) return link;
    clearTimeout(retry);
    const opening = openLink(settings, deliver);
    link = opening;
    opening.then(
      (open) => {
        broken = 0;
        log.info('sms.connected', { provider: name });
        void open.closed.then(() => {
          log.warn('sms.disconnected', { provider: name });
          again();
        });
      },
      (breakage: unknown) => {
        log.warn('sms.connect.failed', { provider: name, error: faultOf(breakage).word });
        again();
      },
    );
    return opening;
  };

  void connected().catch(() => undefined);
  return {
    name,
    send: async (message) => submit(await connected(), settings, message),
    close: async () => {
      closing = true;
      clearTimeout(retry);
      const open = await link?.catch(() => undefined);
      await open?.close();
    },
  };
}

async function submit(
  link: SmppLink,
  settings: SettingsOf<'smpp'>,
  { to, text }: Outbound,
): Promise<{ readonly reference: string }> {
  const content = utf16be(text);
  const answer = await link.request('submit_sm', {
    ...addressOf('source', settings.from),
    ...addressOf('dest', to),
    registered_delivery: 1,
    data_coding: UCS2,
    ...(content.length > ONE_MESSAGE ? { short_message: '', message_payload: content } : { short_message: content }),
  });
  const status = answer.command_status;
  if (status !== 0) throw new DeliveryFault(`smpp-${status}`, REFUSED.has(status) ? 'message' : 'provider');
  return { reference: answer.message_id ?? '' };
}

/** Type of number 1 is international, 0 unknown, 5 alphanumeric; numbering plan 1 is E.164 (SMPP 3.4 §5.2.5). */
function addressOf(which: 'source' | 'dest', address: string): Readonly<Record<string, unknown>> {
  const alphanumeric = /[^0-9+]/.test(address);
  const ton = address.startsWith('+') ? 1 : alphanumeric ? 5 : 0;
  const name = which === 'source' ? 'source_addr' : 'destination_addr';
  return {
    [`${which}_addr_ton`]: ton,
    [`${which}_addr_npi`]: alphanumeric ? 0 : 1,
    [name]: address.replace(/^\+/, ''),
  };
}

function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
