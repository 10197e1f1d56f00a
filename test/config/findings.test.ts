import { afterAll, describe, expect, test } from 'vitest';
import { loadPolicy, loadPolicyBytes } from '../../src/config/load.ts';
import { FINDINGS } from '../../src/texts/findings/catalogue.ts';
import { fastest, findingsOf, memoryFiles, NOW, type Row } from './checking.ts';
import { listenerRows } from './listener-rows.ts';
import { SERVERS } from './server-rows.ts';
import { UPSTREAMS } from './upstream-rows.ts';

/** A route below a `version` line; `more` are further keys of it. */
const route = (more: string, name = 'a') => `  - name: ${name}\n    to: http://app:80\n    ${more}\n`;
const routes = (...more: string[]) =>
  `version: 1\nroutes:\n${more.map((each, index) => route(each, 'abcdef'[index])).join('')}`;
const top = (line: string) => `version: 1\n${line}\nroutes:\n${route('')}`;
const profile = (keys: string) => top(`identity: { profiles: { x: { ${keys} } } }`);

const NOTATION: readonly Row[] = [
  ['an empty file', '', '116', '1:1'],
  ['a list instead of a mapping', '- a\n- b\n', '116', '1:1'],
  ['a broken flow list', 'version: 1\nroutes: [a\n', '105', '3:1'],
  ['a duplicate key', 'version: 1\nversion: 1\n', '106', '2:1'],
  ['a duplicate key far down', routes('auth: deny\n    auth: bypass'), '106', '6:5'],
  ['an anchor', 'version: 1\nnetworks: &n { a: [10.0.0.0/8] }\n', '107', '2:14'],
  ['an alias', 'version: 1\nlog: *x\n', '107', '2:6'],
  ['a merge key', 'version: 1\nlog: { <<: { level: info } }\n', '108', '2:8'],
  ['a merge key with a prototype (G166)', 'version: 1\n<<: {__proto__: {demo: true}}\n', '108', '2:1'],
  ['a tag', 'version: 1\ndemo: !!bool true\n', '109', '2:14'],
  ['a foreign tag (G166)', 'version: 1\ndemo: !!js/function "x"\n', '109', '2:21'],
  ['a tab', 'version: 1\nlog:\n\tlevel: info\n', '110', '3:1'],
  ['two documents', 'version: 1\n---\nversion: 1\n', '111', '2:1'],
  ['a directive', '%YAML 1.1\n---\nversion: 1\n', '153', '1:1'],
  ['yes for true', 'version: 1\ndemo: yes\n', '112', '2:7'],
  ['off for a word', 'version: 1\nlog: { level: off }\n', '112', '2:15'],
  ['no as a name', 'version: 1\nroutes:\n  - { name: no, to: "http://app:80" }\n', '112', '3:13'],
  ['an octal trap', 'version: 1\nusers: { password: { min_length: 012 } }\n', '113', '2:34'],
  ['a hexadecimal trap', 'version: 0x1\n', '113', '1:10'],
  ['an infinite number', 'version: 1\nserver: { limits: { connections: .inf } }\n', '113', '2:34'],
  ['a key of the prototype', 'version: 1\n__proto__: { demo: true }\n', '114', '2:1'],
  ['a name of the prototype', 'version: 1\nnetworks: { constructor: [10.0.0.0/8] }\n', '114', '2:13'],
  ['deep nesting', `version: 1\nlog: ${'['.repeat(30)}${']'.repeat(30)}\n`, '115', '2:30'],
];

