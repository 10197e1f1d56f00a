import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadPolicyText } from '../../src/config/load.ts';
import { runTests } from '../../src/config/tests.ts';
import { quota } from '../../src/config/values.ts';
import { RADIUS_ATTRIBUTES, radiusInteger } from '../../src/core/radius-attributes.ts';
import { otpDemandOf, otpProvedAt } from '../../src/core/verification/demand.ts';
import { findingsOf, memoryFiles, NOW, valid } from './checking.ts';

const env = { SECRET: 'sixteen bytes or more', TOKEN: 'bearer of news' };
const policyOf = (text: string) => valid(`version: 1\n${text}`, { env }).policy;
const routeOf = (text: string, name: string) => {
  const route = policyOf(text).routes.all.find((each) => each.name === name);
  if (route === undefined) throw new Error(`no route ${name}`);
  return route;
};
const clientOf = (keys: string, more = '') => {
  const text = `radius: { listen: "127.0.0.1:0", clients: [ { name: vpn, address: 10.0.9.20, secret: { env: SECRET }, ${keys} } ] }\n${more}`;
  const [client] = policyOf(text).radius.clients;
  if (client === undefined) throw new Error('no client');
  return client;
};

const PROVIDERS = 'providers: [ { type: file, path: sms.jsonl } ]';
const ROUTES = `routes:
  - { name: plain, host: a.example, to: "http://app" }
  - { name: both, host: b.example, to: "http://app", auth: id+otp+sms }
  - { name: open, host: c.example, to: "http://app", auth: bypass }
  - { name: known, host: d.example, to: "http://app", auth: id+pw, step_up: [ { methods: [POST], auth: id+otp } ] }
`;

describe('otp', () => {
  test('an entry with a fallback prefers the first method and says under which conditions the second counts', () => {
    const { policies } = policyOf(
      'otp: { policies: [ { groups: [a], method: server, fallback: time }, { groups: ["*"], method: time, fallback: sms, fallback_when: [no_code, user_choice] } ] }\nsms: { providers: [ { type: file, path: x } ] }',
    ).otp;
    expect(policies).toEqual([
      { groups: ['a'], routes: [], mode: 'fallback', methods: ['server', 'time'], when: ['no_device'] },
      { groups: ['*'], routes: [], mode: 'fallback', methods: ['time', 'sms'], when: ['no_code', 'user_choice'] },
    ]);
  });

  test('entries reach the routes they are for, and only routes that ask for an OTP', () => {
    const text = `${ROUTES}otp: { policies: [ { groups: [a], routes: [plain], method: time }, { groups: [b], routes: ["*"], all_of: [time, event] } ] }\nsms: { ${PROVIDERS} }`;
    const rules = (name: string) => routeOf(text, name).otpRules.map(({ mode }) => mode);
    expect(rules('plain')).toEqual(['any_of', 'all_of']);
    expect(rules('known')).toEqual(['all_of']);
    expect(rules('open')).toEqual([]);
  });

  test('a code by SMS never counts twice on a route that asks for one itself', () => {
    const text = `${ROUTES}otp: { policies: [ { groups: ["*"], any_of: [time, sms] } ] }\nsms: { ${PROVIDERS}, fallback: { when: user_choice, routes: ["*"] } }`;
    const both = routeOf(text, 'both');
    expect([both.otpRules[0]?.methods, both.smsFallback]).toEqual([['time'], undefined]);
    expect(otpProvedAt(otpDemandOf(both, { groups: [] }), { sms: NOW, fallback: NOW }, NOW)).toBeUndefined();
    expect(routeOf(text, 'plain').smsFallback).toEqual({ when: 'user_choice', maxSession: 3_600_000 });
  });

  test('server-synchronised codes and the cipher of seeds are taken as they are written', () => {
    const { otp } = policyOf('otp: { server: { digits: 8, ttl: 30s }, sealing: seed-cbc-hmac-sha256 }');
    expect([otp.server, otp.sealing]).toEqual([{ digits: 8, ttl: 30_000 }, 'seed-cbc-hmac-sha256']);
    expect(policyOf('').otp).toMatchObject({
      server: { digits: 6, ttl: 60_000 },
      sealing: 'aes-256-gcm',
      policies: [],
    });
  });
});

