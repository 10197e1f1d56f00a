import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { runTests } from '../../src/config/tests.ts';
import { fastest, findingsOf, load, NOW, TWELVE_LINES, valid } from './checking.ts';

describe('the smallest useful file', () => {
  test('twelve lines are valid without a finding', () => {
    expect(findingsOf(TWELVE_LINES)).toEqual([]);
  });

  test('everything else has the documented default', () => {
    const { policy } = valid(TWELVE_LINES);
    const [route] = policy.routes.all;
    expect(policy.server).toMatchObject({
      listen: [{ host: '0.0.0.0', port: 8080 }],
      reservedPath: '/_sumun',
      trustedProxies: [],
      limits: { headerBytes: 32768, headerTime: 10_000, body: 0, idle: 75_000, connections: 20_000, perAddress: 256 },
      drain: 30_000,
    });
    expect(policy.sessions).toMatchObject({
      cookieName: 'sumun',
      sameSite: 'lax',
      idle: 1_800_000,
      max: 36_000_000,
      concurrent: JSON.parse('{"max":5,"then":"end_oldest"}'),
    });
    expect(policy.otp.lockout).toEqual({ failures: 5, lockFor: [60_000, 300_000, 900_000, 3_600_000] });
    expect(policy.otp.totp).toEqual({ algorithm: 'SHA256', digits: 6, period: 30, window: 1 });
    expect(policy.otp.foreignApps).toEqual({ algorithm: 'SHA1', digits: 6, period: 30 });
    expect(policy.users).toEqual({
      password: { minLength: 10 },
      pin: { minLength: 4, maxLength: 8, forbid: ['repeats', 'sequences'] },
    });
    expect(policy.upstreams.get('http://10.0.5.20:8080')).toMatchObject({
      timeouts: { connect: 3000, firstByte: 60_000, idle: 300_000 },
      pool: { max: 128, idle: 30_000 },
    });
    expect(route?.keepPost).toEqual({ max: 1_048_576, for: 600_000 });
    expect(route?.place).toEqual({ file: '/etc/sumun/config.yaml', line: 5 });
    expect(policy.identity.profiles.get('standard')?.jwt).toEqual({ header: 'X-Sumun-Assertion', lifetime: 60_000 });
    expect(policy.storage.path).toBe('/etc/sumun/data/sumun.db');
  });

  test('the policy cannot be changed', () => {
    const { policy } = valid(TWELVE_LINES);
    expect(
      Object.isFrozen(policy) && Object.isFrozen(policy.server.limits) && Object.isFrozen(policy.routes.all[0]),
    ).toBe(true);
  });
});

