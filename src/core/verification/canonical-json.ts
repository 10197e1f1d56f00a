/** What canonical JSON is made of here: texts, safe integers, lists and records of them. */
export type CanonicalValue = string | number | readonly CanonicalValue[] | { readonly [name: string]: CanonicalValue };

/**
 * The canonical form of a value (RFC 8785, restricted to texts and safe integers): no white space, names sorted by their
 * UTF-16 code units. Throws where a text holds half a surrogate pair or a number is not a safe integer, so that two
 * readers can never see different things in the same bytes.
 */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value === 'string') return canonicalText(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError('only safe integers have one canonical form here');
    return Object.is(value, -0) ? '0' : String(value);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return `{${members.map(([name, member]) => `${canonicalText(name)}:${canonicalJson(member)}`).join(',')}}`;
}

const isList = (value: CanonicalValue): value is readonly CanonicalValue[] => Array.isArray(value);

function canonicalText(text: string): string {
  if (!text.isWellFormed()) throw new RangeError('half a surrogate pair has no canonical form');
  return JSON.stringify(text);
}
