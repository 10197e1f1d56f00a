import { encodeBase64Url } from '../core/session/handle.ts';
import type { Random } from '../ports.ts';

/** A name with 128 random bits: of a challenge, a verification under way, a payment. */
export const newId = (random: Random, kind: 'ch' | 'tx' | 'pay'): string =>
  `${kind}_${encodeBase64Url(random.bytes(16))}`;
