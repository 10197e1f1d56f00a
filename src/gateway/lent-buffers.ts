/** Size of one buffer: what an upstream connection reads at once. */
const SIZE = 64 * 1024;

/** Buffers kept for the next time, over all responses. */
const KEPT = 128;

/** Smaller parts are copied into memory that is collected like any other. */
const SMALLEST = 8 * 1024;

const free: Buffer[] = [];

/** A copy of bytes on their way to a browser, and how to give its memory back when they have left. */
export type Lent = { readonly copy: Buffer; readonly giveBack: ((error?: Error | null) => void) | undefined };

/**
 * Copies bytes out of a read buffer. Long bodies pass through the same few buffers again and again: left to the garbage
 * collector they would pile up for as long as it has better things to do. A buffer comes back only from a write that
 * succeeded; after a failed one nobody knows who still reads it.
 */
export function lendCopy(bytes: Buffer): Lent {
  if (bytes.length < SMALLEST || bytes.length > SIZE) return { copy: Buffer.from(bytes), giveBack: undefined };
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(SIZE);
  bytes.copy(buffer);
  return {
    copy: buffer.subarray(0, bytes.length),
    giveBack: (error) => {
      if ((error === undefined || error === null) && free.length < KEPT) free.push(buffer);
    },
  };
}

/**
 * What to call when a part of a request's body has left: its memory is freed then and there, for the same reason. Only
 * for the last part of what one read brought: those before it have left by then, and nobody holds what stands before
 * them.
 */
export function freeWhenSent(bytes: Buffer): ((error?: Error | null) => void) | undefined {
  const { buffer, byteOffset } = bytes;
  const isLast = byteOffset + bytes.length === buffer.byteLength;
  if (bytes.length < SMALLEST || !isLast || !(buffer instanceof ArrayBuffer)) return undefined;
  return (error) => {
    if (error === undefined || error === null) buffer.transfer(0);
  };
}
