import type { Pdu } from 'smpp';

/** What a delivery receipt says in the end. */
export type SmppReceipt = { readonly reference: string; readonly delivered: boolean };

/** `message_state` (SMPP 3.4 §5.2.28) and the same in words, of receipts that are final. */
const STATES = new Map<number | string, boolean>([
  [2, true],
  [3, false],
  [4, false],
  [5, false],
  [8, false],
  ['DELIVRD', true],
  ['EXPIRED', false],
  ['DELETED', false],
  ['UNDELIV', false],
  ['REJECTD', false],
]);

/** Bits of `esm_class` that say what a message is, and the value of a delivery receipt (SMPP 3.4 §5.2.12). */
const TYPE_BITS = 0x3c;
const RECEIPT = 0x04;

/** Reads a `deliver_sm`; undefined if it is no receipt, or one of a state on the way. */
export function readReceipt(pdu: Pdu): SmppReceipt | undefined {
  if (((pdu.esm_class ?? 0) & TYPE_BITS) !== RECEIPT) return undefined;
  const text = textOf(pdu);
  const reference = pdu.receipted_message_id ?? /\bid:(\S{1,65})/i.exec(text)?.[1];
  const delivered = STATES.get(pdu.message_state ?? /\bstat:([A-Z]{7})/i.exec(text)?.[1]?.toUpperCase() ?? '');
  if (reference === undefined || reference === '' || delivered === undefined) return undefined;
  return { reference, delivered };
}

function textOf(pdu: Pdu): string {
  const message = (pdu.short_message ?? pdu.message_payload)?.message ?? '';
  return typeof message === 'string' ? message : Buffer.from(message).toString('latin1');
}
