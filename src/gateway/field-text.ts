import iconv from 'iconv-lite';
import type { TextEncoding } from '../core/policy.ts';

/** Control characters would end a header line or be refused by the application; a name has no use for them. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/**
 * A text as a header value in the encoding the application expects, as a latin1 string ready for the wire.
 * `percent`: everything outside printable ASCII, and `%`, as percent-encoded UTF-8. `utf-8`, `euc-kr`: the raw bytes.
 * `base64`: of the UTF-8 bytes. Control characters become a space.
 */
export function encodeFieldText(text: string, encoding: TextEncoding): string {
  const clean = text.replace(CONTROLS, ' ').trim();
  switch (encoding) {
    case 'percent':
      return clean.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+/g, encodeURIComponent);
    case 'utf-8':
      return Buffer.from(clean, 'utf8').toString('latin1');
    case 'base64':
      return Buffer.from(clean, 'utf8').toString('base64');
    case 'euc-kr':
      return iconv.encode(clean, 'euc-kr').toString('latin1');
  }
}
