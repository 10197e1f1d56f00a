import { randomBytes } from 'node:crypto';
import type { Random } from '../ports.ts';

/** Bytes from the operating system's cryptographically secure source. */
export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
