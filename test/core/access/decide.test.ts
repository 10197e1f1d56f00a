import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCidr } from '../../../src/core/access/cidr.ts';
import { decideAccess } from '../../../src/core/access/decide.ts';
import { explainAccess } from '../../../src/core/access/explain.ts';
import type { Network, Schedule } from '../../../src/core/access/route.ts';
import { matchRoute } from '../../../src/core/access/routes.ts';
import { amrOf, type Factor, type Proofs } from '../../../src/core/identity/factors.ts';
import { account, address, MONDAY, NO_ALLOW, route, session, table, target } from '../../support/policies.ts';

const MINUTE = 60_000;
const here = { file: 'config.yaml', line: 9 };
const cidr = (text: string) => {
  const read = readCidr(text);
  if (!read.ok) throw new Error(text);
  return read.value;
};
const office: Network = { name: 'office', cidrs: [cidr('10.0.0.0/8')] };
const hours: Schedule = {
  name: 'hours',
  timezone: 'Asia/Seoul',
  days: [1, 2, 3, 4, 5],
  from: 480,
  to: 1170,
  exceptDates: ['2026-12-25'],
};
const facts = (changes: Partial<Parameters<typeof decideAccess>[0]> = {}) => ({
  route: route(),
  target: target('/app'),
  method: 'GET',
  session: undefined,
  address: address('10.1.2.3'),
  now: MONDAY,
  ...changes,
});
const signIn = (...factors: Factor[]) => ({ kind: 'sign-in', requirement: { factors } }) as const;
const tag = (decision: ReturnType<typeof decideAccess>) =>
  decision.kind === 'authenticate'
    ? `need ${decision.need.join('+')} (${decision.reason})`
    : decision.kind === 'deny'
      ? `deny ${decision.reason}`
      : 'forward';

describe('decideAccess', () => {
  const pwOtp = route({ auth: signIn('pw', 'otp') });
  const hr = route({ auth: signIn('pw', 'otp'), allow: { ...NO_ALLOW, groups: ['hr'] } });
  const step = route({
    stepUp: [
      {
        methods: ['POST'],
        paths: [],
        requirement: { factors: ['otp', 'pin'], maxAge: 5 * MINUTE },
        reason: { en: 'Approving' },
        place: here,
      },
    ],
  });
  test.each([
    ['no session', { route: pwOtp }, 'need pw+otp (no-session)'],
    ['only what is missing', { route: pwOtp, session: session({ otp: MONDAY }) }, 'need pw (factor-missing)'],
    ['everything proved', { route: pwOtp, session: session({ otp: MONDAY, pw: MONDAY }) }, 'forward'],
    ['more than asked', { session: session({ otp: MONDAY, pin: MONDAY }) }, 'forward'],
    ['another group, before asking for factors', { route: hr, session: session({}) }, 'deny group-not-allowed'],
    [
      'the right group',
      { route: hr, session: session({}, MONDAY, { account: account({ groups: ['x', 'hr'] }) }) },
      'need pw+otp (factor-missing)',
    ],
    [
      'excepted user, whatever the spelling',
      {
        route: route({ allow: { ...NO_ALLOW, exceptUsers: ['kim'] } }),
        session: session({ otp: MONDAY }, MONDAY, { account: account({ login: 'KIM' }) }),
      },
      'deny user-excepted',
    ],
    [
      'excepted group beats allowed group',
      {
        route: route({ allow: { ...NO_ALLOW, groups: ['staff'], exceptGroups: ['staff'] } }),
        session: session({ otp: MONDAY }),
      },
      'deny group-excepted',
    ],
    [
      'wrong network, before sign-in',
      { route: route({ allow: { ...NO_ALLOW, networks: [office] } }), address: address('192.0.2.1') },
      'deny network-not-allowed',
    ],
    [
      'mapped IPv6 of the right network',
      {
        route: route({ allow: { ...NO_ALLOW, networks: [office] }, auth: { kind: 'bypass' } }),
        address: address('::ffff:10.9.9.9'),
      },
      'forward',
    ],
    [
      'inside the hours',
      { route: route({ allow: { ...NO_ALLOW, schedules: [hours] }, auth: { kind: 'bypass' } }) },
      'forward',
    ],
    [
      'after the hours',
      { route: route({ allow: { ...NO_ALLOW, schedules: [hours] } }), now: MONDAY + 9 * 60 * MINUTE },
      'deny outside-schedule',
    ],
    [
      'an excepted day',
      { route: route({ allow: { ...NO_ALLOW, schedules: [hours] } }), now: Date.parse('2026-12-25T02:00:00Z') },
      'deny outside-schedule',
    ],
    ['deny', { route: route({ auth: { kind: 'deny' } }), session: session({ otp: MONDAY }) }, 'deny rule-denies'],
    ['bypass', { route: route({ auth: { kind: 'bypass' } }) }, 'forward'],
    [
      'idle longer than the route allows',
      { session: session({ otp: MONDAY }, MONDAY - 31 * MINUTE) },
      'need otp (session-expired)',
    ],
    ['step-up not for this method', { route: step, session: session({ otp: MONDAY }) }, 'forward'],
    [
      'step-up for this method',
      { route: step, method: 'POST', session: session({ otp: MONDAY }) },
      'need pin (factor-missing)',
    ],
    [
      'step-up with old proofs',
      { route: step, method: 'POST', now: MONDAY + 6 * MINUTE, session: session({ otp: MONDAY, pin: MONDAY }) },
      'need otp+pin (too-long-ago)',
    ],
    [
      'report only, denied',
      { route: { ...hr, enforce: 'report_only' }, session: session({ otp: 1, pw: 1 }) },
      'forward',
    ],
    ['report only, nobody signed in', { route: { ...hr, enforce: 'report_only' } }, 'need pw+otp (no-session)'],
  ] as const)('%s', (_, changes, expected) => {
    expect(tag(decideAccess(facts(changes as Partial<Parameters<typeof decideAccess>[0]>)))).toBe(expected);
  });

  test('report_only says what it would have done', () => {
    const decision = decideAccess(
      facts({ route: { ...hr, enforce: 'report_only' }, session: session({ otp: 1, pw: 1 }) }),
    );
    expect(decision).toMatchObject({ kind: 'forward', reported: { kind: 'deny', reason: 'group-not-allowed' } });
  });

  test('the reason of a step-up and its line come with the demand', () => {
    const decision = decideAccess(facts({ route: step, method: 'POST', session: session({ otp: MONDAY }) }));
    expect(decision).toMatchObject({ because: { en: 'Approving' }, place: here });
  });

  test('monotone: taking a proof away never turns a refusal into a forward', () => {
    const proofs = fc.record(
      { pw: fc.constant(MONDAY), pin: fc.constant(MONDAY), otp: fc.constant(MONDAY) },
      { requiredKeys: [] },
    );
    const required = fc.subarray<Factor>(['pw', 'pin', 'otp'], { minLength: 1 });
    fc.assert(
      fc.property(proofs, required, fc.constantFrom<Factor>('pw', 'pin', 'otp'), (held, asked, lost) => {
        const asking = route({ auth: signIn(...asked) });
        const fewer = Object.fromEntries(Object.entries(held).filter(([factor]) => factor !== lost)) as Proofs;
        const before = decideAccess(facts({ route: asking, session: session(held as Proofs) }));
        const after = decideAccess(facts({ route: asking, session: session(fewer) }));
        if (after.kind === 'forward') expect(before.kind).toBe('forward');
      }),
    );
  });
});

