import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLError } from 'yaml';
import { err, ok, type Result } from '../core/result.ts';
import type { Complaint } from './finding.ts';

export type YamlPath = readonly (string | number)[];

/** A stretch of the file. Lines and columns count from 1; the end is exclusive. */
export type Span = {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
};

/** A complaint and the stretch of text it is about. */
export type PlacedComplaint = Complaint & { readonly span: Span; readonly path: YamlPath };

/** A YAML file read into plain values that still know where they stand. */
export type YamlDocument = {
  readonly text: string;
  /** Mappings have no prototype; only null, booleans, finite numbers, strings, lists and mappings occur. */
  readonly value: unknown;
  /** What is wrong with the notation. The document can still be looked at, for reporting everything together. */
  readonly complaints: readonly PlacedComplaint[];
  /** The stretch of the value at a path; where nothing is, the beginning of its nearest ancestor, without length. */
  spanOf(path: YamlPath): Span;
  /** The stretch of the key that introduces a path. */
  keySpanOf(path: YamlPath): Span;
  /** The word as it is written, if a plain (unquoted) scalar stands there. */
  plainAt(path: YamlPath): string | undefined;
};

export const MAX_FILE_BYTES = 1024 * 1024;
const MAX_DEPTH = 24;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** Text that can only be meant to exhaust a recursive reader. */
const HOPELESS_NESTING = new RegExp(`(?:[\\[{]\\s*){${MAX_DEPTH * 2}}|(?:[-?] ){${MAX_DEPTH * 2}}`);

type Entry = { readonly key: Node | null; readonly value: Node | null };

/**
 * Reads a configuration file as one YAML 1.2 document without anchors, aliases, tags, merge keys and directives, with
 * unique keys. A file over the size limit is refused unread. What breaks the grammar is an error; what is merely not accepted is
 * reported with the document.
 */
export function readDocument(bytes: Uint8Array): Result<YamlDocument, readonly PlacedComplaint[]> {
  const start = { span: { line: 1, column: 1, endLine: 1, endColumn: 1 }, path: [] };
  if (bytes.byteLength > MAX_FILE_BYTES) {
    return err([
      { finding: 'file-too-large', values: { found: String(bytes.byteLength), max: String(MAX_FILE_BYTES) }, ...start },
    ]);
  }
  const text = decode(bytes);
  if (text === undefined) return err([{ finding: 'not-utf8', ...start }]);
  if (HOPELESS_NESTING.test(text)) return err([{ finding: 'too-deep', values: { max: String(MAX_DEPTH) }, ...start }]);
  const lines = new LineIndex(text);
  const parsed = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const complaints = parsed.errors.map((error) => ({
    ...syntaxComplaint(error),
    span: lines.span(error.pos),
    path: [],
  }));
  if (parsed.directives.yaml.explicit === true || /^%/m.test(text.slice(0, text.indexOf('---') + 1))) {
    complaints.push({ finding: 'yaml-directive', ...start });
  }
  if (complaints.length > 0) return err(complaints.slice(0, 20));
  const reader = new Reader(lines);
  const value = reader.read(parsed.contents, []);
  if (!isMap(parsed.contents)) return err([{ finding: 'empty-file', ...start }]);
  return ok({ text, value, complaints: reader.complaints, ...reader.places() });
}

/** Strict UTF-8; a byte order mark is dropped. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function syntaxComplaint(error: YAMLError): Complaint {
  if (error.code === 'TAB_AS_INDENT') return { finding: 'yaml-tab' };
  if (error.code === 'MULTIPLE_DOCS') return { finding: 'several-documents' };
  return { finding: 'yaml-syntax', values: { found: error.message.replace(/\.$/, '') } };
}

/** Turns nodes into plain values and remembers where each stood. */
class Reader {
  readonly complaints: PlacedComplaint[] = [];
  readonly #lines: LineIndex;
  readonly #entries = new Map<string, Entry>();

  constructor(lines: LineIndex) {
    this.#lines = lines;
  }

