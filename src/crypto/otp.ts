import { createHmac, createSecretKey } from 'node:crypto';
import type { OtpAlgorithm } from '../core/identity/account.ts';
import { counterBytes, truncate } from '../core/verification/hotp.ts';

/** What a code is computed with, besides the seed and the moving factor. */
export type CodeParameters = { readonly algorithm: OtpAlgorithm; readonly digits: 6 | 8 };

/**
 * Binds a seed to the function that computes its codes: HOTP values (RFC 4226 §5.3), TOTP values where the moving
 * factor is a time step (RFC 6238 §4.2). The seed lives on only inside the returned function.
 */
export function bindCode(seed: Uint8Array, parameters: CodeParameters): (movingFactor: number) => string {
  const key = createSecretKey(seed);
  const hash = parameters.algorithm.toLowerCase();
  return (movingFactor) =>
    truncate(createHmac(hash, key).update(counterBytes(movingFactor)).digest(), parameters.digits);
}
