import fc from 'fast-check';
import { expect, test } from 'vitest';
import { indexByPath, routesFor } from '../../../src/core/access/path-index.ts';
import type { PathMatcher } from '../../../src/core/access/route.ts';
import { servesPath } from '../../../src/core/access/routes.ts';
import { route } from '../../support/policies.ts';

const segment = fc.constantFrom('a', 'b', 'ab', 'A', '');
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
const matcher: fc.Arbitrary<PathMatcher> = fc.oneof(
  path.map((exact): PathMatcher => ({ kind: 'exact', path: exact })),
  path.map((prefix): PathMatcher => ({ kind: 'prefix', path: prefix.endsWith('/') ? prefix : `${prefix}/` })),
  fc.constant<PathMatcher>({ kind: 'pattern', source: 'b$', test: (text) => text.endsWith('b') }),
);

test('the index finds what going through all routes in order finds', () => {
  fc.assert(
    fc.property(fc.array(fc.array(matcher, { maxLength: 3 }), { maxLength: 8 }), path, (paths, asked) => {
      const routes = paths.map((each, index) => route({ name: `r${index}`, paths: each }));
      const found = routesFor(indexByPath(routes), asked).filter((each) => servesPath(each, asked));
      expect(found).toEqual(routes.filter((each) => servesPath(each, asked)));
    }),
    { numRuns: 5000 },
  );
});
