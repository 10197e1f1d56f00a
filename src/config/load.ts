import { dirname, resolve } from 'node:path';
import type { Language, Policy } from '../core/policy.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Instant } from '../core/time.ts';
import { compile } from './compile.ts';
import type { Context, LocatedComplaint } from './context.ts';
import { MAX_FILE_BYTES, type PlacedComplaint, readDocument, type YamlDocument, type YamlPath } from './document.ts';
import { diskFiles, type FileReader } from './files.ts';
import { type Finding, inFileOrder, makeFinding } from './finding.ts';
import { complaintsOf } from './issues.ts';
import { readLeniently } from './lenient.ts';
import { lint } from './lint.ts';
import { type Configuration, configuration } from './schema/root.ts';
import { type ConfigTest, compileTests } from './tests.ts';

export type LoadOptions = {
  /** The language of messages. */
  readonly language: Language;
  /** The moment that tests without `at` are meant for, and for which certificates are judged. */
  readonly now: Instant;
  /** Where `{ env: NAME }` secrets come from; nothing else is taken from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type Loaded = {
  readonly policy: Policy;
  readonly warnings: readonly Finding[];
  /** The file's own `tests:`, for `runTests`. They take no part in whether the file is valid. */
  readonly tests: readonly ConfigTest[];
};

/**
 * Reads a configuration file into a frozen policy, or answers every finding at once, in the order of the file. A file
 * with one error is refused whole.
 */
export function loadPolicy(file: string, options: LoadOptions): Result<Loaded, readonly Finding[]> {
  const absolute = resolve(file);
  const read = diskFiles.read(absolute, MAX_FILE_BYTES);
  if (read.kind === 'read') return loadPolicyBytes(read.bytes, absolute, { ...options, files: diskFiles });
  const complaint: Omit<PlacedComplaint, 'span' | 'path'> =
    read.kind === 'too-large'
      ? { finding: 'file-too-large', values: { found: String(read.size), max: String(MAX_FILE_BYTES) } }
      : { finding: 'file-unreadable', values: { found: absolute } };
  const span = { line: 1, column: 1, endLine: 1, endColumn: 1 };
  return err([makeFinding(complaint, { file: absolute, span, path: [] }, options.language)]);
}

/** As `loadPolicy`, of a text that has not been written yet. `file` says where it would stand: paths start there. */
export const loadPolicyText = (text: string, file: string, options: LoadOptions & { readonly files?: FileReader }) =>
  loadPolicyBytes(new TextEncoder().encode(text), resolve(file), { files: diskFiles, ...options });

/** As `loadPolicy`, of the bytes of a file. */
export function loadPolicyBytes(
  bytes: Uint8Array,
  file: string,
  options: LoadOptions & { readonly files: FileReader },
): Result<Loaded, readonly Finding[]> {
  const read = readDocument(bytes);
  if (!read.ok)
    return err(inFileOrder(read.error.map((each) => makeFinding(each, { file, ...each }, options.language))));
  const document = read.value;
  const located: LocatedComplaint[] = [];
  const context: Context = {
    document,
    file,
    folder: dirname(file),
    files: options.files,
    env: options.env,
    now: options.now,
    report: (finding, path, values = {}, at = 'value') => located.push({ finding, path, values, at }),
  };
  const parsed = configuration.safeParse(document.value);
  if (!parsed.success) located.push(...complaintsOf(parsed.error.issues, document));
  const { config, standIns } = parsed.success
    ? { config: parsed.data, standIns: [] }
    : (readLeniently(document) ?? NOTHING);
  warnOfExpansions(document.value, [], context);
  const policy = config === undefined ? undefined : compileAndLint(config, bytes, silentBelow(standIns, context));
  const tests = parsed.success ? compileTests(parsed.data.tests, options.now, context) : [];
  const findings = findingsOf(document, located, file, options.language);
  if (policy === undefined || findings.some((each) => each.severity === 'error')) return err(findings);
  return ok({ policy, warnings: findings, tests });
}

const NOTHING = { config: undefined, standIns: [] };

/** What stands in for an entry that cannot be read has no faults of its own. */
const silentBelow = (standIns: readonly YamlPath[], context: Context): Context => ({
  ...context,
  report(finding, path, values, at) {
    const isStandIn = standIns.some((entry) => entry.every((step, index) => path[index] === step));
    if (!isStandIn) context.report(finding, path, values, at);
  },
});

function compileAndLint(config: Configuration, bytes: Uint8Array, context: Context): Policy {
  const policy = compile(config, bytes, context);
  lint(config, policy, context);
  return policy;
}

/** Everything that was said, in words, in file order, and one error for each place: what follows from it is noise. */
function findingsOf(
  document: YamlDocument,
  located: readonly LocatedComplaint[],
  file: string,
  language: Language,
): readonly Finding[] {
  const placed = located.map((each) => ({
    ...each,
    span: each.at === 'key' ? document.keySpanOf(each.path) : document.spanOf(each.path),
  }));
  const findings = [...document.complaints, ...placed].map((each) => makeFinding(each, { file, ...each }, language));
  const errorAt = new Map<string, Finding>();
  const kept = findings.filter((each) => {
    if (each.severity === 'warning') return true;
    const place = `${each.line}:${each.column}:${each.path}`;
    if (errorAt.has(place)) return false;
    errorAt.set(place, each);
    return true;
  });
  return inFileOrder(kept);
}

/** `${…}` and the like stay as they are written; whoever expected otherwise should know. */
function warnOfExpansions(value: unknown, path: YamlPath, context: Context): void {
  if (typeof value === 'string') {
    const found = /\$\{[^}]*\}|\{\{[^}]*\}\}|\{env\.[^}]*\}/.exec(value)?.[0];
    if (found !== undefined) context.report('not-expanded', path, { found });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    warnOfExpansions(item, [...path, Array.isArray(value) ? Number(key) : key], context);
  }
}
