import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OcraInput } from '../../src/core/verification/ocra.ts';
import { serverSuite } from '../../src/core/verification/server-code.ts';
import { bindResponse, OcraRefused } from '../../src/crypto/ocra.ts';

type OcraVectors = {
  readonly source: string;
  readonly suite: string;
  readonly seedHex: string;
  readonly cases: readonly (OcraInput & { readonly response: string })[];
};

const vectors: readonly OcraVectors[] = JSON.parse(
  readFileSync(new URL('../vectors/ocra-rfc6287.json', import.meta.url), 'utf8'),
);
const cases = vectors.flatMap(({ source, suite, seedHex, cases }) =>
  cases.map(({ response, ...input }) => ({ source, suite, seedHex, input, response, question: input.question })),
);

test.each(cases)('$suite answers $question with $response ($source)', ({ suite, seedHex, input, response }) => {
  expect(bindResponse(Buffer.from(seedHex, 'hex'), suite)(input)).toBe(response);
});

describe('the worked example of docs/otp-server-synchronised.md', () => {
  const page = readFileSync('docs/otp-server-synchronised.md', 'utf8');
  const seed = Buffer.from('12345678901234567890123456789012');

  test.each([
    ['670a95dd098001e9a619546362fff088e8ed950d9025e0a81acd7a95d6237067', 6, '261316'],
    ['670a95dd098001e9a619546362fff088e8ed950d9025e0a81acd7a95d6237067', 8, '42820019'],
    ['1f689dbc282a4f4468e37fd023652c97759e1d447cfa750ae8312780ec87b85e', 6, '623235'],
    ['1f689dbc282a4f4468e37fd023652c97759e1d447cfa750ae8312780ec87b85e', 8, '64701933'],
  ] as const)('question %s gives with %i digits %s', (question, digits, code) => {
    expect(bindResponse(seed, serverSuite(digits))({ question, counter: 1 })).toBe(code);
    for (const part of [seed.toString('hex'), question, code]) expect(page).toContain(part);
  });
});

describe('an OCRA response', () => {
  const seed = Buffer.from('12345678901234567890');

  test('is refused with the part of the suite that cannot be read', () => {
    expect(() => bindResponse(seed, 'OCRA-1:HOTP-SHA1-3:QN08')).toThrow(OcraRefused);
    expect(() => bindResponse(seed, 'OCRA-1:HOTP-SHA1-3:QN08')).toThrow('cannot be read: function');
  });

  test('is refused with the name of a missing input and without its value', () => {
    const respond = bindResponse(seed, 'OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1');
    expect(() => respond({ question: '12345678' })).toThrow('counter missing');
    expect(() => respond({ question: '12345678', counter: 0, pinHash: '4711' })).toThrow(/^[^4711]*pinHash malformed$/);
  });
});
