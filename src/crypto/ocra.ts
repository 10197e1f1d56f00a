import { createHmac, createSecretKey } from 'node:crypto';
import { truncate } from '../core/verification/hotp.ts';
import { type OcraInput, ocraMessage, parseOcraSuite } from '../core/verification/ocra.ts';

/** Thrown where a suite cannot be read or an input it wants is missing or of another form. Says which, never its value. */
export class OcraRefused extends Error {
  override readonly name = 'OcraRefused';
}

/**
 * Binds a seed to the function that computes its OCRA responses (RFC 6287 §5.2): digits, or the whole HMAC in hex where
 * the suite does not truncate. The seed lives on only inside the returned function. Throws `OcraRefused`, here for a
 * suite that cannot be read, there for an input.
 */
export function bindResponse(seed: Uint8Array, suite: string): (input: OcraInput) => string {
  const parsed = parseOcraSuite(suite);
  if (!parsed.ok) throw new OcraRefused(`the OCRA suite cannot be read: ${parsed.error}`);
  const { algorithm, digits } = parsed.value;
  const key = createSecretKey(seed);
  return (input) => {
    const message = ocraMessage(parsed.value, input);
    if (!message.ok) throw new OcraRefused(`an OCRA input is refused: ${message.error.input} ${message.error.problem}`);
    const mac = createHmac(algorithm.toLowerCase(), key).update(message.value).digest();
    return digits === 0 ? mac.toString('hex') : truncate(mac, digits);
  };
}
