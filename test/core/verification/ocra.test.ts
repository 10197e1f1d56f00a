import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type OcraInput,
  type OcraSuite,
  ocraMessage,
  ocraQuestion,
  ocraTimeStep,
  parseOcraSuite,
} from '../../../src/core/verification/ocra.ts';
import { digestHex, serverQuestion, serverSuite } from '../../../src/core/verification/server-code.ts';
import { sha256 } from '../../../src/crypto/seal.ts';

const suiteOf = (text: string): OcraSuite => {
  const parsed = parseOcraSuite(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

describe('an OCRA suite (RFC 6287 §6)', () => {
  test('is read part by part', () => {
    expect(suiteOf('OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1-S064-T30S')).toEqual({
      text: 'OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1-S064-T30S',
      algorithm: 'SHA256',
      digits: 8,
      counter: true,
      question: { format: 'N', length: 8 },
      pin: 'SHA1',
      session: 64,
      step: 30_000,
    });
    expect(suiteOf('OCRA-1:HOTP-SHA512-0:QA64')).toMatchObject({
      digits: 0,
      counter: false,
      pin: undefined,
      session: undefined,
      step: undefined,
    });
  });

  test.each([
    ['', 'algorithm'],
    ['OCRA-2:HOTP-SHA1-6:QN08', 'algorithm'],
    ['ocra-1:HOTP-SHA1-6:QN08', 'algorithm'],
    [' OCRA-1:HOTP-SHA1-6:QN08', 'algorithm'],
    ['OCRA-1', 'function'],
    ['OCRA-1:HOTP-MD5-6:QN08', 'function'],
    ['OCRA-1:HOTP-SHA1-3:QN08', 'function'],
    ['OCRA-1:HOTP-SHA1-11:QN08', 'function'],
    ['OCRA-1:HOTP-SHA1-06:QN08', 'function'],
    ['OCRA-1:HOTP-SHA1:QN08', 'function'],
    ['OCRA-1:HOTP-SHA1-6', 'input'],
    ['OCRA-1:HOTP-SHA1-6:', 'input'],
    ['OCRA-1:HOTP-SHA1-6:C', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QX08', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN8', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN08-C', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN08-T1M-PSHA1', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN08-PMD5', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN08-S64', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN08-T1D', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN08:', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN08\n', 'input'],
    ['OCRA-1:HOTP-SHA1-6:QN03', 'question-length'],
    ['OCRA-1:HOTP-SHA1-6:QN65', 'question-length'],
    ['OCRA-1:HOTP-SHA1-6:QN08-S000', 'session-length'],
    ['OCRA-1:HOTP-SHA1-6:QN08-S513', 'session-length'],
    ['OCRA-1:HOTP-SHA1-6:QN08-T0S', 'time-step'],
    ['OCRA-1:HOTP-SHA1-6:QN08-T60S', 'time-step'],
    ['OCRA-1:HOTP-SHA1-6:QN08-T60M', 'time-step'],
    ['OCRA-1:HOTP-SHA1-6:QN08-T0H', 'time-step'],
    ['OCRA-1:HOTP-SHA1-6:QN08-T49H', 'time-step'],
  ])('%j is none: %s', (text, fault) => expect(parseOcraSuite(text)).toEqual({ ok: false, error: fault }));

  test('is read or refused, whatever the text, and is kept as it was written', () => {
    const part = fc.constantFrom('OCRA-1', ':', 'HOTP-SHA1-6', 'C-', 'QN08', '-', 'PSHA1', 'S064', 'T1M', '\n', 'é');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const parsed = parseOcraSuite(parts.join(''));
        return !parsed.ok || parsed.value.text === parts.join('');
      }),
    );
  });

  test.each([
    ['T1S', 1_399_458_665_999, 1_399_458_665],
    ['T30S', 1_399_458_665_999, 46_648_622],
    ['T1M', 1_206_446_790_000, 0x132d0b6],
    ['T48H', 1_399_458_665_999, 8098],
  ])('counts the time in steps of %s', (time, now, step) =>
    expect(ocraTimeStep(suiteOf(`OCRA-1:HOTP-SHA1-6:QN08-${time}`), now)).toBe(step),
  );

  test('without the time has no step', () =>
    expect(ocraTimeStep(suiteOf('OCRA-1:HOTP-SHA1-6:QN08'), 1)).toBeUndefined());
});