describe('an entry that no code can meet', () => {
  const MEMBERS = ['time', 'event', 'server', 'sms'] as const;
  const subsets = Array.from({ length: 15 }, (_, index) => MEMBERS.filter((_each, bit) => ((index + 1) >> bit) & 1));
  const entries = [
    ...subsets.map((members) => `any_of: [${members}]`),
    ...(['time', 'event', 'server', 'any'] as const).flatMap((method) =>
      ['time', 'server', 'sms'].map((fallback) => `method: ${method}, fallback: ${fallback}`),
    ),
  ];
  const proofs = [
    ...(['totp', 'hotp', 'server'] as const).map((kind) => ({ otp: NOW, [kind]: NOW, fallback: NOW })),
    { sms: NOW, fallback: NOW },
  ];

  test.each(['any', 'time', 'event', 'server'])('is warned of on a route with otp: %s, and no other is', (otp) => {
    for (const entry of entries) {
      const text = `version: 1\nsms: { ${PROVIDERS} }\nroutes: [ { name: a, to: "http://app", otp: ${otp} } ]\notp: { policies: [ { groups: ["*"], ${entry} } ] }`;
      const { policy, warnings } = valid(text);
      const [route] = policy.routes.all;
      const demand = route && otpDemandOf(route, { groups: [] });
      const canMeet = proofs.some((each) => demand !== undefined && otpProvedAt(demand, each, NOW) !== undefined);
      expect([entry, warnings.some(({ code }) => code === 'SUMUN-318')]).toEqual([entry, !canMeet]);
    }
  });
});

test('a quota is a count and a time of a day at most', () => {
  const minutes = { s: 1 / 60, m: 1, h: 60, d: 1440 };
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9_999_999 }),
      fc.integer({ min: 1, max: 9999 }),
      fc.constantFrom('s', 'm', 'h', 'd'),
      (count, time, unit) => {
        const read = quota(`${count}/${time}${unit}`);
        const per = time * minutes[unit];
        expect(read.ok ? read.value : undefined).toEqual(
          per > 1440 ? undefined : { count, per: Math.round(per * 60_000) },
        );
      },
    ),
  );
});

describe('sms', () => {
  test('SMS-1: limits have safe defaults, a day’s budget among them', () => {
    expect(policyOf('').sms).toEqual({
      providers: [],
      code: {
        digits: 6,
        ttl: 180_000,
        tries: 5,
        resend: 30_000,
        perNumber: { count: 5, per: 600_000 },
        perUser: { count: 5, per: 600_000 },
        perAddress: { count: 300, per: 600_000 },
        perDay: 20,
        budget: 10_000,
        prefixes: [],
      },
    });
  });

  test.each([
    ['{"to":"{to}","text":"{text}"}', 'application/json'],
    ['<sms to="{to}">{text}</sms>', 'application/xml'],
    ['to={to}&text={text}', 'application/x-www-form-urlencoded'],
  ])('the media type is told from the body %s', (body, contentType) => {
    const text = `sms: { providers: [ { type: http, url: "https://sms.example/s", body: '${body}' } ] }`;
    expect(policyOf(text).sms.providers[0]).toMatchObject({ body, contentType, headers: {} });
  });

  test('a Content-Type that is written stands; the token is kept apart', () => {
    const text =
      'sms: { providers: [ { type: http, url: "https://sms.example/s", headers: { content-type: "application/vnd.sms+json", X-Key: "{token}" }, token: { env: TOKEN } } ] }';
    const [provider] = policyOf(text).sms.providers;
    expect(provider).toMatchObject({ contentType: 'application/vnd.sms+json', headers: { 'X-Key': '{token}' } });
    expect(provider?.type === 'http' && provider.token?.reveal()).toBe(env.TOKEN);
    expect(JSON.stringify(provider)).not.toContain(env.TOKEN);
  });

  test('providers without a name are numbered by type around the names that are taken', () => {
    const file = (name = '') => `{ type: file, path: x${name} }`;
    const text = `sms: { providers: [ ${file()}, ${file(', name: file-2')}, ${file()} ] }`;
    expect(policyOf(text).sms.providers.map(({ name }) => name)).toEqual(['file', 'file-2', 'file-3']);
  });
});

