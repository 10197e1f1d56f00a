import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJson } from '../../src/api/json.ts';

const bytes = (text: string) => Buffer.from(text);
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]));
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('a JSON body', () => {
  test.each([
    ['an object', '{"a":1,"b":["x",{"a":null}]}'],
    ['white space around a name', '{ "a" \n\t: 1 , "b":"c:d" }'],
    ['a colon and quotes inside a text', '{"a":"\\"b\\":1","b":2}'],
    ['the same name in two objects', '{"a":{"x":1},"b":{"x":1}}'],
    ['a text in a list that looks like a name', '["a","a",{"a":"a"}]'],
    ['eight levels (DOS-1)', deep(8)],
    ['200 names (DOS-1)', JSON.stringify(keys(200))],
    ['an escaped pair of surrogates', '{"a":"\\ud83d\\ude00"}'],
  ])('with %s is read', (_, text) => {
    expect(readJson(bytes(text))).toEqual({ ok: true, value: JSON.parse(text) });
  });

  test.each([
    ['nothing', ''],
    ['half an object', '{"a":'],
    ['a comment', '{"a":1}//'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['a name twice (G105)', '{"user":"a","user":"b"}'],
    ['a name twice in another spelling', '{"user":"a","us\\u0065r":"b"}'],
    ['a name twice, deep', '{"a":[{"b":1,"c":{},"b":2}]}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['nine levels (DOS-1)', deep(9)],
    ['201 names (DOS-1)', JSON.stringify(keys(201))],
    ['half of a surrogate pair', '{"a":"\\ud83d"}'],
    ['half of a surrogate pair in a name', '{"\\ud83d":1}'],
  ])('with %s is refused', (_, text) => {
    expect(readJson(bytes(text)).ok).toBe(false);
  });

  test('that is no UTF-8 is refused', () => {
    expect(readJson(Uint8Array.from([0x22, 0xc3, 0x28, 0x22])).ok).toBe(false);
    expect(readJson(Uint8Array.from([0x22, 0xed, 0xa0, 0x80, 0x22])).ok).toBe(false);
  });

  test('nested as deep as 64 KiB allow is refused, not fatal', () => {
    expect(readJson(bytes(deep(32_000))).ok).toBe(false);
  });

  test('means what the parser of the language says it means', () => {
    const value = fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' });
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, 2), (made, indent) => {
        const text = JSON.stringify(made, null, indent);
        const read = readJson(bytes(text));
        if (read.ok) expect(read.value).toEqual(JSON.parse(text));
        else expect(text).toMatch(/__proto__|\\ud|[\ud800-\udfff]/i);
      }),
    );
  });

  test('of any octets is read or refused, never thrown at', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (made) => typeof readJson(made).ok === 'boolean'));
  });
});
