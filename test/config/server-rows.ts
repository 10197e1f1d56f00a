import type { Row } from './checking.ts';

/** A file with one route `a` and one line of its own. */
const top = (line: string, auth = 'id+otp') =>
  `version: 1\n${line}\nroutes:\n  - { name: a, to: "http://app:80", auth: ${auth} }\n`;

const KEYS = { SECRET: 'sixteen bytes or more', OTHER: 'another secret of this kind', SHORT: 'fifteen bytes..' };
const env = { env: KEYS };

/** Providers below `sms`; the first begins on line 2 in column 21. */
const providers = (entry: string, more = '') => top(`sms: { providers: [ ${entry} ]${more} }`);
const FILE = '{ type: file, path: sms.jsonl }';
const http = (keys: string) => providers(`{ type: http, url: "https://sms.example/s", ${keys} }`);

/** Entries of `otp.policies`; the first begins on line 2 in column 20. */
const policies = (...entries: readonly string[]) => top(`otp: { policies: [ ${entries.join(', ')} ] }`);

/** RADIUS clients, one a line from line 5, their own keys from column 41. */
const clients = (...keys: readonly string[]) =>
  top(
    `radius:\n  listen: "0.0.0.0:1812"\n  clients:\n${keys
      .map((each, index) => `    - { name: c${index}, address: 10.0.${index}.0/24, ${each} }`)
      .join('\n')}`,
  );
const SECRET = 'secret: { env: SECRET }';