describe('radius', () => {
  test('a client takes the word of the contract', () => {
    const client = clientOf(
      'auth: id+otp+pin, allow: { groups: [vpn-users] }, reply: { Class: "{user.groups}", Session-Timeout: 3600 }',
    );
    expect(client).toMatchObject({
      name: 'vpn',
      requirement: { factors: ['otp', 'pin'] },
      allow: { groups: ['vpn-users'] },
      mode: 'one_field',
      concat: 'pin+otp',
      chap: false,
      requireMessageAuthenticator: true,
      limitProxyState: true,
      softDuplicate: 0,
      foreignState: 'reject',
      challengeTtl: 120_000,
    });
    expect(client.networks.map(({ text, bits }) => [text, bits])).toEqual([['10.0.9.20', 32]]);
    expect(client.reply).toEqual([
      {
        groups: [],
        attributes: [
          { name: 'Class', template: [{ kind: 'variable', name: 'user.groups' }] },
          { name: 'Session-Timeout', template: [{ kind: 'text', text: '3600' }] },
        ],
      },
    ]);
    expect(client.secret.reveal()).toBe(env.SECRET);
    expect(
      String(client.secret) + JSON.stringify(client, (_, value) => (typeof value === 'bigint' ? 0 : value)),
    ).not.toContain(env.SECRET);
  });

  test.each([
    ['id+otp+pin', 'pin+otp'],
    ['id+pw+otp', 'pw+otp'],
    ['id+otp', 'pin+otp'],
  ])('of %s what is known comes first', (auth, concat) => {
    expect(clientOf(`auth: ${auth}`).concat).toBe(concat);
  });

  test.each([
    ['fortigate', 'challenge', ['Fortinet-Group-Name']],
    ['paloalto', 'challenge', ['PaloAlto-User-Group']],
    ['cisco', 'challenge', ['Class']],
    ['juniper', 'challenge', ['Filter-Id']],
    ['f5', 'challenge', ['Class']],
    ['citrix', 'challenge', ['Citrix-User-Groups']],
    ['axgate', 'one_field', ['Class']],
    ['secui', 'one_field', ['Class']],
    ['generic', 'one_field', []],
  ])('%s brings its defaults, and what is written wins', (template, mode, names) => {
    const client = clientOf(`template: ${template}`);
    expect([client.mode, client.reply.flatMap((rule) => rule.attributes.map(({ name }) => name))]).toEqual([
      mode,
      names,
    ]);
    expect(names.every((name) => RADIUS_ATTRIBUTES[name]?.type === 'text')).toBe(true);
    const written = clientOf(`template: ${template}, mode: one_field, reply: {}`);
    expect([written.mode, written.reply.flatMap((rule) => rule.attributes)]).toEqual(['one_field', []]);
  });

  test('a client that says nothing asks for what defaults.auth asks for; a word that is no sign-in is not enough', () => {
    expect(clientOf('otp: time', 'defaults: { auth: id+pw+otp }').requirement).toEqual({ factors: ['pw', 'otp'] });
    const text =
      'version: 1\ndefaults: { auth: deny }\nradius: { listen: "127.0.0.1:0", clients: [ { name: a, address: 10.0.0.1, secret: { env: SECRET } } ] }';
    expect(findingsOf(text, { env }).map(({ code, path }) => `${code} ${path}`)).toContain(
      'SUMUN-117 radius.clients[0].auth',
    );
  });

  test('a client has the policies and the fallback that name it', () => {
    const client = clientOf(
      'auth: id+pw+otp',
      `otp: { policies: [ { groups: ["*"], routes: [vpn], method: time } ] }\nsms: { ${PROVIDERS}, fallback: { when: outage, routes: [vpn], max_session: 30m } }`,
    );
    expect(client.otpRules).toHaveLength(1);
    expect(client.smsFallback).toEqual({ when: 'outage', maxSession: 1_800_000 });
  });

  test('RAD-2: a secret of exactly 16 bytes will do, counted in bytes', () => {
    const codes = (secret: string) =>
      findingsOf(
        'version: 1\nradius: { listen: "127.0.0.1:0", clients: [ { name: a, address: 10.0.0.1, secret: { env: S }, auth: id+otp } ] }',
        { env: { S: secret } },
      ).map(({ code, message }) => `${code} ${message}`);
    expect(codes('1234567890123456').join()).not.toContain('SUMUN-237');
    expect(codes('비밀비밀비')).toContainEqual(expect.stringMatching(/^SUMUN-237 .*15 bytes/));
    expect(codes('비밀비밀비밀').join()).not.toContain('SUMUN-237');
  });

  test('overlapping networks of different size are two clients', () => {
    const text = `version: 1\nradius: { listen: "127.0.0.1:0", clients: [ { name: a, address: 10.0.0.0/8, secret: { env: SECRET } }, { name: b, address: 10.0.0.0/16, secret: { env: TOKEN2 } } ] }`;
    const codes = findingsOf(text, { env: { ...env, TOKEN2: 'another sixteen bytes' } }).map(({ code }) => code);
    expect(codes).not.toContain('SUMUN-236');
  });

  test('TLS names its files by absolute path and keeps its key to itself', () => {
    const files = memoryFiles({
      'r.pem': { bytes: 'certificate', mode: 0o644 },
      'ca.pem': { bytes: 'authority', mode: 0o644 },
      'r.key': { bytes: 'key\n', mode: 0o600 },
      'data/master.key': { bytes: 'k', mode: 0o600 },
    });
    const text = 'version: 1\nradius: { tls: { cert: r.pem, key: { file: r.key }, ca: ca.pem } }';
    const loaded = loadPolicyText(text, '/etc/sumun/config.yaml', { language: 'en', now: NOW, env, files });
    const tls = loaded.ok ? loaded.value.policy.radius.tls : undefined;
    expect(tls).toMatchObject({
      listen: { host: '0.0.0.0', port: 2083 },
      cert: '/etc/sumun/r.pem',
      ca: '/etc/sumun/ca.pem',
    });
    expect(tls?.key.reveal()).toBe('key');
  });

  test.each([
    ['Tunnel-Type', 'VLAN', 13],
    ['Session-Timeout', '4294967295', 0xffff_ffff],
    ['Session-Timeout', '4294967296', undefined],
    ['Session-Timeout', '1e3', undefined],
    ['Service-Type', 'constructor', undefined],
  ])('%s: %s stands for %s', (name, written, value) => {
    const attribute = RADIUS_ATTRIBUTES[name];
    expect(attribute && radiusInteger(attribute, written)).toBe(value);
  });
});