describe('what values become', () => {
  const routesOf = (text: string) => valid(`version: 1\n${text}`).policy.routes.all;

  test('a route lasts no longer than a sign-in does', () => {
    const [short, long] = routesOf(`sessions: { idle: 30m, max: 10h }
routes:
  - { name: a, path: /a, to: "http://x", session: { idle: 5m, max: 1h } }
  - { name: b, to: "http://x", session: { idle: 10h, max: 90d } }`);
    expect(short?.session).toEqual({ idle: 300_000, max: 3_600_000 });
    expect(long?.session).toEqual({ idle: 1_800_000, max: 36_000_000 });
  });

  test('an answer of our own is open unless it says otherwise', () => {
    const auths = routesOf(`defaults: { auth: id+pw+otp }
routes:
  - { name: a, path: /a, redirect: /b }
  - { name: b, path: /b, respond: {} }
  - { name: c, path: /c, respond: {}, auth: id+otp }
  - { name: d, path: /d, to: "http://x" }`).map((route) => route.auth);
    expect(auths.map((auth) => (auth.kind === 'sign-in' ? auth.requirement.factors.join('+') : auth.kind))).toEqual([
      'bypass',
      'bypass',
      'otp',
      'pw+otp',
    ]);
  });

  test('paths are prefixes, exact, or patterns for the whole path', () => {
    const [route] = routesOf('routes: [ { name: a, to: "http://x", path: [/a/, /b, /급여/, "re:/c/[0-9]+"] } ]');
    expect(route?.paths.map((path) => path.kind)).toEqual(['prefix', 'exact', 'prefix', 'pattern']);
    const pattern = route?.paths.at(-1);
    const answers = pattern?.kind === 'pattern' ? ['/c/12', '/c/12/x', 'x/c/12'].map((path) => pattern.test(path)) : [];
    expect(answers).toEqual([true, false, false]);
  });

  test('patterns run in linear time (G160)', () => {
    const [route] = routesOf('routes: [ { name: a, to: "http://x", path: ["re:/(a+)+", "re:/(.*)*x"] } ]');
    for (const path of route?.paths ?? []) {
      const match = () => expect(path.kind === 'pattern' && path.test(`/${'a'.repeat(8000)}!`)).toBe(false);
      expect(fastest(match)).toBeLessThan(100);
    }
  });

  test('maintenance is the answer whatever stands beside it, and open to all where it stands alone', () => {
    const [first, second, third] = routesOf(`routes:
  - { name: a, to: "http://x", path: /a/, maintenance: true, rewrite: { host: upstream } }
  - { name: b, path: /b/, maintenance: { text: { ko: 점검 }, until: "2026-11-24T06:00+09:00" } }
  - { name: c, to: "http://x", maintenance: false }`);
    expect(first?.action).toEqual({ kind: 'maintenance', text: {}, until: undefined });
    expect(first?.auth.kind).toBe('sign-in');
    expect(second?.action).toEqual({
      kind: 'maintenance',
      text: { ko: '점검' },
      until: Date.parse('2026-11-24T06:00+09:00'),
    });
    expect(second?.auth.kind).toBe('bypass');
    expect(third?.action.kind).toBe('proxy');
  });

  test('names of an application have a port, or stand for the usual ones', () => {
    const [route] = routesOf(
      'routes: [ { name: a, to: "http://x", rewrite: { names: [ERP01.internal, "10.0.5.20:7001"] } } ]',
    );
    expect(route?.rewrite.names).toEqual([
      { host: 'erp01.internal', port: undefined },
      { host: '10.0.5.20', port: 7001 },
    ]);
  });

  test('tests of the file say nothing about a route that is closed for a while', () => {
    const text = `version: 1
routes: [ { name: a, to: "http://x", auth: id+otp, maintenance: true } ]
tests: [ { get: "http://a/", expect: need otp } ]`;
    expect(runTests(valid(text).policy, valid(text).tests).map(({ passed }) => passed)).toEqual([true]);
  });

  test('hosts and logins are folded', () => {
    const [route] = routesOf(
      'routes: [ { name: a, to: "http://x", host: HR.Corp.Example, allow: { users: [" Kim "] } } ]',
    );
    expect(route?.hosts).toEqual([{ kind: 'exact', host: 'hr.corp.example' }]);
    expect(route?.allow.users).toEqual(['kim']);
  });

  test('a template is split once, and only at its own braces (G075)', () => {
    const { policy } = valid(
      `version: 1
identity: { profiles: { standard: { headers: { X-A: "u={user.login}; $(x) %{y}" } } } }
routes: [ { name: a, to: "http://x" } ]`.replace(' %{y}', ''),
    );
    expect(policy.identity.profiles.get('standard')?.headers[0]?.template).toEqual([
      { kind: 'text', text: 'u=' },
      { kind: 'variable', name: 'user.login' },
      { kind: 'text', text: '; $(x)' },
    ]);
  });

  test('an address with 0 as its port means any free port', () => {
    const { policy } = valid(
      `version: 1\nserver: { listen: ["127.0.0.1:0", "[::1]:0"] }\nroutes: [ { name: a, to: "http://x" } ]`,
    );
    expect(policy.server.listen).toEqual([
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 0 },
    ]);
  });

  test('a secret is read, without its line end, and does not print', () => {
    const text =
      'version: 1\nidentity: { profiles: { standard: { hmac: { secret: { file: k } } } } }\nroutes: [ { name: a, to: "http://x" } ]';
    const files = { k: { bytes: 's3cret\n', mode: 0o600 }, 'data/master.key': { bytes: 'k', mode: 0o600 } };
    const secret = valid(text, { files }).policy.identity.profiles.get('standard')?.hmac?.secret;
    expect(secret?.reveal()).toBe('s3cret');
    expect(`${secret} ${JSON.stringify(secret)}`).not.toContain('s3cret');
  });

  test('a demo may hold literal secrets on loopback', () => {
    const demo = `version: 1\ndemo: true\nserver: { listen: "127.0.0.1:8080" }\nidentity: { profiles: { standard: { hmac: { secret: abc } } } }\nroutes: [ { name: a, to: "http://x" } ]`;
    expect(findingsOf(demo)).toEqual([]);
    expect(valid(demo).policy.identity.profiles.get('standard')?.hmac?.secret.reveal()).toBe('abc');
  });

  test('a small logo becomes a data URI', () => {
    const files = {
      'l.svg': { bytes: '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', mode: 0o644 },
      'data/master.key': { bytes: 'k', mode: 0o600 },
    };
    const { policy } = valid(`version: 1\npages: { brand: { logo: l.svg } }\nroutes: [ { name: a, to: "http://x" } ]`, {
      files,
    });
    expect(policy.pages.brand.logo).toMatch(/^data:image\/svg\+xml;base64,/);
  });
});

