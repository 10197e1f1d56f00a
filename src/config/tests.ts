import { type Address, readAddress } from '../core/access/cidr.ts';
import { type Explanation, explainAccess } from '../core/access/explain.ts';
import type { Place } from '../core/access/route.ts';
import { type Factor, proofsAt } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import { type Context, lineOf } from './context.ts';
import type { Configuration } from './schema/root.ts';
import { type Expectation, TEST_METHODS } from './schema/tests.ts';

/** One entry of the file's `tests:`, ready to be run. */
export type ConfigTest = {
  readonly index: number;
  readonly place: Place;
  readonly method: string;
  readonly url: string;
  readonly login: string | undefined;
  readonly groups: readonly string[];
  readonly have: readonly Factor[];
  readonly address: Address;
  readonly at: Instant;
  readonly expect: Expectation;
};

/** What became of a test. `expected` and `got` are in the words of the file: `allow`, `need pw+otp`, `404`. */
export type TestResult = {
  readonly test: ConfigTest;
  readonly passed: boolean;
  readonly expected: string;
  readonly got: string;
  /** Name of the route that decided, if one did. */
  readonly route: string | undefined;
};

/** Compiles `tests:`. An entry without exactly one method is reported. */
export function compileTests(tests: Configuration['tests'], now: Instant, context: Context): readonly ConfigTest[] {
  return tests.flatMap((values, index) => {
    const path = ['tests', index];
    const methods = TEST_METHODS.filter((method) => values[method] !== undefined);
    const [method] = methods;
    const address = readAddress(values.from);
    if (method === undefined || methods.length > 1 || address === undefined) {
      context.report('test-method', path, { found: methods.join(', ') || '0' });
      return [];
    }
    const place = { file: context.file, line: lineOf(context, path) };
    const { user: login, groups, have, expect } = values;
    return [
      {
        index,
        place,
        method: method.toUpperCase(),
        url: values[method] ?? '',
        login,
        groups,
        have,
        address,
        at: values.at ?? now,
        expect,
      },
    ];
  });
}

/** Runs the tests of a file through the decision the gateway itself takes. */
export const runTests = (policy: Policy, tests: readonly ConfigTest[]): readonly TestResult[] =>
  tests.map((test) => {
    const explanation = explain(policy, test);
    const passed = isAsExpected(test.expect, explanation);
    return {
      test,
      passed,
      expected: inWords(test.expect),
      got: inWords(outcomeOf(explanation)),
      route: explanation.route?.name,
    };
  });

function explain(policy: Policy, test: ConfigTest): Explanation {
  const [, scheme = '', host = '', target = ''] = /^(https?):\/\/([^/?#]*)([\s\S]*)$/.exec(test.url) ?? [];
  const origin = target === '' ? '/' : target.startsWith('/') ? target : `/${target}`;
  return explainAccess({
    table: policy.routes,
    raw: { method: test.method, target: origin, hosts: [host], scheme: scheme === 'http' ? 'http' : 'https' },
    session: test.login === undefined ? undefined : sessionOf(test.login, test, host),
    address: test.address,
    now: test.at,
  });
}

/** A sign-in that was completed this moment with the proofs the test names. */
function sessionOf(login: string, test: ConfigTest, host: string): Session {
  const proofs = proofsAt(test.have, test.at);
  return {
    id: `test-${test.index}`,
    account: {
      id: login,
      login,
      name: login,
      email: '',
      phone: '',
      groups: test.groups,
      attributes: {},
      status: 'active',
      createdAt: test.at,
    },
    proofs,
    startedAt: test.at,
    authTime: test.at,
    lastSeen: test.at,
    host,
  };
}

type Outcome = Expectation | { readonly kind: 'refuse'; readonly status: number };

function outcomeOf(explanation: Explanation): Outcome {
  if (explanation.decision === 'need') return { kind: 'need', factors: explanation.need };
  if (explanation.decision === 'refuse') return { kind: 'refuse', status: explanation.status };
  return { kind: explanation.decision };
}

/** Factors are compared as a set: their order is that of the fields on the page. */
function isAsExpected(expected: Expectation, explanation: Explanation): boolean {
  // Tests are about who may pass; of an application that is closed for a while there is nothing to be said.
  if (explanation.reason === 'maintenance') return true;
  const outcome = outcomeOf(explanation);
  if (expected.kind === 'need' && outcome.kind === 'need') {
    return expected.factors.toSorted().join() === [...outcome.factors].sort().join();
  }
  return inWords(expected) === inWords(outcome);
}

const inWords = (outcome: Outcome): string => {
  if (outcome.kind === 'need') return `need ${outcome.factors.join('+')}`;
  return outcome.kind === 'refuse' ? String(outcome.status) : outcome.kind;
};
