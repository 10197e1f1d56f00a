import type { Visit } from './visit.ts';

/** Bytes of form posts that may be in reading at once, over all requests. */
const KEEPING_MAX = 64 * 1024 * 1024;

/** How long a form may take to arrive. */
const COLLECT_TIME = 30_000;

/**
 * Reads a body of at most `max` bytes whole. `busy`: too many are being read already. `gone`: it broke off, or came too
 * slowly, and the connection is closed.
 */
export function collectBody(visit: Visit, max: number): Promise<Buffer | 'too-large' | 'busy' | 'gone'> {
  const { req, res, framing, gate } = visit;
  if (framing.kind === 'length' && framing.bytes > max) return Promise.resolve('too-large');
  const reserved = framing.kind === 'length' ? framing.bytes : framing.kind === 'chunked' ? max : 0;
  if (gate.keeping + reserved > KEEPING_MAX) return Promise.resolve('busy');
  gate.keeping += reserved;
  if (req.expectsContinue) res.writeContinue();
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    const settle = (result: Buffer | 'too-large' | 'gone'): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      gate.keeping -= reserved;
      resolve(result);
    };
    let settled = false;
    const timer = setTimeout(() => {
      res.destroy();
      settle('gone');
    }, COLLECT_TIME);
    const take = (bytes: Buffer): void => {
      if (settled) return;
      size += bytes.length;
      parts.push(bytes);
      if (size > max) settle('too-large');
    };
    res.listen({ close: () => settle('gone') });
    req.read({ onData: take, onEnd: () => settle(Buffer.concat(parts)) });
  });
}
