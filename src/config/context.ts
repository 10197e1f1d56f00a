import { isAbsolute, join } from 'node:path';
import type { Instant } from '../core/time.ts';
import type { FindingName } from '../texts/findings/catalogue.ts';
import type { YamlDocument, YamlPath } from './document.ts';
import type { FileReader } from './files.ts';
import type { Complaint, FindingArguments } from './finding.ts';

/** A complaint about what stands at a path; `at: 'key'` points to the key instead of the value. */
export type LocatedComplaint = Complaint & { readonly path: YamlPath; readonly at: 'key' | 'value' };

/** What compiling and linting need besides the values: where they stand, and the world they refer to. */
export type Context = {
  readonly document: YamlDocument;
  /** Absolute path of the configuration file. */
  readonly file: string;
  readonly folder: string;
  readonly files: FileReader;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The moment for which certificates are judged. */
  readonly now: Instant;
  report(finding: FindingName, path: YamlPath, values?: FindingArguments, at?: 'key' | 'value'): void;
};

/** An absolute path; relative ones start at the folder of the configuration file. */
export const resolveFrom = (context: Pick<Context, 'folder'>, path: string): string =>
  isAbsolute(path) ? path : join(context.folder, path);

/** What is written at a path, before defaults; undefined if nothing is. */
export function writtenAt(document: Pick<YamlDocument, 'value'>, path: YamlPath): unknown {
  let value: unknown = document.value;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step]; // an object that has this key
  }
  return value;
}

/** Names declared in a section, those of broken entries included: what is there but wrong is not unknown. */
export function declaredIn(document: Pick<YamlDocument, 'value'>, path: YamlPath): readonly string[] {
  const section = writtenAt(document, path);
  return typeof section === 'object' && section !== null ? Object.keys(section) : [];
}

/** The line a path begins on, from 1. */
export const lineOf = (context: Pick<Context, 'document'>, path: YamlPath): number =>
  context.document.spanOf(path).line;
