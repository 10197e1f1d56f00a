import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Balance, type Candidate, hash } from '../../../src/gateway/upstream/balance.ts';

type Fake = { -readonly [Key in keyof Candidate]: Candidate[Key] } & { readonly name: string; out: boolean };

const fake = (name: string): Fake => ({
  name,
  busy: 0,
  hasRoom: true,
  seed: hash(name),
  out: false,
  isOut() {
    return this.out;
  },
});

/** Targets called `t0`, `t1` and so on. */
function fakes(count: number): [Fake, ...Fake[]] {
  const [first, ...others] = Array.from({ length: count }, (_, index) => fake(`10.0.5.${index}:8080`));
  if (first === undefined) throw new Error('no target');
  return [first, ...others];
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
const tally = (names: readonly string[]) =>
  names.reduce((sum, name) => sum.set(name, (sum.get(name) ?? 0) + 1), new Map());

describe('round_robin', () => {
  test('every target gets the same share, in the order of the configuration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5 }), (count, rounds) => {
        const targets = fakes(count);
        const balance = new Balance('round_robin', targets);
        const chosen = times(count * rounds, () => balance.choose(undefined, 0));
        expect(chosen).toEqual(times(rounds, () => targets).flat());
      }),
    );
  });

  test('a target whose connections are all in use is passed over while another has room', () => {
    const targets = fakes(3);
    targets[0].hasRoom = false;
    const balance = new Balance('round_robin', targets);
    expect(times(4, () => balance.choose(undefined, 0)).includes(targets[0])).toBe(false);
    for (const target of targets) target.hasRoom = false;
    expect(new Set(times(3, () => balance.choose(undefined, 0))).size).toBe(3);
  });
});

describe('least_busy', () => {
  test('the one with the fewest exchanges in hand, in turn among equals', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 8 }), (loads) => {
        const targets = fakes(loads.length);
        for (const [index, busy] of loads.entries()) if (targets[index] !== undefined) targets[index].busy = busy;
        const least = Math.min(...loads);
        const idle = targets.filter(({ busy }) => busy === least);
        const balance = new Balance('least_busy', targets);
        const chosen = times(idle.length * 3, () => balance.choose('kim', 0).name);
        expect(tally(chosen)).toEqual(new Map(idle.map(({ name }) => [name, 3])));
      }),
    );
  });
});

describe('sticky', () => {
  const people = times(2000, (index) => `session-${index}`);
  const homes = (targets: [Fake, ...Fake[]]) => {
    const balance = new Balance('sticky', targets);
    return new Map(people.map((person) => [person, balance.choose(person, 0).name]));
  };

  test('the same one meets the same target, in every process and whatever the order of the list', () => {
    const [first, ...others] = fakes(5);
    const [last, ...before] = [...others, first].reverse();
    if (last === undefined) throw new Error('no target');
    expect(homes([last, ...before])).toEqual(homes([first, ...others]));
  });

  test('people are spread evenly', () => {
    for (const count of tally([...homes(fakes(5)).values()]).values()) {
      expect(count).toBeGreaterThan(320);
      expect(count).toBeLessThan(480);
    }
  });

  test('a target that goes moves only its own people, and they come back with it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(), (count, pick) => {
        const targets = fakes(count);
        const before = homes(targets);
        const gone = targets[pick % count];
        if (gone === undefined) throw new Error('no target');
        gone.out = true;
        const after = homes(targets);
        for (const person of people) {
          if (before.get(person) === gone.name) expect(after.get(person)).not.toBe(gone.name);
          else expect(after.get(person)).toBe(before.get(person));
        }
        gone.out = false;
        expect(homes(targets)).toEqual(before);
      }),
      { numRuns: 10 },
    );
  });

  test('a target without room keeps its people: they wait', () => {
    const targets = fakes(3);
    const before = homes(targets);
    for (const target of targets) target.hasRoom = target.name !== before.get('session-0');
    expect(homes(targets)).toEqual(before);
  });

  test('whoever is nobody is spread in turn', () => {
    const balance = new Balance('sticky', fakes(3));
    expect(new Set(times(3, () => balance.choose('', 0).name)).size).toBe(3);
  });
});

describe.each(['round_robin', 'least_busy', 'sticky'] as const)('%s: targets that are out', (way) => {
  test('get nothing while another one is well', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), fc.string(), (outs, key) => {
        const targets = fakes(outs.length);
        for (const [index, out] of outs.entries()) if (targets[index] !== undefined) targets[index].out = out;
        const balance = new Balance(way, targets);
        const chosen = times(outs.length, () => balance.choose(key, 0));
        if (outs.includes(false)) expect(chosen.some(({ out }) => out)).toBe(false);
        else if (way !== 'sticky') expect(new Set(chosen).size).toBe(outs.length);
      }),
    );
  });

  test('what was tried comes last among its like, and before what is out', () => {
    const targets = fakes(3);
    const [first, second, third] = targets;
    const balance = new Balance(way, targets);
    if (second === undefined || third === undefined) throw new Error('no target');
    expect(balance.choose('kim', 0, [first, second])).toBe(third);
    second.out = true;
    third.out = true;
    expect(balance.choose('kim', 0, [first])).toBe(first);
  });
});