describe('the API', () => {
  test('asks for defaults.auth where an application is nothing else; none where that is no sign-in', () => {
    expect(policyOf('defaults: { auth: id+pw+otp }').defaultRequirement).toEqual({ factors: ['pw', 'otp'] });
    expect(policyOf('defaults: { auth: deny }').defaultRequirement).toBeUndefined();
    expect(policyOf('').apiCompat).toBeUndefined();
    expect(policyOf('server: { api_compat: privacyidea }').apiCompat).toBe('privacyidea');
  });
});

test('CONF-1: faults of entries and faults between them are found in one run', () => {
  const text = `version: 1
otp:
  policies:
    - { groups: [a], methd: time }
    - { groups: ["*"], method: time }
    - { groups: [b], method: event }
sms:
  providers:
    - { type: htp }
    - { type: file, name: b, path: x }
    - { type: file, name: b, path: y }
radius:
  listen: "127.0.0.1:0"
  clients:
    - { name: a, address: 10.0.0.1 }
    - { name: b, address: 10.0.0.0/33, secret: { env: SECRET } }
    - { name: c, address: 0.0.0.0/0, secret: { env: SECRET }, mode: chalenge }
    - { name: c, address: 10.0.0.2, secret: { env: SECRET }, reply: { Clas: x } }
    - nothing
`;
  const found = findingsOf(text, { env }).map(({ line, code, path }) => `${line} ${code} ${path}`);
  expect(found.filter((each) => !each.includes('SUMUN-3'))).toEqual([
    '4 SUMUN-225 otp.policies[0]',
    '4 SUMUN-102 otp.policies[0].methd',
    '6 SUMUN-232 otp.policies[2]',
    '9 SUMUN-119 sms.providers[0].type',
    '11 SUMUN-227 sms.providers[2].name',
    '15 SUMUN-117 radius.clients[0].secret',
    '16 SUMUN-123 radius.clients[1].address',
    '17 SUMUN-235 radius.clients[2].address',
    '17 SUMUN-119 radius.clients[2].mode',
    '18 SUMUN-234 radius.clients[3].name',
    '18 SUMUN-233 radius.clients[3].reply.Clas',
    '19 SUMUN-118 radius.clients[4]',
  ]);
});

test('tests of the file speak of SMS', () => {
  const text = `version: 1
sms: { ${PROVIDERS} }
routes:
  - { name: a, to: "http://app", auth: id+pw+sms }
tests:
  - { user: kim, get: "http://x/", expect: "need pw+sms" }
  - { user: kim, get: "http://x/", have: [pw], expect: "need sms" }
  - { user: kim, get: "http://x/", have: [pw, otp], expect: "need sms" }
  - { user: kim, get: "http://x/", have: [pw, sms], expect: allow }
`;
  const { policy, tests } = valid(text);
  expect(runTests(policy, tests).map(({ passed }) => passed)).toEqual([true, true, true, true]);
});
