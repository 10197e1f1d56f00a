import { describe, expect, test } from 'vitest';
import { readAttackSettings, readBenchSettings } from '../../bench/arguments.ts';

const KNOWN = { peers: ['haproxy', 'naive'], studies: ['growth', 'tls'] };

describe('the command line of the benchmark', () => {
  test('without words measures every peer and every study', () => {
    const settings = readBenchSettings([], KNOWN);
    expect(settings).toMatchObject({ seconds: 5, rounds: 3, routes: 100, largeBytes: 1024 ** 3, write: false });
    expect([settings.peers, settings.studies]).toEqual([KNOWN.peers, KNOWN.studies]);
  });

  test('--quick is shorter, and a figure that is named counts all the same', () => {
    expect(readBenchSettings(['--quick', '--seconds', '9'], KNOWN)).toMatchObject({ seconds: 9, rounds: 1, warmUp: 1 });
  });

  test.each([
    [['--with', 'none'], [], KNOWN.studies],
    [['--studies', 'none'], KNOWN.peers, []],
    [['--with', 'naive', '--studies', 'tls'], ['naive'], ['tls']],
    [['--only', 'GET 1 KiB'], [], []],
    [['--only', 'GET 1 KiB', '--with', 'haproxy'], ['haproxy'], []],
  ])('%j', (args, peers, studies) => {
    expect(readBenchSettings(args, KNOWN)).toMatchObject({ peers, studies });
  });

  test.each([
    [['--with', 'nothing'], '--with nothing: not one of haproxy, naive'],
    [['--studies', 'growth,x'], '--studies x: not one of growth, tls'],
    [['--rounds', '0'], '--rounds 0: a whole number of at least 1'],
    [['--large', '1.5'], '--large 1.5: a whole number of at least 1'],
    [['--seconds', 'ten'], '--seconds ten: a whole number of at least 1'],
    [['--unknown'], 'unknown'],
  ])('%j is refused', (args, message) => {
    expect(() => readBenchSettings(args, KNOWN)).toThrow(message);
  });
});

describe('the command line of the attacks', () => {
  const known = ['headers', 'readers'];

  test('without words is every attack with 10,000 connections, and no aborts', () => {
    expect(readAttackSettings([], known)).toMatchObject({ attacks: known, connections: 10_000, aborts: 0 });
  });

  test('--aborts alone leaves the attacks out', () => {
    expect(readAttackSettings(['--aborts', '10000'], known)).toMatchObject({ attacks: [], aborts: 10_000 });
    const both = readAttackSettings(['--aborts', '5', '--only', 'readers'], known);
    expect(both).toMatchObject({ attacks: ['readers'], aborts: 5 });
  });

  test('an attack that is not known is refused', () => {
    expect(() => readAttackSettings(['--only', 'x'], known)).toThrow('--only x: not one of headers, readers');
  });
});
