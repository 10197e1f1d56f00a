import type { z } from 'zod';
import type { LocatedComplaint } from './context.ts';
import { writtenAt } from './context.ts';
import type { YamlDocument, YamlPath } from './document.ts';
import { complaintOf } from './fields.ts';
import type { Complaint } from './finding.ts';
import { knownKeys, knownWords } from './json-schema.ts';
import { nearestTo } from './nearest.ts';
import { show } from './values.ts';

type Issue = z.core.$ZodIssue;

const BOOLEAN_WORD = /^(?:y|yes|n|no|on|off)$/i;
const HOLDS_SECRET = new Set<string | number>(['hmac', 'basic_auth', 'secret', 'password', 'master']);
const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a-text',
  number: 'a-number',
  int: 'a-number',
  boolean: 'a-boolean',
  object: 'a-mapping',
  record: 'a-mapping',
  array: 'a-list',
};

/** Translates what the schema found into complaints, each at its path in the document. */
export const complaintsOf = (issues: readonly Issue[], document: YamlDocument): readonly LocatedComplaint[] =>
  flatten(issues, [], document).flatMap(({ issue, path }) => complaintsOfIssue(issue, path, document));

type Flat = { readonly issue: Issue; readonly path: YamlPath };

/**
 * Alternatives in our schema are told apart by what kind of value was written, or by its `type`: only the faults of the
 * one that was meant are worth reporting.
 */
export function flatten(
  issues: readonly Issue[],
  base: YamlPath,
  document: Pick<YamlDocument, 'value'>,
): readonly Flat[] {
  return issues.flatMap((issue): readonly Flat[] => {
    const path = [...base, ...(issue.path as YamlPath)]; // keys of YAML mappings are strings, never symbols
    if (issue.code !== 'invalid_union') return [{ issue, path }];
    if (issue.errors.length === 0) return [{ issue, path }]; // no alternative has this `type`
    const written = writtenAt(document, path);
    const isContainer = typeof written === 'object' && written !== null;
    const meant = issue.errors.filter((each) => !isOfAnotherKind(each));
    return flatten((isContainer ? meant.at(-1) : meant[0]) ?? issue.errors[0] ?? [], path, document);
  });
}

/** True if all that an alternative has to say is that it is no list, no mapping or no text. */
const isOfAnotherKind = (issues: readonly Issue[]): boolean =>
  issues.every((issue) => issue.code === 'invalid_type' && issue.path.length === 0);

function complaintsOfIssue(issue: Issue, path: YamlPath, document: YamlDocument): readonly LocatedComplaint[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path));
  const complaint = complaintOf((issue as { params?: unknown }).params) ?? standardComplaint(issue, path, document);
  const plain = document.plainAt(path);
  const { expected } = complaint.values ?? {};
  if (plain !== undefined && BOOLEAN_WORD.test(plain) && expected !== undefined) {
    return [{ finding: 'boolean-word', values: { found: plain, expected }, path, at: 'value' }];
  }
  return [{ ...complaint, path, at: 'value' }];
}

function unknownKey(key: string, path: YamlPath): LocatedComplaint {
  const known = knownKeys(path);
  const suggestion = nearestTo(key, known);
  const hints = suggestion === undefined ? { known: known.join(', ') } : { suggestion };
  return { finding: 'unknown-key', values: { found: key, ...hints }, path: [...path, key], at: 'key' };
}

function standardComplaint(issue: Issue, path: YamlPath, document: YamlDocument): Complaint {
  const value = writtenAt(document, path);
  const found = path.some((step) => HOLDS_SECRET.has(step)) ? '…' : show(value);
  if (value === undefined) return { finding: 'missing-key' };
  if (issue.code === 'invalid_type') {
    const expected = EXPECTED[issue.expected] ?? issue.expected;
    const isUnquoted = expected === 'a-text' && (typeof value === 'number' || typeof value === 'boolean');
    return {
      finding: 'wrong-type',
      values: { expected: isUnquoted ? 'a-quoted-text' : expected, found: value === null ? 'null' : found },
    };
  }
  if (issue.code === 'invalid_union')
    return {
      finding: 'not-one-of',
      values: { found: typeof value === 'string' ? value : found, known: knownWords(path).join(', ') },
    };
  if (issue.code === 'invalid_value')
    return { finding: 'not-one-of', values: { found, known: issue.values.map(String).join(', ') } };
  return { finding: 'wrong-type', values: { expected: issue.message, found } };
}
