import type { FileReader } from '../../config/files.ts';
import type { Finding } from '../../config/finding.ts';
import { loadPolicyText } from '../../config/load.ts';
import { runTests, type TestResult } from '../../config/tests.ts';
import type { Language } from '../../core/policy.ts';
import type { Instant } from '../../core/time.ts';

/** Where the text is taken to stand. Nothing of this machine is in the paths that start there. */
const PLACE = '/config.yaml';

/** Stands for every file and variable a text names: passes for a key, a password and a picture. */
const PLACEHOLDER = '<svg xmlns="http://www.w3.org/2000/svg"><!-- not looked at, only named --></svg>';

/**
 * Files as a caller from outside sees them: all there, all alike. Otherwise a text could ask, one name at a time, what
 * is on this machine.
 */
const noFiles: FileReader = {
  read: () => ({ kind: 'read', bytes: new TextEncoder().encode(PLACEHOLDER), mode: 0o600 }),
  exists: () => true,
};

const noVariables: Readonly<Record<string, string | undefined>> = new Proxy({}, { get: () => PLACEHOLDER });

/**
 * Checks a configuration as `sumun check` does, of the text alone: no file and no variable it names is looked at.
 * Nothing is written and the running configuration stays.
 */
export function checkPolicyText(text: string, language: Language, now: Instant) {
  const loaded = loadPolicyText(text, PLACE, { language, now, env: noVariables, files: noFiles });
  const findings = loaded.ok ? loaded.value.warnings : loaded.error;
  const results = loaded.ok ? runTests(loaded.value.policy, loaded.value.tests) : [];
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const failed = results.filter(({ passed }) => !passed).length;
  return {
    ok: errors === 0 && failed === 0,
    errors,
    warnings: findings.length - errors,
    findings: findings.map(findingView),
    tests: { total: results.length, failed, results: results.map(resultView) },
  };
}

const findingView = ({ severity, code, line, column, endLine, endColumn, path, message, fix }: Finding) => ({
  severity,
  code,
  line,
  column,
  end_line: endLine,
  end_column: endColumn,
  path,
  message,
  fix: fix ?? null,
});

const resultView = ({ test, passed, expected, got, route }: TestResult) => ({
  index: test.index,
  line: test.place.line,
  method: test.method,
  url: test.url,
  user: test.login ?? null,
  passed,
  expected,
  got,
  route: route ?? null,
});