/** Faults of OTP policies, SMS and RADIUS. */
export const SERVERS: readonly Row[] = [
  ['a quota without a time', top('sms: { code: { per_number: 5 } }'), '155', '2:28'],
  ['a quota over more than a day', top('sms: { code: { per_user: 5/2d } }'), '155', '2:26'],
  ['a prefix with letters', top('sms: { code: { prefixes: [KR] } }'), '156', '2:27'],
  ['a body that is no JSON', http(`body: '{"to":{to},"text":"{text}"}'`), '157', '2:71'],
  [
    'a media type that nobody can escape for',
    http('headers: { Content-Type: text/plain }, body: "{to}{text}"'),
    '157',
    '2:110',
  ],
  ['an unknown type of provider', providers('{ type: htp }'), '119', '2:29'],
  ['a provider without a type', providers('{ path: x }'), '117', '2:21'],
  ['a key of another type of provider', providers('{ type: file, path: x, url: "https://x/" }'), '102', '2:44'],
  ['a provider over http outside', providers('{ type: http, url: "http://sms.example/" }'), '147', '2:40'],
  ['a placeholder that nobody fills', http('headers: { X-Key: "{tokn}" }'), '138', '2:83'],
  ['an entry in two forms', policies('{ groups: [a], method: time, any_of: [time] }'), '225', '2:20'],
  ['an entry in no form', policies('{ groups: [a] }'), '225', '2:20'],
  ['a fallback of nothing', policies('{ groups: [a], any_of: [time], fallback: event }'), '226', '2:51'],
  ['conditions of no fallback', policies('{ groups: [a], method: time, fallback_when: [no_code] }'), '226', '2:49'],
  ['a token that is not given', http('headers: { X-Key: "{token}" }'), '226', '2:21'],
  [
    'two providers of one name',
    providers(`{ type: file, name: a, path: x }, { type: file, name: a, path: y }`),
    '227',
    '2:75',
  ],
  ['a message without its text', http('body: "to={to}"'), '228', '2:21'],
  ['a route that asks for SMS without providers', top('log: {}', 'id+pw+sms'), '229', '4:43'],
  ['a policy that asks for SMS without providers', policies('{ groups: [a], any_of: [time, sms] }'), '229', '2:20'],
  [
    'a step-up that asks for SMS without providers',
    top('log: {}', 'id+otp, step_up: [ { auth: id+sms } ]'),
    '229',
    '4:70',
  ],
  [
    'a client that asks for SMS without providers',
    clients(`${SECRET}, auth: id+pw+sms, mode: challenge`),
    '229',
    '5:72',
    env,
  ],
  ['a default that asks for SMS without providers', top('defaults: { auth: id+sms }'), '229', '2:19'],
  ['a fallback without providers', top('sms: { fallback: { when: outage, routes: [a] } }'), '229', '2:26'],
  ['a fallback that holds nowhere', providers(FILE, ', fallback: { when: no_device }'), '230', '2:74'],
  ['a fallback on an unknown route', providers(FILE, ', fallback: { when: outage, routes: [b] }'), '201', '2:91'],
  [
    'a fallback where SMS is asked for already',
    top(`sms: { providers: [ ${FILE} ], fallback: { when: outage, routes: [a] } }`, 'id+otp+sms'),
    '231',
    '2:91',
  ],
  [
    'an entry behind everybody',
    policies('{ groups: ["*"], method: time }', '{ groups: [a], method: event }'),
    '232',
    '2:53',
  ],
  [
    'an entry behind one for more groups and more places',
    policies('{ groups: [a, b], method: time }', '{ groups: [a], routes: [a], method: event }'),
    '232',
    '2:54',
  ],
  ['an entry for a mistyped route', policies('{ groups: [a], routes: [aa], method: time }'), '201', '2:44'],
  ['an unknown attribute', clients(`${SECRET}, reply: { Clas: x }`), '233', '5:75', env],
  ['a number that is none', clients(`${SECRET}, reply: { Session-Timeout: soon }`), '158', '5:92', env],
  ['an address that is none', clients(`${SECRET}, reply: { Framed-IP-Address: "::1" }`), '158', '5:94', env],
  [
    'a name that the attribute has not',
    clients(`${SECRET}, reply: [ { attributes: { Tunnel-Type: LAN } } ]`),
    '158',
    '5:104',
    env,
  ],
  ['a variable that a reply has not', clients(`${SECRET}, reply: { Class: "{session.id}" }`), '138', '5:82', env],
  ['a client called as a route', `${clients(SECRET).replace('c0', 'a')}`, '234', '5:15', env],
  ['two clients of one name', clients(SECRET, `${SECRET} `).replace('c1', 'c0'), '234', '6:15', env],
  ['a client that is everybody (G128)', clients(SECRET).replace('10.0.0.0/24', '0.0.0.0/0'), '235', '5:28', env],
  [
    'a client that is everybody over IPv6 (G128)',
    clients(SECRET).replace('10.0.0.0/24', '["::/0"]'),
    '235',
    '5:29',
    env,
  ],
  ['one network of two clients', clients(SECRET, SECRET).replace('10.0.1.0', '10.0.0.0'), '236', '6:28', env],
  ['a secret of 15 bytes (RAD-2)', clients('secret: { env: SHORT }'), '237', '5:49', env],
  ['a literal secret of a client', clients('secret: sixteen-bytes-or-more'), '140', '5:49'],
  ['a client without a secret', clients('auth: id+otp'), '117', '5:7'],
  ['two secrets in one field', clients(`${SECRET}, auth: id+pw+pin+otp`), '238', '5:72', env],
  ['an order of what is not asked for', clients(`${SECRET}, auth: id+otp+pin, concat: pw+otp`), '239', '5:92', env],
  ['CHAP for more than a code', clients(`${SECRET}, auth: id+otp+pin, chap: true`), '240', '5:90', env],
  [
    'SMS in one field',
    clients(`${SECRET}, auth: id+pw+sms, mode: one_field`).replace('\n', `\nsms: { providers: [ ${FILE} ] }\n`),
    '241',
    '6:72',
    env,
  ],
  [
    'soft duplicates of requests that anybody can forge',
    clients(`${SECRET}, require_message_authenticator: false, soft_duplicate: 5s`),
    '242',
    '5:120',
    env,
  ],
  [
    'a certificate that is not there',
    top('radius: { tls: { cert: r.pem, key: { env: SECRET } } }'),
    '211',
    '2:24',
    env,
  ],
  ['one address for RADIUS twice', top('radius: { listen: ["0.0.0.0:1812", "0.0.0.0:1812"] }'), '223', '2:36'],
  ['TCP of RADIUS where the gateway listens', top('radius: { tcp: "0.0.0.0:8080" }'), '223', '2:16'],
  ['a demo whose RADIUS others reach', top('radius: { listen: "0.0.0.0:1812" }\ndemo: true'), '208', '2:19'],
  ['codes in a file', providers(FILE), '312', '2:21'],
  ['messages in clear', providers('{ type: http, url: "http://10.0.0.9/" }'), '313', '2:40'],
  [
    'SMPP in clear',
    providers('{ type: smpp, host: s.example, system_id: x, password: { env: SECRET }, from: "1" }'),
    '313',
    '2:41',
    env,
  ],
  ['one secret of two clients (G128)', clients(SECRET, SECRET), '314', '6:49', env],
  [
    'a client without Message-Authenticator (RAD-1)',
    clients(`${SECRET}, require_message_authenticator: false`),
    '315',
    '5:97',
    env,
  ],
  [
    'a client without any protection (RAD-1)',
    clients(`${SECRET}, require_message_authenticator: false, limit_proxy_state: false`),
    '316',
    '5:123',
    env,
  ],
  ['a RADIUS server that knows nobody', top('radius: { listen: "0.0.0.0:1812" }'), '317', '2:1'],
  ['clients that nobody listens to', clients(SECRET).replace('  listen: "0.0.0.0:1812"\n', ''), '317', '2:1', env],
  [
    'a policy that a route never takes',
    `${policies('{ groups: [a], method: time }')}    otp: event\n`.replace(
      ', auth: id+otp }\n    otp: event',
      ', otp: event }',
    ),
    '318',
    '2:20',
  ],
  [
    'a policy for an application of the API',
    policies('{ groups: [a], routes: [vpn-portal], method: time }'),
    '319',
    '2:44',
  ],
  ['a body of GET', http('method: GET, body: "{to}{text}"'), '320', '2:78'],
];