describe('matchRoute', () => {
  const routes = table(
    { name: 'admin', paths: [{ kind: 'prefix', path: '/app/admin/' }] },
    { name: 'app', paths: [{ kind: 'prefix', path: '/app/' }], tolerate: ['double_slash'] },
    { name: 'one', hosts: [{ kind: 'exact', host: 'one.test' }] },
    { name: 'wild', hosts: [{ kind: 'suffix', suffix: '.corp.test' }] },
    { name: 'post', paths: [{ kind: 'exact', path: '/form' }], methods: ['POST'] },
  );
  const matched = (path: string, host = 'app.test', method = 'GET') => {
    const match = matchRoute(routes, target(path, host), method);
    return match.kind === 'route' ? match.route.name : match.kind;
  };
  test.each([
    ['/app/x', 'app.test', 'app'],
    ['/app', 'app.test', 'app'],
    ['/apple', 'app.test', 'no-route'],
    ['/app/admin', 'app.test', 'admin'],
    ['/app/%61dmin/x', 'app.test', 'admin'],
    ['/app;v=1/admin/x', 'app.test', 'no-route'],
    ['/app/admin;x=1/y', 'app.test', 'no-route'],
    ['/app/x;x=1/y', 'app.test', 'app'],
    ['/app//x', 'app.test', 'app'],
    ['/app//admin/x', 'app.test', 'no-route'],
    ['/app/a%2Fb', 'app.test', 'ambiguous'],
    ['/x', 'one.test', 'one'],
    ['/x', 'two.corp.test', 'wild'],
    ['/x', 'corp.test', 'no-route'],
    ['/form', 'app.test', 'no-route'],
  ])('%s on %s → %s', (path, host, name) => {
    expect(matched(path, host)).toBe(name);
  });

  test('HEAD follows GET, POST needs its own', () => {
    expect(matched('/form', 'app.test', 'POST')).toBe('post');
    const get = table({ name: 'get', methods: ['GET'] });
    expect(matchRoute(get, target('/'), 'HEAD').kind).toBe('route');
    expect(matchRoute(get, target('/'), 'PROPFIND').kind).toBe('no-route');
  });

  test('a host nobody serves is 421, not 404', () => {
    const closed = table({ hosts: [{ kind: 'exact', host: 'one.test' }] });
    expect(matchRoute(closed, target('/', 'two.test'), 'GET').kind).toBe('unknown-host');
    expect(matchRoute(table(), target('/'), 'GET').kind).toBe('unknown-host');
  });
});

