import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coveredBy, EarlierRoutes } from '../../src/config/coverage.ts';
import type { Route } from '../../src/core/access/route.ts';
import { compileRoutes, matchRoute } from '../../src/core/access/routes.ts';
import { canonicalise } from '../../src/core/access/target.ts';
import { valid } from './checking.ts';

const HOSTS = ['a.example', 'b.a.example', 'c.example', '*.example', '*.a.example'];
const PATHS = ['/', '/x/', '/x/y/', '/x', '/x/y', '/xy', 're:/x/y[0-9]*', 're:/x/.*', 're:/(x|z)/', 're:/xy?'];
const METHODS = ['GET', 'HEAD', 'POST'];

const some = (values: readonly string[]) => fc.subarray([...values], { maxLength: 3 });
const routeOf = fc.record({ host: some(HOSTS), path: some(PATHS), methods: some(METHODS) });
const requestOf = fc.record({
  host: fc.constantFrom('a.example', 'b.a.example', 'c.example', 'd.example', 'e.a.example', 'other.test'),
  path: fc.constantFrom('/', '/x', '/x/', '/x/y', '/x/y/', '/x/y7', '/xy', '/x/q', '/z/', '/z', '/xz'),
  method: fc.constantFrom(...METHODS, 'PUT'),
});

/** A route compiled by itself, so that what it covers is not judged yet. */
function compiled(keys: Readonly<Record<string, readonly string[]>>, name: string): Route {
  const written = Object.entries(keys).filter(([, list]) => list.length > 0);
  const fields = written.map(([key, list]) => `, ${key}: ${JSON.stringify(list)}`).join('');
  const [route] = valid(`version: 1\nroutes: [ { name: ${name}, to: "http://x"${fields} } ]`).policy.routes.all;
  if (route === undefined) throw new Error('one route was written');
  return route;
}

test('a route said to be covered is never reached by any request', () => {
  let coveredAtAll = 0;
  fc.assert(
    fc.property(
      fc.array(routeOf, { minLength: 2, maxLength: 5 }),
      fc.array(requestOf, { minLength: 40, maxLength: 60 }),
      (keys, requests) => {
        const table = compileRoutes(keys.map((each, index) => compiled(each, `r${index}`)));
        const earlier = new EarlierRoutes();
        const covered = new Set<string>();
        for (const route of table.all) {
          if (coveredBy(route, earlier) !== undefined) covered.add(route.name);
          earlier.add(route);
        }
        coveredAtAll += covered.size;
        for (const { host, path, method } of requests) {
          const target = canonicalise({ method, target: path, hosts: [host], scheme: 'https' });
          const match = target.ok ? matchRoute(table, target.value, method) : undefined;
          if (match?.kind === 'route') expect(covered).not.toContain(match.route.name);
        }
      },
    ),
    { numRuns: 150 },
  );
  expect(coveredAtAll).toBeGreaterThan(5);
});
