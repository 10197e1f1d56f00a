import type { FileRead, FileReader } from '../../src/config/files.ts';
import type { Finding } from '../../src/config/finding.ts';
import { type Loaded, loadPolicyText } from '../../src/config/load.ts';
import type { Language } from '../../src/core/policy.ts';

export const NOW = Date.parse('2026-11-23T10:00:00+09:00');

/** Files by name below `/etc/sumun`; `mode` 0 stands for a file that cannot be read. */
export type Files = Readonly<Record<string, { readonly bytes: string | Uint8Array; readonly mode: number }>>;

const KEY: Files = { 'data/master.key': { bytes: 'k'.repeat(32), mode: 0o600 } };

/** Files in memory. */
export function memoryFiles(files: Files): FileReader {
  const find = (path: string) => files[path.replace('/etc/sumun/', '')];
  return {
    exists: (path) => find(path) !== undefined,
    read(path, maxBytes): FileRead {
      const file = find(path);
      if (file === undefined) return { kind: 'missing' };
      if (file.mode === 0) return { kind: 'unreadable' };
      const bytes = typeof file.bytes === 'string' ? new TextEncoder().encode(file.bytes) : file.bytes;
      return bytes.length > maxBytes
        ? { kind: 'too-large', size: bytes.length }
        : { kind: 'read', bytes, mode: file.mode };
    },
  };
}

export type CheckOptions = {
  readonly files?: Files;
  readonly env?: Record<string, string>;
  readonly language?: Language;
};

/** What is wrong, the text, the number of the finding and its line and column. */
export type Row = readonly [what: string, text: string, code: string, place: string, options?: CheckOptions];

/** Loads a text as `/etc/sumun/config.yaml`. */
export const load = (text: string, { files = KEY, env = {}, language = 'en' }: CheckOptions = {}) =>
  loadPolicyText(text, '/etc/sumun/config.yaml', { language, now: NOW, env, files: memoryFiles(files) });

/** Every finding of a text, errors or warnings. */
export function findingsOf(text: string, options: CheckOptions = {}): readonly Finding[] {
  const result = load(text, options);
  return result.ok ? result.value.warnings : result.error;
}

/** The loaded policy of a text that has to be valid. */
export function valid(text: string, options: CheckOptions = {}): Loaded {
  const result = load(text, options);
  if (!result.ok)
    throw new Error(result.error.map((each) => `${each.line}:${each.column} ${each.code} ${each.message}`).join('\n'));
  return result.value;
}

/** The smallest useful file (contract §4). */
export const TWELVE_LINES = `version: 1
server:
  listen: "0.0.0.0:8080"
routes:
  - name: hr
    host: hr.corp.example
    to: http://10.0.5.20:8080
    auth: id+otp
    allow: { groups: [staff] }
`;

/** The shortest of three runs, in milliseconds: what the work takes when nothing else runs on the machine. */
export function fastest(work: () => void): number {
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}