const VALUES: readonly Row[] = [
  ['an unknown key', top('lgo: { level: info }'), '102', '2:1'],
  ['an unknown nested key', top('server: { limits: { body_bytes: 1MB } }'), '102', '2:21'],
  ['a missing version', 'routes: []\n', '117', '1:1'],
  ['a route without a name', 'version: 1\nroutes:\n  - to: http://app:80\n', '117', '3:5'],
  ['a text where a list belongs', routes('allow: { groups: staff }'), '118', '5:22'],
  ['a number where a text belongs', top('pages: { brand: 5 }'), '118', '2:17'],
  ['a word that is not one of the words', top('log: { level: verbose }'), '119', '2:15'],
  ['digits that no code has', top('otp: { totp: { digits: 7 } }'), '119', '2:24'],
  ['a duration without a unit', top('sessions: { idle: 30 }'), '120', '2:19'],
  ['a duration out of bounds', top('identity: { profiles: { x: { jwt: { lifetime: 6m } } } }'), '120', '2:47'],
  ['a size without a unit', top('server: { limits: { body: 5000 } }'), '121', '2:27'],
  ['a port alone', top('server: { listen: 8080 }'), '122', '2:19'],
  ['a port that is none', top('server: { listen: ["0.0.0.0:99999"] }'), '122', '2:20'],
  ['a network with host bits', top('networks: { a: [10.0.0.1/8] }'), '123', '2:17'],
  ['a host with a port', routes('host: hr.corp.example:8080'), '124', '5:11'],
  ['a wildcard in the middle', routes('host: "hr.*.example"'), '124', '5:11'],
  ['a path without a slash', routes('path: salary'), '125', '5:11'],
  ['a path with dot segments', routes('path: [/a/../b]'), '125', '5:12'],
  ['a path with a glob', routes('path: /a/**'), '125', '5:11'],
  ['a path with an encoded slash', routes('path: /a%2fb'), '125', '5:11'],
  ['a backreference', routes('path: "re:/(a)\\\\1"'), '126', '5:11'],
  ['a pattern that matches no path', routes('path: "re:(a+)+$"'), '126', '5:11'],
  ['an unknown factor', routes('auth: id+opt'), '127', '5:11'],
  ['a sign-in without a factor', routes('auth: id'), '127', '5:11'],
  ['a sign-in without id', routes('auth: otp+pin'), '127', '5:11'],
  ['a factor twice', routes('auth: id+otp+otp'), '127', '5:11'],
  ['a method in small letters', routes('methods: [get]'), '128', '5:15'],
  ['CONNECT', routes('methods: [CONNECT]'), '128', '5:15'],
  ['a target with a path', 'version: 1\nroutes:\n  - { name: a, to: "http://app:80/x" }\n', '129', '3:20'],
  ['a target with a user', 'version: 1\nroutes:\n  - { name: a, to: "http://u:p@app" }\n', '129', '3:20'],
  [
    'hours that end before they begin',
    top('schedules: { s: { timezone: Asia/Seoul, hours: "19:00-08:00" } }'),
    '130',
    '2:48',
  ],
  ['a time zone that is none', top('schedules: { s: { timezone: Asia/Soul } }'), '131', '2:29'],
  ['a day that does not exist', top('schedules: { s: { timezone: UTC, except_dates: [2026-02-30] } }'), '132', '2:49'],
  ['a rate without a period', routes('limits: { rate: 600 }'), '133', '5:21'],
  ['a number out of bounds', top('users: { password: { min_length: 4 } }'), '134', '2:34'],
  ['a name with a space', top('networks: { my office: [10.0.0.0/8] }'), '135', '2:13'],
  ['a cookie name outside ASCII', top('sessions: { cookie: { name: 쿠키 } }'), '135', '2:29'],
  ['a profile called none', top('identity: { profiles: { none: {} } }'), '135', '2:25'],
  ['a header with a dot', profile('headers: { X.User: "{user.login}" }'), '136', '2:41'],
  ['a header that frames, in another spelling', profile('headers: { Content_Length: "1" }'), '136', '2:41'],
  ['a header that forwards, in another spelling', profile('headers: { X_Forwarded_For: "1" }'), '136', '2:41'],
  ['a header that frames', profile('headers: { Content-Length: "1" }'), '136', '2:41'],
  ['a sign-out at another host', routes('app_logout: { call: //evil.test/ }'), '125', '5:25'],
  ['a cookie whose name ends the line', routes('app_logout: { clear_cookies: ["A;B"] }'), '135', '5:35'],
  ['an end of maintenance without a zone', routes('maintenance: { until: "2026-11-24T06:00" }'), '150', '5:27'],
  ['a name of an application with a path', routes('rewrite: { names: [app/x] }'), '124', '5:24'],
  ['a brace without an end', profile('headers: { X-User: "{user.login" }'), '137', '2:49'],
  ['an unknown variable', profile('headers: { X-User: "{user.lgoin}" }'), '138', '2:49'],
  ['a variable of the environment (G075)', profile('headers: { X-User: "{env.SECRET}" }'), '138', '2:49'],
  ['a secret in no known place', profile('hmac: { secret: { vault: x } }'), '139', '2:46'],
  ['a literal secret', profile('hmac: { secret: hunter2 }'), '140', '2:46'],
  ['a text that is too long', routes(`title: ${'x'.repeat(81)}`), '141', '5:12'],
  ['a colour by name', top('pages: { brand: { accent: red } }'), '142', '2:27'],
  ['a PIN length that is too short', top('users: { pin: { length: 2-8 } }'), '143', '2:25'],
  ['another version', 'version: 2\n', '145', '1:10'],
  ['an empty list of paths', routes('path: []'), '146', '5:11'],
  ['an empty network', top('networks: { a: [] }'), '146', '2:16'],
  ['a redirect to nowhere', 'version: 1\nroutes:\n  - { name: a, redirect: //evil.example }\n', '147', '3:26'],
  ['a login with a control character', routes('allow: { users: ["a\\u0000b"] }'), '148', '5:22'],
  ['a storage that is none', top('storage: { url: mysql://x }'), '149', '2:17'],
  [
    'a moment without a zone',
    top('tests: [ { get: "https://a/", at: "2026-11-23T10:00", expect: allow } ]'),
    '150',
    '2:35',
  ],
  ['a URL without a scheme', top('tests: [ { get: "/salary", expect: allow } ]'), '151', '2:17'],
  ['an outcome that is none', top('tests: [ { get: "https://a/", expect: maybe } ]'), '152', '2:39'],
  ['a prefix that ends in a slash', routes('rewrite: { strip_prefix: /a/ }'), '154', '5:30'],
];

