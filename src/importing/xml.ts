import { SaxesParser } from 'saxes';
import type { TokenFileFault, TokenFileProblem } from '../core/enrolment/token-row.ts';
import { err, ok, type Result } from '../core/result.ts';

/**
 * An element by its local name: files of several makers use different namespaces, or none, for the same thing.
 * Attributes are by local name too.
 */
export type XmlElement = {
  readonly name: string;
  readonly line: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, trimmed. */
  readonly text: string;
};

/** Elements inside each other, and of one document: fifty for each of 10,000 keys. */
const LIMITS = { depth: 32, elements: 500_000 } as const;

type Growing = { name: string; line: number; attributes: Map<string, string>; children: XmlElement[]; text: string };

/** Stops the parser from inside one of its events. */
class Stop extends Error {
  readonly problem: TokenFileProblem;

  constructor(problem: TokenFileProblem) {
    super(problem);
    this.problem = problem;
  }
}

/**
 * Reads an XML document. A document type declaration is refused, and with it every entity that is not one of the five of
 * XML itself; nothing is ever fetched.
 */
export function readXml(text: string): Result<XmlElement, TokenFileFault> {
  const parser = new SaxesParser({ xmlns: false });
  const root: Growing = { name: '', line: 0, attributes: new Map(), children: [], text: '' };
  const open: Growing[] = [root];
  let elements = 0;
  const stop = (problem: TokenFileProblem): never => {
    throw new Stop(problem);
  };
  const addText = (more: string): void => {
    const inside = open.at(-1);
    if (inside !== undefined) inside.text += more;
  };
  parser.on('error', () => stop('xml'));
  parser.on('doctype', () => stop('xml-doctype'));
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > LIMITS.depth) stop('xml-depth');
    elements += 1;
    if (elements > LIMITS.elements) stop('too-many');
    const pairs = Object.entries(attributes).map(([key, value]) => [localName(key), value] as const);
    open.push({ name: localName(name), line: parser.line, attributes: new Map(pairs), children: [], text: '' });
  });
  parser.on('closetag', () => {
    const closed = open.pop();
    if (closed !== undefined) open.at(-1)?.children.push({ ...closed, text: closed.text.trim() });
  });
  try {
    parser.write(text).close();
  } catch (error) {
    if (error instanceof Stop) return err({ line: parser.line, problem: error.problem });
    throw error;
  }
  const [document] = root.children;
  return document === undefined ? err({ line: 1, problem: 'xml' }) : ok(document);
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** The first element of a path of local names below another one. */
export function below(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>(
    (inside, name) => inside?.children.find((child) => child.name === name),
    element,
  );
}

/** The text of an element below another one, or the empty string. */
export const textBelow = (element: XmlElement | undefined, ...path: readonly string[]): string =>
  below(element, ...path)?.text ?? '';
