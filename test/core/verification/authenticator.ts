import { createHmac } from 'node:crypto';
import type { Authenticator } from '../../../src/core/identity/account.ts';
import { counterBytes, truncate } from '../../../src/core/verification/hotp.ts';
import type { BoundAuthenticator } from '../../../src/ports.ts';

/** The 20-byte secret of RFC 4226 appendix D. */
export const RFC_SECRET = Buffer.from('12345678901234567890', 'ascii');

/** An authenticator whose codes come from node:crypto. */
export function authenticator(facts: Partial<Authenticator> = {}, secret: Uint8Array = RFC_SECRET): BoundAuthenticator {
  const kind = facts.kind ?? 'totp';
  const algorithm = facts.algorithm ?? 'SHA1';
  const digits = facts.digits ?? 6;
  return {
    id: 'a1',
    accountId: 'p1',
    label: '',
    suite: '',
    serial: '',
    period: kind === 'totp' ? 30 : 0,
    movingFactor: kind === 'totp' ? -1 : 0,
    drift: 0,
    status: 'active',
    createdAt: 0,
    lastUsedAt: undefined,
    ...facts,
    kind,
    algorithm,
    digits,
    codeAt: (factor) => truncate(createHmac(algorithm, secret).update(counterBytes(factor)).digest(), digits),
    respond: () => {
      throw new Error('answers no questions');
    },
  };
}