const LATER: readonly Row[] = [
  ['HTTP/2', top('server: { http2: true }'), '144', '2:18'],
  ['places', top('locations: { hq: { networks: [a] } }'), '144', '2:12'],
  ['rules by place', top('location_rules: [ { at: unknown, then: deny } ]'), '144', '2:17'],
  ['API keys', routes('auth: api_key'), '144', '5:11'],
  ['push as a factor', routes('auth: id+pw+push'), '144', '5:11'],
  ['passkeys as a factor', routes('auth: id+passkey'), '144', '5:11'],
  ['LDAP', top('users: { source: ldap }'), '144', '2:18'],
  ['SCIM', top('users: { provisioning: { scim: { token: { file: x } } } }'), '144', '2:24'],
  ['syslog', top('audit: { to: [ { type: syslog } ] }'), '144', '2:14'],
  ['PostgreSQL', top('storage: { url: "postgres://db/sumun" }'), '144', '2:17'],
  ['enrolment in other steps', top('enrolment: { steps: [sms, approval, activate, verify] }'), '144', '2:12'],
];

const SECRET = profile('hmac: { secret: { file: hmac.key } }');
const key = (bytes: string, mode = 0o600) => ({
  files: { 'hmac.key': { bytes, mode }, 'data/master.key': { bytes: 'k', mode: 0o600 } },
});
const logo = (bytes: string | Uint8Array) => ({
  files: { 'l.svg': { bytes, mode: 0o644 }, 'data/master.key': { bytes: 'k', mode: 0o600 } },
});
const LOGO = top('pages: { brand: { logo: l.svg } }');

