import { expect, test } from 'vitest';
import { runTests } from '../../src/config/tests.ts';
import { valid } from './checking.ts';

const FILE = `version: 1
networks: { office: [10.0.0.0/8] }
schedules: { day: { timezone: Asia/Seoul, days: [mon, tue, wed, thu, fri], hours: "08:00-19:00" } }
routes:
  - { name: pay, host: hr.example, path: /pay/, to: "http://x", auth: id+pw+otp, allow: { groups: [hr], networks: [office], schedules: [day] }, step_up: [ { methods: [POST], auth: id+pin, max_age: 5m } ] }
  - { name: open, host: hr.example, path: /open/, to: "http://x", auth: bypass }
  - { name: shut, host: hr.example, path: /shut/, to: "http://x", auth: deny }
  - { name: moved, host: hr.example, path: /old, redirect: /pay/ }
  - { name: ping, host: hr.example, path: /ping, respond: { body: pong } }
tests:
`;
const WHO = 'user: KIM, groups: [hr], from: 10.1.1.1, at: "2026-11-23T10:00+09:00"';

test.each([
  [`{ ${WHO}, get: "https://hr.example/pay/", expect: "need otp+pw" }`, 'need pw+otp', true],
  [`{ ${WHO}, get: "https://hr.example/pay/", have: pw, expect: "need otp" }`, 'need otp', true],
  [`{ ${WHO}, get: "https://HR.example:443/pay/?x=1", have: "pw,otp", expect: allow }`, 'allow', true],
  [`{ ${WHO}, post: "https://hr.example/pay/x", have: [pw, otp], expect: "need pin" }`, 'need pin', true],
  [`{ ${WHO}, get: "https://hr.example/pay/", have: [pw, otp], expect: deny }`, 'allow', false],
  [
    '{ user: kim, groups: [it], from: 10.1.1.1, at: "2026-11-23T10:00+09:00", get: "https://hr.example/pay/", expect: deny }',
    'deny',
    true,
  ],
  [
    '{ user: kim, groups: [hr], from: 11.1.1.1, at: "2026-11-23T10:00+09:00", get: "https://hr.example/pay/", have: [pw, otp], expect: deny }',
    'deny',
    true,
  ],
  [
    '{ user: kim, groups: [hr], from: 10.1.1.1, at: "2026-11-22T10:00+09:00", get: "https://hr.example/pay/", have: [pw, otp], expect: deny }',
    'deny',
    true,
  ],
  [
    '{ from: 10.1.1.1, at: "2026-11-23T10:00+09:00", get: "https://hr.example/pay/", expect: allow }',
    'need pw+otp',
    false,
  ],
  ['{ get: "http://hr.example/open/x", expect: allow }', 'allow', true],
  ['{ get: "http://hr.example/shut/x", expect: deny }', 'deny', true],
  ['{ head: "http://hr.example/old", expect: redirect }', 'redirect', true],
  ['{ get: "http://hr.example/ping", expect: respond }', 'respond', true],
  ['{ get: "http://hr.example", expect: 404 }', '404', true],
  ['{ get: "http://other.example/", expect: "421" }', '421', true],
  ['{ get: "http://hr.example/open/..%2fpay/", expect: 400 }', '400', true],
])('%s', (line, got, passed) => {
  const { policy, tests } = valid(`${FILE}  - ${line}\n`);
  const [result] = runTests(policy, tests);
  expect(result).toMatchObject({ got, passed, test: { place: { file: '/etc/sumun/config.yaml', line: 11 } } });
});