describe('keys of later versions', () => {
  test('their documented defaults ask for nothing and are accepted', () => {
    const text = `version: 1
server: { public_url: null, tls: null, http2: false, workers: 1, proxy_protocol: none }
locations: {}
upstreams: { u: { targets: [http://x], balance: round_robin } }
defaults: { unauthenticated_api: "401" }
location_rules: []
routes: [ { name: a, to: u, mode: proxy, allow: { groups: [x], locations: [], keys: [] } } ]
users: { provisioning: { sync_guard: { percent: 5, users: 50 } } }
otp: { server: { digits: 6, ttl: 60s }, policies: [], sealing: aes-256-gcm }
enrolment: { ways: [qr, text, sms_key, registration_number], devices_per_user: 3 }
sms: { providers: [], code: { digits: 6 }, fallback: { when: never } }
passkeys: { rp_id: null, user_verification: required }
push: { ttl: 60s, number_matching: true }
forward_auth: { listen: null, clients: [127.0.0.0/8, "::1/128"] }
console: { tls: null, auth: id+pw+otp, roles: { owner: { groups: [sumun-admins] } }, two_people: [], edit_policy: true }
radius: { listen: [], clients: [] }
audit: { to: [], webhook: [] }
`;
    expect(findingsOf(text)).toEqual([]);
  });
});

