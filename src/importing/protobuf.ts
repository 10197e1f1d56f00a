/** A field of a Protocol Buffers message: a number as it stands on the wire, or bytes. */
export type ProtobufField = { readonly number: number; readonly value: bigint | Uint8Array };

/** Reads the fields of a message in their order; undefined where the bytes are no message. */
export function readProtobuf(bytes: Uint8Array): readonly ProtobufField[] | undefined {
  const fields: ProtobufField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === undefined) return undefined;
    const field = readValue(bytes, tag.end, Number(tag.value & 7n));
    if (field === undefined) return undefined;
    fields.push({ number: Number(tag.value >> 3n), value: field.value });
    at = field.end;
  }
  return fields;
}

type Read<T> = { readonly value: T; readonly end: number };

/** The value of a wire type: 0 varint, 1 eight bytes, 2 bytes with their length before them, 5 four bytes. */
function readValue(bytes: Uint8Array, at: number, wire: number): Read<bigint | Uint8Array> | undefined {
  switch (wire) {
    case 0:
      return readVarint(bytes, at);
    case 1:
      return readBytes(bytes, at, 8);
    case 2: {
      const length = readVarint(bytes, at);
      return length === undefined ? undefined : readBytes(bytes, length.end, Number(length.value));
    }
    case 5:
      return readBytes(bytes, at, 4);
    default:
      return undefined;
  }
}

const readBytes = (bytes: Uint8Array, at: number, length: number): Read<Uint8Array> | undefined =>
  at + length > bytes.length ? undefined : { value: bytes.subarray(at, at + length), end: at + length };

/** Seven bits a byte, lowest first, at most 64 bits. */
function readVarint(bytes: Uint8Array, at: number): Read<bigint> | undefined {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: at + index + 1 };
  }
  return undefined;
}
