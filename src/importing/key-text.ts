import { readBase64 } from './base64.ts';

/**
 * A pre-shared key in words: 16, 24 or 32 bytes in hexadecimal or base64. What could be both is taken as hexadecimal.
 * Undefined for anything else.
 */
export function readKeyText(text: string): Uint8Array | undefined {
  const bare = text.replace(/[\s:-]/g, '');
  const isHex = /^[0-9a-f]+$/i.test(bare) && [32, 48, 64].includes(bare.length);
  const key = isHex ? Uint8Array.from(Buffer.from(bare, 'hex')) : readBase64(text);
  return key !== undefined && [16, 24, 32].includes(key.length) ? key : undefined;
}
