import { expect, test } from 'vitest';
import { loadPolicyText } from '../../src/config/load.ts';
import { runTests } from '../../src/config/tests.ts';
import { demoConfig } from '../../src/demo/demo-config.ts';

const text = demoConfig({
  port: 8080,
  consolePort: 8081,
  upstream: 'http://127.0.0.1:40123',
  radius: { port: 18120, secret: 'c2Vjcm9mYXR0d2VudHlmb3VyYnl0' },
});
const loaded = loadPolicyText(text, '/nowhere/config.yaml', { language: 'en', now: Date.UTC(2026, 10, 23), env: {} });

test('the configuration of the demo has no finding but the key that is made at the first start', () => {
  const findings = loaded.ok ? loaded.value.warnings : loaded.error;
  expect(findings.map(({ path }) => path)).toEqual(['keys.master.file']);
});

test('the configuration of the demo passes its own tests', () => {
  const results = loaded.ok ? runTests(loaded.value.policy, loaded.value.tests) : [];
  expect(results.map(({ passed, expected, got }) => ({ passed, expected, got }))).toEqual([
    { passed: true, expected: 'allow', got: 'allow' },
    { passed: true, expected: 'need otp', got: 'need otp' },
    { passed: true, expected: 'need pw+otp', got: 'need pw+otp' },
    { passed: true, expected: 'need pw+sms', got: 'need pw+sms' },
    { passed: true, expected: 'deny', got: 'deny' },
  ]);
});

test('the configuration of the demo has the RADIUS client and the file of text messages that the contract names', () => {
  const policy = loaded.ok ? loaded.value.policy : undefined;
  expect(policy?.radius.clients[0]).toMatchObject({
    name: 'demo',
    requirement: { factors: ['otp', 'pin'] },
    mode: 'one_field',
    concat: 'pin+otp',
    reply: [{ groups: [], attributes: [{ name: 'Class', template: [{ kind: 'variable', name: 'user.groups' }] }] }],
  });
  expect(policy?.sms.providers).toEqual([{ type: 'file', name: 'file', path: '/nowhere/sms.jsonl' }]);
});
