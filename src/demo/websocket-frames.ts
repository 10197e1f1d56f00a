/** WebSocket frames of a server (RFC 6455 §5): unmasked out, masked in. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type Frame = { readonly opcode: number; readonly isFinal: boolean; readonly payload: Buffer };

/** What the peer did wrong, as the status of the closing frame (RFC 6455 §7.4.1). */
export class WebSocketFault extends Error {
  override readonly name = 'WebSocketFault';
  readonly code: number;
  constructor(code: number) {
    super(`WebSocket fault ${code}`);
    this.code = code;
  }
}

const KNOWN = new Set<number>(Object.values(OPCODE));

/**
 * The first whole frame in the bytes and the length it took, or undefined while it is not all there.
 * Throws `WebSocketFault` for reserved bits, unknown opcodes, a missing mask, and control frames that are long or cut.
 */
export function readFrame(
  bytes: Buffer,
  limit: number,
): { readonly frame: Frame; readonly length: number } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const opcode = first & 0x0f;
  const isFinal = (first & 0x80) !== 0;
  const short = second & 0x7f;
  if ((first & 0x70) !== 0 || !KNOWN.has(opcode) || (second & 0x80) === 0) throw new WebSocketFault(1002);
  if (opcode > 7 && (short > 125 || !isFinal)) throw new WebSocketFault(1002);

  const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + sizeBytes + 4;
  if (bytes.length < start) return undefined;
  const size = sizeBytes === 0 ? short : sizeBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (size > limit) throw new WebSocketFault(1009);
  if (bytes.length < start + size) return undefined;

  const mask = bytes.subarray(start - 4, start);
  const payload = Buffer.from(bytes.subarray(start, start + size));
  for (let i = 0; i < size; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return { frame: { opcode, isFinal, payload }, length: start + size };
}

/** One final, unmasked frame. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const sizeBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + sizeBytes);
  head.writeUInt8(0x80 | opcode, 0);
  head.writeUInt8(sizeBytes === 0 ? length : sizeBytes === 2 ? 126 : 127, 1);
  if (sizeBytes === 2) head.writeUInt16BE(length, 2);
  if (sizeBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}