  places(): Pick<YamlDocument, 'spanOf' | 'keySpanOf' | 'plainAt'> {
    const spanOf = (path: YamlPath): Span => {
      const node = this.#entries.get(JSON.stringify(path))?.value;
      if (node?.range != null) return this.#lines.span([node.range[0], node.range[1]]);
      if (path.length === 0) return this.#lines.span([0, 0]);
      const { line, column } = this.#keySpan(path) ?? spanOf(path.slice(0, -1));
      return { line, column, endLine: line, endColumn: column };
    };
    const plainAt = (path: YamlPath): string | undefined => {
      const node = this.#entries.get(JSON.stringify(path))?.value;
      return isScalar(node) && node.type === 'PLAIN' ? node.source : undefined;
    };
    return { spanOf, keySpanOf: (path) => this.#keySpan(path) ?? spanOf(path), plainAt };
  }

  read(node: Node | null, path: YamlPath, key: Node | null = null): unknown {
    this.#entries.set(JSON.stringify(path), { key, value: node });
    if (node === null) return null;
    if (path.length > MAX_DEPTH) return this.#complain('too-deep', node, path, { max: String(MAX_DEPTH) });
    if (isAlias(node)) return this.#complain('yaml-alias', node, path);
    if (node.anchor !== undefined) this.#complain('yaml-alias', node, path);
    if (node.tag !== undefined) this.#complain('yaml-tag', node, path, { found: node.tag });
    if (isSeq<Node>(node)) return node.items.map((item, index) => this.read(item, [...path, index]));
    if (isMap<Node, Node | null>(node)) return this.#readMap(node.items, path);
    return isScalar(node)
      ? this.#readScalar(node.value, node.type === 'PLAIN' ? node.source : undefined, node, path)
      : null;
  }

  #readMap(items: readonly Pair<Node, Node | null>[], path: YamlPath): unknown {
    const result: Record<string, unknown> = Object.create(null);
    const seen = new Map<string, Node>();
    for (const { key, value } of items) {
      const name = isScalar(key) && key.value !== null ? String(key.source ?? key.value) : undefined;
      if (isAlias(key) || (key as Node | null)?.anchor !== undefined) this.#complain('yaml-alias', key, path);
      else if (name === undefined)
        this.#complain('yaml-syntax', key ?? value, path, { found: 'a key that is not a word' });
      else if (name === '<<') this.#complain('merge-key', key, path);
      else if (FORBIDDEN_KEYS.has(name)) this.#complain('forbidden-key', key, path, { found: name });
      else if (seen.has(name)) this.#complainOfSecond(name, key, seen.get(name), path);
      else result[name] = this.read(value, [...path, name], key);
      if (name !== undefined && !seen.has(name)) seen.set(name, key);
    }
    return result;
  }

  /** `017`, `0o17`, `0x1F`, `.inf` and `1e3` are numbers to some readers, other numbers or text to others. */
  #readScalar(value: unknown, plain: string | undefined, node: Node, path: YamlPath): unknown {
    const isTrap =
      plain !== undefined &&
      /^[-+]?(?:0[0-9_]+|0[oxb][0-9a-f_]+|\.inf|\.nan|[0-9]+(?:\.[0-9]*)?e[-+]?[0-9]+)$/i.test(plain);
    if (isTrap) this.#complain('number-notation', node, path, { found: plain });
    return value;
  }

  #complainOfSecond(name: string, key: Node, first: Node | undefined, path: YamlPath): void {
    const line = first?.range == null ? 0 : this.#lines.span([first.range[0], first.range[0]]).line;
    this.#complain('duplicate-key', key, [...path, name], { found: name, line: String(line) });
  }

  #complain(
    finding: Complaint['finding'],
    node: Node | null,
    path: YamlPath,
    values: Record<string, string> = {},
  ): null {
    const range = node?.range ?? [0, 0];
    this.complaints.push({ finding, values, span: this.#lines.span([range[0], range[1]]), path });
    return null;
  }

  #keySpan(path: YamlPath): Span | undefined {
    const key = this.#entries.get(JSON.stringify(path))?.key;
    return key?.range == null ? undefined : this.#lines.span([key.range[0], key.range[1]]);
  }
}

/** Turns offsets into lines and columns. */
class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  span([from, to]: readonly [number, number]): Span {
    const [line, column] = this.#position(from);
    const [endLine, endColumn] = this.#position(Math.max(from, to));
    return { line, column, endLine, endColumn };
  }

  #position(offset: number): readonly [line: number, column: number] {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return [low + 1, offset - (this.#starts[low] ?? 0) + 1];
  }
}
