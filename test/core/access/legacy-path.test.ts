import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPath } from '../../../src/core/access/path.ts';
import { matchRoute } from '../../../src/core/access/routes.ts';
import { table, target } from '../../support/policies.ts';

/** 가나다.pdf, 은행, 한글 in EUC-KR; 똠 in code page 949; テスト in Shift_JIS. */
const SOUND = ['/files/%B0%A1%B3%AA%B4%D9.pdf', '/%C0%BA%C7%E0/x', '/b/%C7%D1%B1%DB', '/%8Cc', '/%83e%83X%83g'];

describe('percent-encoded bytes that are not UTF-8', () => {
  test.each(SOUND)('%s needs legacy_encoding and nothing else', (path) => {
    const read = readPath(path);
    expect(read.ok && read.value.needs).toEqual(['legacy_encoding']);
  });

  test('are read in the character set, byte by byte, and as overlong UTF-8, all at once', () => {
    const read = readPath('/app/%B0%A1%C0%BA');
    const readings = read.ok ? read.value.readings : [];
    expect(readings[0]).toBe('/app/가은');
    expect(readings).toContain('/app/\ufffd\ufffd\ufffd\ufffd');
    expect(readings).toContain('/app/\ufffd\ufffd:');
  });

  test.each([
    ['/pub%c0%af', 'not-utf-8'],
    ['/pub/%c0%af../x', 'not-utf-8'],
    ['/%b0%a1%c0%af', 'not-utf-8'],
    ['/%b0%a1/%2e%2e/x', 'dot-segment'],
    ['/%b0%a1/%c0%ae%c0%ae/x', 'dot-segment'],
    ['/%b0%a1%00', 'encoded-control'],
    ['/%b0%a1%c0%80', 'not-utf-8'],
    ['/%b0%a1%0d%0a', 'encoded-control'],
    ['/%b0%a1%5c', 'encoded-delimiter'],
    ['/%b0%a1%c1%9c', 'encoded-delimiter'],
    ['/%b0%a1%c0%a3', 'encoded-delimiter'],
    ['/%b0%a1%2541', 'not-utf-8'],
    ['/%ff', 'not-utf-8'],
    ['/%ed%a0%80', 'not-utf-8'],
    ['/\u00b0\u00a1', 'path-character'],
  ])('%s is still refused: %s (PATH-1)', (path, fault) => {
    const read = readPath(path);
    expect(read.ok ? read.value.needs : read.error).toBe(fault);
  });

  test('pass only where the route tolerates them, and only where every reading is its own (PATH-1)', () => {
    const old = { name: 'old', paths: [{ kind: 'prefix', path: '/files/' }], tolerate: ['legacy_encoding'] } as const;
    const rest = { name: 'rest' };
    const found = (path: string) => matchRoute(table(old, rest), target(path), 'GET');
    expect(found('/files/%B0%A1')).toMatchObject({ kind: 'route', route: { name: 'old' } });
    expect(found('/%B0%A1/files')).toEqual({ kind: 'ambiguous', tolerance: 'legacy_encoding' });
    const named = { ...old, paths: [{ kind: 'prefix', path: '/가/' }] } as const;
    expect(matchRoute(table(named, rest), target('/%B0%A1/x'), 'GET').kind).not.toBe('route');
  });

  test('never gain or lose a slash in any reading, and hold no control character', () => {
    const byte = fc.integer({ min: 0, max: 255 }).map((each) => `%${each.toString(16).padStart(2, '0')}`);
    const piece = fc.oneof(byte, fc.constantFrom('a', 'A', '/', '.', ';', '0'));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = `/${pieces.join('')}`;
        const read = readPath(path);
        if (!read.ok || !read.value.needs.includes('legacy_encoding')) return;
        const slashes = path.split(/\/|%2f/i).length;
        for (const reading of read.value.readings) {
          expect(reading).not.toMatch(/[\u0000-\u001f\u007f-\u009f\\#?]/);
          if (read.value.needs.includes('double_slash')) continue;
          expect(reading.split('/').length).toBeLessThanOrEqual(slashes);
        }
        const whole = read.value.readings.filter((reading) => !path.includes(';') && !reading.includes(';'));
        if (!read.value.needs.includes('double_slash')) {
          expect(new Set(whole.map((reading) => reading.split('/').length)).size).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