describe('a route that a sealed code opened', () => {
  const opened = MONDAY + MINUTE;
  const hr = { ...NO_ALLOW, groups: ['hr'] };
  const passes = { kind: 'forward', session: undefined, opened };

  test('lets pass as nobody whoever would be asked to sign in', () => {
    expect(decideAccess(facts({ opened }))).toEqual(passes);
    expect(decideAccess(facts({ opened, session: session({ pin: MONDAY }) }))).toEqual(passes);
    expect(decideAccess(facts({ opened, session: session({ otp: MONDAY }, MONDAY - 24 * 60 * MINUTE) }))).toEqual(
      passes,
    );
  });

  test('knows whoever proved what it asks for', () => {
    const kim = session({ otp: MONDAY });
    expect(decideAccess(facts({ opened, session: kim }))).toEqual({ kind: 'forward', session: kim });
  });

  test.each([
    ['the moment it ends', { now: opened }],
    ['a configuration that forbids it', { route: route({ breakGlass: false }) }],
  ])('asks again: %s', (_, changes) => {
    expect(decideAccess(facts({ opened, ...changes })).kind).toBe('authenticate');
  });

  test.each([
    ['deny', { route: route({ auth: { kind: 'deny' } }) }],
    [
      'another network',
      { route: route({ allow: { ...NO_ALLOW, networks: [office] } }), address: address('192.0.2.1') },
    ],
    [
      'another hour',
      { route: route({ allow: { ...NO_ALLOW, schedules: [hours] } }), now: opened - 1 - 12 * 60 * MINUTE },
    ],
    ['a person who is not meant', { route: route({ allow: hr }), session: session({ otp: MONDAY }) }],
  ])('still refuses: %s', (_, changes) => {
    expect(decideAccess(facts({ opened, ...changes })).kind).toBe('deny');
  });
});

describe('explainAccess decides as decideAccess does and says why', () => {
  test('a route that is closed for a while answers so, and one that was opened says why it lets pass', () => {
    const closed = { kind: 'maintenance', text: {}, until: undefined } as const;
    const asked = {
      raw: { method: 'GET', target: '/', hosts: ['app.test'], scheme: 'http' },
      session: undefined,
      address: address('10.0.0.1'),
      now: MONDAY,
    } as const;
    const shut = explainAccess({ ...asked, table: table({ action: closed }) });
    expect(shut).toMatchObject({ decision: 'respond', status: 503, reason: 'maintenance' });
    const barred = table({
      action: closed,
      allow: { ...NO_ALLOW, networks: [{ name: 'x', cidrs: [cidr('192.0.2.0/24')] }] },
    });
    expect(explainAccess({ ...asked, table: barred })).toMatchObject({ decision: 'deny', status: 403 });
    const opened = explainAccess({ ...asked, table: table({ name: 'a' }), opened: new Map([['a', MONDAY + 1]]) });
    expect(opened).toMatchObject({ decision: 'allow', reason: 'break-glass' });
  });

  const routes = table(
    { name: 'open', paths: [{ kind: 'prefix', path: '/open/' }], auth: { kind: 'bypass' } },
    {
      name: 'pay',
      paths: [{ kind: 'prefix', path: '/pay/' }],
      auth: signIn('pw', 'otp'),
      allow: { ...NO_ALLOW, groups: ['hr'] },
    },
    { name: 'rest' },
  );
  const explain = (path: string, who = session({})) =>
    explainAccess({
      table: routes,
      raw: { method: 'GET', target: path, hosts: ['app.test'], scheme: 'http' },
      session: who,
      address: address('10.0.0.1'),
      now: MONDAY,
    });
  test.each([
    ['/open/x', 'allow', 200],
    ['/pay/x', 'deny', 403],
    ['/z', 'need', 303],
    ['/../x', 'refuse', 400],
  ])('%s → %s', (path, decision, status) => {
    expect(explain(path)).toMatchObject({ decision, status });
  });

  test('rules before the one that decided are misses, those after it were not looked at', () => {
    const { trace } = explain('/pay/x');
    expect(trace.map((row) => [row.criteria.host, row.criteria.path, row.criteria.group, row.decided])).toEqual([
      ['hit', 'miss', 'not-looked-at', false],
      ['hit', 'hit', 'miss', true],
      ['not-looked-at', 'not-looked-at', 'not-looked-at', false],
    ]);
  });
});

test('amr values follow RFC 8176: mfa only for knowledge and possession together', () => {
  expect(amrOf({ otp: 1 })).toEqual(['otp']);
  expect(amrOf({ otp: 1, pw: 1 })).toEqual(['pwd', 'otp', 'mfa']);
  expect(amrOf({ pin: 1, pw: 1 })).toEqual(['pwd', 'pin']);
});
