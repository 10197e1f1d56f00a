import { describe, expect, test } from 'vitest';
import { createHasher } from '../../src/crypto/password.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { Busy } from '../../src/ports.ts';

describe('the secret hasher', () => {
  const hasher = createHasher(systemRandom);

  test('accepts the secret and nothing else', async () => {
    const stored = await hasher.hash('정답 1234');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.verify(stored, '정답 1234')).toBe(true);
    expect(await hasher.verify(stored, '정답 1235')).toBe(false);
    expect(await hasher.hash('정답 1234')).not.toBe(stored);
  });

  test('does the same work for nobody, and answers no', async () => {
    const stored = await hasher.hash('a');
    const time = async (hash: string | undefined) => {
      const before = performance.now();
      for (let round = 0; round < 8; round++) expect(await hasher.verify(hash, 'wrong')).toBe(false);
      return performance.now() - before;
    };
    await time(stored);
    const known = await time(stored);
    const unknown = await time(undefined);
    expect(unknown / known).toBeGreaterThan(0.4);
    expect(unknown / known).toBeLessThan(2.5);
  });

  test('sends callers away when its queue is full, before anything is computed', async () => {
    const small = createHasher(systemRandom, { concurrency: 1, queue: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => small.verify(undefined, 'x')));
    const refused = outcomes.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(2);
    for (const each of refused) expect(each.reason).toBeInstanceOf(Busy);
    expect(await small.verify(undefined, 'x')).toBe(false);
  });

  test('breaks rather than accepts when the stored hash is not one', async () => {
    await expect(hasher.verify('not a hash', 'x')).rejects.toThrow();
  });
});
