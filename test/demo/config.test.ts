import { expect, test } from 'vitest';
import { loadPolicyText } from '../../src/config/load.ts';
import { runTests } from '../../src/config/tests.ts';
import { demoConfig } from '../../src/demo/demo-config.ts';

const text = demoConfig({ port: 8080, consolePort: 8081, upstream: 'http://127.0.0.1:40123' });
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
    { passed: true, expected: 'deny', got: 'deny' },
  ]);
});