const MEANING: readonly Row[] = [
  ['an unknown network', routes('allow: { networks: [offic] }'), '201', '5:25'],
  ['an unknown upstream', 'version: 1\nroutes:\n  - { name: a, to: epr }\n', '201', '3:20'],
  ['an unknown profile', routes('identity: standrad'), '201', '5:15'],
  ['a name twice', `version: 1\nroutes:\n${route('path: /x', 'a')}${route('path: /y', 'a')}`, '202', '6:11'],
  ['a route behind a wider one', routes('host: a.example', 'host: a.example\n    path: /x'), '203', '6:5'],
  ['a route behind a wildcard', routes('host: "*.example"', 'host: hr.example'), '203', '6:5'],
  [
    'a route behind two others together',
    routes('methods: [GET]\n    path: /x/', 'methods: [POST]\n    path: /x/', 'methods: [GET, POST]\n    path: /x/y'),
    '203',
    '11:5',
  ],
  ['a pattern behind a wider prefix', routes('path: /x/', 'path: "re:/x/y[0-9]+"'), '203', '6:5'],
  [
    'a step-up for methods the route has not',
    routes('methods: [GET]\n    step_up: [ { methods: [POST], auth: id+pin } ]'),
    '204',
    '6:16',
  ],
  [
    'a step-up for paths the route has not',
    routes('path: /x/\n    step_up: [ { path: /y, auth: id+pin } ]'),
    '204',
    '6:16',
  ],
  ['two actions', routes('redirect: /x'), '205', '3:5'],
  ['no action', 'version: 1\nroutes:\n  - { name: a }\n', '205', '3:5'],
  ['groups on a route without sign-in', routes('auth: bypass\n    allow: { groups: [staff] }'), '206', '6:14'],
  ['sign-out where nobody signs in', routes('auth: bypass\n    app_logout: { watch: [/x] }'), '206', '6:5'],
  ['maintenance of what another proxy has', routes('mode: forward_auth\n    maintenance: true'), '221', '6:5'],
  [
    'tolerance beside an open route',
    routes('path: /open/\n    auth: bypass', 'tolerate: [encoded_slash]'),
    '207',
    '9:15',
  ],
  [
    'older bytes beside an open route',
    routes('path: /open/\n    auth: bypass', 'tolerate: [legacy_encoding]'),
    '207',
    '9:15',
  ],
  ['a demo on every address', top('demo: true'), '208', '2:7'],
  ['trust in everyone', top('server: { trusted_proxies: [0.0.0.0/0] }'), '209', '2:29'],
  ['trust in everyone over IPv6', top('server: { trusted_proxies: ["::/0"] }'), '209', '2:29'],
  ['a step-up that adds nothing', routes('auth: id+otp+pin\n    step_up: [ { auth: id+pin } ]'), '210', '6:16'],
  ['a missing secret (G065)', SECRET, '211', '2:54'],
  ['an empty secret (G065)', SECRET, '212', '2:54', key('\n')],
  ['an unreadable secret (G065)', SECRET, '213', '2:54', key('x', 0)],
  ['an empty variable', profile('hmac: { secret: { env: S } }'), '212', '2:46', { env: { S: '' } }],
  ['a missing variable', profile('hmac: { secret: { env: S } }'), '214', '2:46'],
  ['a master key that is gone', top(''), '211', '1:1', { files: { 'data/sumun.db': { bytes: 'x', mode: 0o600 } } }],
  ['a missing logo', LOGO, '211', '2:25'],
  ['a logo over 8 KiB', LOGO, '215', '2:25', logo(new Uint8Array(9000))],
  ['a logo with a script', LOGO, '215', '2:25', logo('<svg xmlns="x"><script>1</script></svg>')],
  ['an accent too light for white text', top('pages: { brand: { accent: "#FFEB3B" } }'), '216', '2:27'],
  ['a route below the reserved path', routes('path: /_sumun/login'), '217', '5:11'],
  ['a header in two spellings', profile('headers: { X-User: "{user.login}", XUser: "{user.name}" }'), '218', '2:65'],
  ['an allow that names nobody', routes('allow: { groups: [] }'), '219', '5:22'],
  ['a test without a method', top('tests: [ { expect: allow } ]'), '220', '2:10'],
  [
    'rewriting without forwarding',
    'version: 1\nroutes:\n  - { name: a, respond: {}, rewrite: { host: keep } }\n',
    '221',
    '3:29',
  ],
  ['a step-up without sign-in', routes('auth: bypass\n    step_up: [ { auth: id+otp } ]'), '222', '6:16'],
  ['a mistyped standard profile', top('identity: { profiles: { standrad: {} } }'), '224', '2:25'],
  ['one address twice', top('server: { listen: ["127.0.0.1:8081"] }'), '223', '2:20'],
];