describe('the message of an OCRA response (RFC 6287 §5.1)', () => {
  const full = suiteOf('OCRA-1:HOTP-SHA1-6:C-QH08-PSHA1-S004-T1M');
  const input = { question: 'abc', counter: 0, pinHash: 'ff'.repeat(20), session: '0102', timeStep: 5 };

  test('holds suite, zero byte, C, Q, P, S, T in this order', () => {
    const message = ocraMessage(full, input);
    const head = Buffer.from('OCRA-1:HOTP-SHA1-6:C-QH08-PSHA1-S004-T1M\0').toString('hex');
    expect(message.ok && Buffer.from(message.value).toString('hex')).toBe(
      `${head}${'00'.repeat(8)}abc0${'00'.repeat(126)}${'ff'.repeat(20)}00000102${'00'.repeat(7)}05`,
    );
  });

  test.each([
    ['QN08', '00000000', ''],
    ['QN08', '17', '11'],
    ['QN08', '256', '10'],
    ['QA08', '0a', '3061'],
    ['QH08', '00f', '00f'],
  ])('a %s question %s begins with %s and ends in zeros', (form, question, hex) => {
    const message = ocraMessage(suiteOf(`OCRA-1:HOTP-SHA1-6:${form}`), { question });
    expect(message.ok && Buffer.from(message.value.subarray(24)).toString('hex')).toBe(hex.padEnd(256, '0'));
  });

  test('ignores what the suite does not name', () => {
    const plain = suiteOf('OCRA-1:HOTP-SHA1-6:QH08');
    expect(ocraMessage(plain, input)).toEqual(ocraMessage(plain, { question: 'abc' }));
  });

  const changes: readonly [string, Partial<Record<keyof OcraInput, unknown>>, keyof OcraInput, string][] = [
    ['no counter', { counter: undefined }, 'counter', 'missing'],
    ['a negative counter', { counter: -1 }, 'counter', 'malformed'],
    ['half a counter', { counter: 0.5 }, 'counter', 'malformed'],
    ['a counter that is no longer exact', { counter: 2 ** 53 }, 'counter', 'malformed'],
    ['no question', { question: '' }, 'question', 'missing'],
    ['a question of other characters', { question: '12345x78' }, 'question', 'malformed'],
    ['a question with a line end', { question: '1234\n' }, 'question', 'malformed'],
    ['a question longer than its place', { question: '1'.repeat(257) }, 'question', 'too-long'],
    ['a question without end', { question: '1'.repeat(1_000_000) }, 'question', 'too-long'],
    ['no PIN', { pinHash: undefined }, 'pinHash', 'missing'],
    ['a PIN instead of its digest', { pinHash: '1234' }, 'pinHash', 'malformed'],
    ['no session', { session: undefined }, 'session', 'missing'],
    ['half a byte of session', { session: '010' }, 'session', 'malformed'],
    ['a session in words', { session: 'session!' }, 'session', 'malformed'],
    ['a session longer than its place', { session: '0102030405' }, 'session', 'too-long'],
    ['no time', { timeStep: undefined }, 'timeStep', 'missing'],
  ];
  test.each(changes)('with %s is refused', (_, change, name, problem) => {
    expect(ocraMessage(full, { ...input, ...change } as OcraInput)).toEqual({
      ok: false,
      error: { input: name, problem },
    });
  });

  test('has one length for a suite, whatever the question', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 1024n - 1n }), (number) => {
        const message = ocraMessage(suiteOf('OCRA-1:HOTP-SHA1-6:QN64'), { question: String(number) });
        return message.ok && message.value.length === 24 + 128;
      }),
    );
    const over = ocraMessage(suiteOf('OCRA-1:HOTP-SHA1-6:QN64'), { question: String(2n ** 1024n) });
    expect(over).toEqual({ ok: false, error: { input: 'question', problem: 'too-long' } });
  });
});

describe('a question made by the server', () => {
  test.each([
    ['QN04', /^\d{4}$/],
    ['QN64', /^\d{64}$/],
    ['QA10', /^[0-9A-Z]{10}$/],
    ['QA64', /^[0-9A-Z]{64}$/],
    ['QH05', /^[0-9a-f]{5}$/],
    ['QH64', /^[0-9a-f]{64}$/],
  ])('has the form of %s and can be answered', (form, expected) => {
    const suite = suiteOf(`OCRA-1:HOTP-SHA1-6:${form}`);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (random) => {
        const question = ocraQuestion(suite, random);
        expect(question).toMatch(expected);
        expect(ocraMessage(suite, { question }).ok).toBe(true);
      }),
    );
    expect(() => ocraQuestion(suite, new Uint8Array(63))).toThrow(RangeError);
  });
});

describe('the question of a server-synchronised code', () => {
  const nonce = Uint8Array.from({ length: 32 }, (_, index) => index);
  const id = '01JABCDEFGHJKMNPQRSTVWXYZ0';
  const context = createHash('sha256').update('payment').digest('hex');

  test.each([
    ['', '670a95dd098001e9a619546362fff088e8ed950d9025e0a81acd7a95d6237067'],
    [context, '1f689dbc282a4f4468e37fd023652c97759e1d447cfa750ae8312780ec87b85e'],
  ])('with context %j is the one of docs/otp-server-synchronised.md', (contextHash, question) => {
    expect(serverQuestion(sha256, id, nonce, contextHash)).toBe(question);
    expect(readFileSync('docs/otp-server-synchronised.md', 'utf8')).toContain(question);
  });

  test('differs by authenticator, nonce and context', () => {
    const questions = [
      serverQuestion(sha256, id, nonce, ''),
      serverQuestion(sha256, `${id}1`, nonce, ''),
      serverQuestion(
        sha256,
        id,
        nonce.map((byte) => byte ^ 1),
        '',
      ),
      serverQuestion(sha256, id, nonce, context),
    ];
    expect(new Set(questions).size).toBe(4);
  });

  test.each([6, 8] as const)('is taken by the suite of %i digits', (digits) => {
    const suite = suiteOf(serverSuite(digits));
    expect(suite).toMatchObject({ digits, counter: true, algorithm: 'SHA256', question: { format: 'H', length: 64 } });
    expect(ocraMessage(suite, { question: serverQuestion(sha256, id, nonce, ''), counter: 1 }).ok).toBe(true);
  });

  test('reads any digest from base64url', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        return digestHex(buffer.toString('base64url')) === buffer.toString('hex');
      }),
    );
  });
});