describe('all findings together', () => {
  const text = `version: 1
networks: { office: [10.0.0.1/8] }
routes:
  - name: a
    to: http://app
    auth: id+opt
    requre: x
  - name: b
    to: epr
    allow: { networks: [office, offic] }
  - name: c
    to: http://app
  - name: c
    host: hr.example
    to: http://app
sessions: { idle: 30 }
radius: { listen: [":1812"] }
`;

  test('faults of notation, values and meaning are reported in one run, in file order', () => {
    const found = findingsOf(text).map((each) => `${each.line} ${each.code}`);
    expect(found).toEqual([
      '2 SUMUN-123',
      '6 SUMUN-127',
      '7 SUMUN-102',
      '9 SUMUN-201',
      '10 SUMUN-201',
      '11 SUMUN-203',
      '13 SUMUN-203',
      '13 SUMUN-202',
      '16 SUMUN-120',
      '17 SUMUN-122',
    ]);
  });

  test('a broken entry is not called unknown where it is used', () => {
    expect(findingsOf(text).map((each) => each.message)).not.toContainEqual(expect.stringContaining("no 'office'"));
  });

  test('a broken route does not make others unreachable', () => {
    const found = findingsOf(
      'version: 1\nroutes:\n  - { name: a, to: "http://x", path: nope }\n  - { name: b, to: "http://x" }\n',
    );
    expect(found.map((each) => each.code)).toEqual(['SUMUN-125']);
  });

  test('a suggestion names what was probably meant', () => {
    expect(findingsOf(text).find((each) => each.line === 9)?.message).toBe("There is no 'epr' in upstreams.");
    expect(findingsOf(text).find((each) => each.code === 'SUMUN-201' && each.line === 10)?.message).toContain(
      "Did you mean 'office'?",
    );
  });

  test.each([
    ['ko', "'office' 를 쓰려던 것 같습니다."],
    ['ja', '「office」ではありませんか。'],
  ] as const)('messages come in %s', (language, sentence) => {
    expect(findingsOf(text, { language }).find((each) => each.line === 10)?.message).toContain(sentence);
  });

  test('a literal secret is never part of a message', () => {
    const leaky =
      'version: 1\nidentity: { profiles: { x: { hmac: { secret: hunter2 }, basic_auth: hunter2 } } }\nsms: { providers: [ { token: hunter2 } ] }\n';
    expect(JSON.stringify(findingsOf(leaky))).not.toContain('hunter2');
  });
});