const WARNINGS: readonly Row[] = [
  ['a secret that others can read', SECRET, '301', '2:54', key('x', 0o644)],
  ['a generous lockout', top('otp: { lockout: { failures: 11 } }'), '302', '2:29'],
  ['a sign-in over days', top('sessions: { max: 7d }'), '303', '2:18'],
  ['a wide window', top('otp: { totp: { window: 3 } }'), '304', '2:24'],
  ['something that looks like a variable', top('pages: { brand: { name: "\u0024{NAME}" } }'), '305', '2:25'],
  ['an inactivity timeout that never takes effect', top('sessions: { idle: 11h }'), '306', '2:19'],
  ['no routes at all', 'version: 1\nroutes: []\n', '307', '2:1'],
  ['a route that is closed for a while', routes('maintenance: true'), '329', '5:18'],
  ['a route that only reports', routes('enforce: report_only'), '308', '5:14'],
  ['a master key that is not there yet', top(''), '309', '1:1', { files: {} }],
  ['health for everybody', top('console: { listen: "0.0.0.0:8081" }'), '310', '2:20'],
  ['a name that is used nowhere', top('networks: { a: [10.0.0.0/8] }'), '311', '2:13'],
];

const seen = new Set<string>(['SUMUN-101', 'SUMUN-103', 'SUMUN-104']); // the last three tests of this file

describe.each([
  ['notation', NOTATION],
  ['values', VALUES],
  ['keys of later versions', LATER],
  ['meaning', MEANING],
  ['weak settings', WARNINGS],
  ['OTP policies, SMS and RADIUS', SERVERS],
  ['upstreams', UPSTREAMS],
  ['listeners, certificates and the portal', listenerRows()],
] as const)('%s', (_section, rows) => {
  test.each(rows.map((row) => ({ what: row[0], row })))('finds $what', ({ row: [, text, code, place, options] }) => {
    const findings = findingsOf(text, options);
    for (const each of findings) seen.add(each.code);
    expect(findings.map((each) => `${each.code} ${each.line}:${each.column}`)).toContain(`SUMUN-${code} ${place}`);
    const severity = code.startsWith('3') ? 'warning' : 'error';
    expect(findings.find((each) => each.code === `SUMUN-${code}`)?.severity).toBe(severity);
    expect(
      findings.every(
        (each) =>
          !/\{(?:found|hint|key|line|other|section|min|expected)\}|undefined/.test(`${each.message} ${each.fix ?? ''}`),
      ),
    ).toBe(true);
  });
});

describe('the file itself', () => {
  test('a file that is not there', () => {
    const result = loadPolicy('/nowhere/config.yaml', { language: 'en', now: NOW, env: {} });
    expect(result.ok ? [] : result.error.map((each) => each.code)).toEqual(['SUMUN-101']);
  });

  test.each([
    ['text that is not UTF-8', Uint8Array.of(0x76, 0x3a, 0xff, 0xfe), 'SUMUN-104'],
    ['10 MiB in one scalar (G166)', new TextEncoder().encode(`a: ${'x'.repeat(10 * 1024 * 1024)}`), 'SUMUN-103'],
  ])('refuses %s within 100 ms', (_what, bytes, code) => {
    const options = { language: 'en', now: NOW, env: {}, files: memoryFiles({}) } as const;
    const result = loadPolicyBytes(bytes, '/etc/sumun/config.yaml', options);
    expect(result.ok ? [] : result.error.map((each) => each.code)).toEqual([code]);
    expect(fastest(() => loadPolicyBytes(bytes, '/etc/sumun/config.yaml', options))).toBeLessThan(100);
  });
});

afterAll(() => {
  const all = Object.values(FINDINGS).map(([code]) => code);
  expect(
    all.filter((code) => !seen.has(code)),
    'every finding is produced by a test',
  ).toEqual([]);
  expect(new Set(all).size).toBe(all.length);
});
