import { basename } from 'node:path';
import { loadPolicy } from '../config/load.ts';
import { runTests, type TestResult } from '../config/tests.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { findingLines } from './findings.ts';
import { configFile } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { signOf, type Terminal } from './terminal.ts';

/** `sumun check [FILE]`: every finding of a configuration file and the results of its own tests. Exit 0, 3 or 4. */
export const addCheckCommand: Registrar = (program, terminal, act) => {
  program
    .command('check')
    .description(terminal.texts.help.check)
    .argument('[file]', terminal.texts.help.checkFile)
    .action(act((file?: string) => checkFile(terminal, configFile(terminal, file))));
};

/** Checks one file and prints what it found. */
export function checkFile(terminal: Terminal, file: string): ExitCode {
  const { wiring, language } = terminal;
  const loaded = loadPolicy(file, { language, now: wiring.clock.now(), env: wiring.env });
  const findings = loaded.ok ? loaded.value.warnings : loaded.error;
  const results = loaded.ok ? runTests(loaded.value.policy, loaded.value.tests) : [];
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const failed = results.filter((result) => !result.passed);
  const document = {
    file,
    ok: errors === 0 && failed.length === 0,
    errors,
    warnings: findings.length - errors,
    findings,
    tests: { total: results.length, failed: failed.length, results: results.map(resultDocument) },
  };
  terminal.answer(document, () =>
    [
      ...(findings.length === 0 ? [] : [findingLines(terminal, file, findings, wiring.stdout)]),
      ...testLines(terminal, results, failed),
      ...(findings.length > 0 ? [] : [summary(terminal, file, failed.length)]),
    ]
      .map((part) => part.trimEnd())
      .join('\n'),
  );
  if (errors > 0) return EXIT.configuration;
  return failed.length > 0 ? EXIT.no : EXIT.fine;
}

function testLines(terminal: Terminal, results: readonly TestResult[], failed: readonly TestResult[]): string[] {
  if (results.length === 0) return [];
  const { texts } = terminal;
  return [
    texts.testsPassed(results.length - failed.length, results.length),
    ...failed.map((result) => `  ${signOf(terminal, 'bad')} ${testLine(terminal, result)}`),
  ];
}

const resultDocument = ({ test, passed, expected, got, route }: TestResult): unknown => ({
  index: test.index,
  file: test.place.file,
  line: test.place.line,
  method: test.method,
  url: test.url,
  user: test.login ?? null,
  passed,
  expected,
  got,
  route: route ?? null,
});

function testLine({ texts }: Terminal, { test, expected, got, route }: TestResult): string {
  const place = `${basename(test.place.file)}:${test.place.line}`;
  const who = test.login === undefined ? '' : `, ${test.login}`;
  const by = route === undefined ? '' : `  (${route})`;
  return `tests[${test.index}] (${place})  ${test.method} ${test.url}${who} → ${texts.testFailed(expected, got)}${by}`;
}

/** The last line where there were no findings; otherwise the findings end with their own. */
function summary(terminal: Terminal, file: string, failed: number): string {
  return `${signOf(terminal, failed > 0 ? 'bad' : 'good')} ${file}: ${terminal.texts.checkSummary(0, 0, failed)}`;
}
