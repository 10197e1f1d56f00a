/** A byte outside ASCII to a reader that knows no character set. */
const UNREAD = '\ufffd';

/**
 * Every way of reading a path whose percent-encoded bytes are not UTF-8: as EUC-KR with its extension (code page 949) and
 * as Shift_JIS, where it is well formed in them, as UTF-8 by a decoder that accepts overlong forms, and byte by byte. Undefined where it is well formed in no character set. The path is known to be ASCII with sound
 * percent-encoding.
 */
export function legacyReadings(path: string): readonly string[] | undefined {
  const bytes = bytesOf(path);
  const readings = [decodeKorean(bytes), decodeJapanese(bytes)].filter((reading) => reading !== undefined);
  if (readings.length === 0) return undefined;
  return [...new Set([...readings, decodeOverlong(bytes), byByte(bytes)])];
}

function bytesOf(path: string): Uint8Array {
  const bytes = new Uint8Array(path.length);
  let length = 0;
  for (let at = 0; at < path.length; at++, length++) {
    if (path[at] !== '%') {
      bytes[length] = path.charCodeAt(at);
      continue;
    }
    bytes[length] = Number.parseInt(path.slice(at + 1, at + 3), 16);
    at += 2;
  }
  return bytes.subarray(0, length);
}

/** Pairs of a lead and a trail byte. Those that the runtime has no character for stay unread. */
function decodeKorean(bytes: Uint8Array): string | undefined {
  const decoder = new TextDecoder('euc-kr');
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const [lead = 0, trail = 0] = bytes.subarray(at, at + 2);
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      continue;
    }
    const isPair = lead >= 0x81 && lead <= 0xfe && /[A-Za-z\x81-\xfe]/.test(String.fromCharCode(trail));
    if (!isPair) return undefined;
    const character = decoder.decode(bytes.subarray(at, at + 2));
    text += isOneOutsideLatin(character) ? character : UNREAD;
    at += 1;
  }
  return text;
}

const isOneOutsideLatin = (text: string): boolean => text.length === 1 && text > '\u00a0';

function decodeJapanese(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('shift_jis', { fatal: true }).decode(bytes);
    return /[\u0080-\u009f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

const byByte = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : UNREAD)).join('');

/** What a decoder makes of the bytes that takes `C0 AF` for a slash: two and three bytes for what one would do. */
function decodeOverlong(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    if (first < 0x80) text += String.fromCharCode(first);
    else if ((first & 0xe0) === 0xc0 && isContinuation(second)) {
      text += shortOf(((first & 0x1f) << 6) | (second & 0x3f));
      at += 1;
    } else if ((first & 0xf0) === 0xe0 && isContinuation(second) && isContinuation(third)) {
      text += shortOf(((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f));
      at += 2;
    } else text += UNREAD;
  }
  return text;
}

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** Only what should have been one byte matters here; everything else stays unread. */
const shortOf = (codePoint: number): string => (codePoint < 0x80 ? String.fromCharCode(codePoint) : UNREAD);