describe('hostile files (G166)', () => {
  test.each([
    ['an alias bomb of nine levels of nine', bomb(9, 9)],
    ['an anchor that contains itself', 'version: 1\nnetworks: &a [*a]\n'],
    ['half a megabyte of brackets', '['.repeat(500_000)],
    ['half a megabyte of nested list items', '- '.repeat(250_000)],
  ])('refuses %s within 100 ms', (_what, text) => {
    expect(load(text).ok).toBe(false);
    expect(fastest(() => load(text))).toBeLessThan(100);
  });

  test('never throws on random text, and never accepts it', () => {
    const yamlish = fc.array(
      fc.constantFrom(
        'version: 1',
        '\n',
        '  ',
        '- ',
        'routes:',
        '{',
        '}',
        '[',
        ']',
        ': ',
        'name',
        '&a',
        '*a',
        '!!x',
        '"',
        "'",
        '|',
        '>',
        '#',
        '\t',
        '---',
        '1',
        'null',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(yamlish, (tokens) => {
        const result = load(tokens.join(''));
        if (result.ok) expect(result.value.policy.routes.all).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

function bomb(levels: number, width: number): string {
  const lines = ['a0: &a0 [x]'];
  for (let level = 1; level <= levels; level++)
    lines.push(
      `a${level}: &a${level} [${Array(width)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  return `version: 1\n${lines.join('\n')}\n`;
}

describe('mistyped keys (F18)', () => {
  const text = `version: 1
server: { listen: "127.0.0.1:8080", limits: { body: 1MB, header_time: 5s } }
networks: { office: [10.0.0.0/8] }
schedules: { hours: { timezone: Asia/Seoul, days: [mon], hours: "08:00-19:00" } }
upstreams: { app: { targets: [http://x:1], timeouts: { connect: 2s }, pool: { max: 4 } } }
routes:
  - name: a
    title: { ko: 가, en: A }
    host: a.example
    path: /a/
    methods: [GET, POST]
    to: app
    auth: id+pw+otp
    allow: { groups: [staff], networks: [office], schedules: [hours], except_users: [eve] }
    step_up: [ { methods: [POST], auth: id+otp+pin, max_age: 5m, reason: why } ]
    session: { idle: 5m }
    limits: { rate: 10/s }
otp: { lockout: { failures: 3, for: [2m] }, totp: { window: 0 } }
sessions: { idle: 10m, max: 1h, concurrent: { max: 1, then: refuse } }
identity: { issuer: "https://gw.example", profiles: { standard: { jwt: null } }, remove: [X-Old] }
`;
  const comparable = (value: string) => {
    const { digest, ...policy } = valid(value).policy;
    return JSON.stringify(policy, (_key, each: unknown) =>
      typeof each === 'bigint' ? `${each}n` : each instanceof Map ? [...each] : each,
    ).replace(digest, '');
  };
  const document = parseDocument(text, { keepSourceTokens: true });
  const keys: { readonly at: number; readonly length: number }[] = [];
  collectKeys(document.contents, keys);
  const original = comparable(text);

  test('a mutated key is an error or changes nothing', () => {
    const letters = [...'abcdefghijklmnopqrstuvwxyz_'];
    const mutation = fc.record({
      key: fc.nat(keys.length - 1),
      at: fc.nat(20),
      kind: fc.constantFrom('drop', 'add', 'swap', 'replace', 'upper'),
      letter: fc.constantFrom(...letters),
    });
    fc.assert(
      fc.property(mutation, ({ key, at, kind, letter }) => {
        const place = keys[key] ?? { at: 0, length: 0 };
        const word = text.slice(place.at, place.at + place.length);
        const mutated =
          text.slice(0, place.at) + mutate(word, at % word.length, kind, letter) + text.slice(place.at + place.length);
        const result = load(mutated);
        if (!result.ok) return;
        expect(comparable(mutated)).toBe(original);
      }),
      { numRuns: 120 },
    );
  });

  test('a mutated value is never a reason to break', () => {
    const tokens = fc.constantFrom(
      'null',
      '{}',
      '[]',
      '[[]]',
      '{ a: b }',
      '-1',
      'true',
      '""',
      '"\\u0000"',
      'x'.repeat(300),
      'id+otp',
      '/',
      're:/(',
      '*.x',
      '1h',
    );
    const scalars = [...text.matchAll(/(?<=: )[^\s{}[\],]+/g)];
    fc.assert(
      fc.property(fc.nat(scalars.length - 1), tokens, (index, token) => {
        const at = scalars[index]?.index ?? 0;
        const mutated = text.slice(0, at) + token + text.slice(at + (scalars[index]?.[0].length ?? 0));
        const result = load(mutated);
        if (!result.ok) expect(result.error.some((each) => each.severity === 'error')).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  function mutate(word: string, at: number, kind: string, letter: string): string {
    const [before, here, after] = [word.slice(0, at), word[at] ?? '', word.slice(at + 1)];
    if (kind === 'drop' && word.length > 1) return before + after;
    if (kind === 'add') return before + here + letter + after;
    if (kind === 'swap') return before + after.slice(0, 1) + here + after.slice(1);
    return kind === 'upper' ? before + here.toUpperCase() + after : before + letter + after;
  }
});

type YamlNode = {
  readonly items?: readonly unknown[];
  readonly key?: YamlNode;
  readonly value?: unknown;
  readonly range?: readonly number[];
};

/** Keys whose name has a meaning; names that people give to languages' texts and profiles' headers are not among them. */
function collectKeys(node: unknown, into: { at: number; length: number }[]): void {
  for (const item of (node as YamlNode | null)?.items ?? []) {
    const pair = item as YamlNode;
    if (pair.key === undefined) {
      collectKeys(item, into);
      continue;
    }
    const [from = 0, to = 0] = pair.key.range ?? [];
    into.push({ at: from, length: to - from });
    collectKeys(pair.value, into);
  }
}

test('tests without a moment are meant for the moment of loading', () => {
  const { tests } = valid(`${TWELVE_LINES}tests: [ { get: "https://hr.corp.example/", expect: allow } ]`);
  expect(tests[0]?.at).toBe(NOW);
});
