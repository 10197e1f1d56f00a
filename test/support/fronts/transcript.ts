/** One response as a client reads it, without what may differ from one run to the next. */
export type Answer = {
  readonly status: number;
  /** Status line and fields in order, without those of the connection, the coding and the clock. */
  readonly head: string;
  /** False where the response says that its connection ends. */
  readonly keepAlive: boolean;
  readonly framing: 'length' | 'chunked' | 'close' | 'none' | 'tunnel';
  readonly body: string;
};

export type Transcript = {
  readonly answers: readonly Answer[];
  /** Octets of a response that is not complete. */
  readonly rest: string;
};

const NUMBERS = /\b(?:[0-9A-HJKMNP-TV-Z]{26}|[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})\b/g;

/** Numbers of requests and new cookies are never the same twice. */
export const withoutNumbers = (text: string): string =>
  text.replaceAll(NUMBERS, '(number)').replaceAll(/=(?:[\w-]{43}|[\w-]{22})(?=[;\s"])/g, '=(secret)');

/** Everything a connection said, in order. `isOver`: nothing more will come. */
export function readTranscript(text: string, isOver: boolean): Transcript {
  const answers: Answer[] = [];
  let at = 0;
  while (at < text.length) {
    const read = readAnswer(text, at, isOver);
    if (read === undefined) break;
    answers.push(read.answer);
    at = read.end;
  }
  return { answers, rest: text.slice(at) };
}

const OF_THE_CONNECTION = /^(?:connection|keep-alive|transfer-encoding|date)$/;

function readAnswer(text: string, at: number, isOver: boolean): { answer: Answer; end: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n', at);
  if (headEnd < 0) return undefined;
  const [line = '', ...lines] = text.slice(at, headEnd).split('\r\n');
  const fields = lines.map((each): [string, string] => {
    const colon = each.indexOf(':');
    return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()];
  });
  const fieldOf = (name: string) => fields.find(([each]) => each === name)?.[1];
  const kept = lines.filter((each, index) => {
    const name = fields[index]?.[0] ?? '';
    return !OF_THE_CONNECTION.test(name) || (name === 'date' && each.includes('1970'));
  });
  const status = Number(line.slice(9, 12));
  const body = readBody(text, headEnd + 4, { status, fieldOf, isOver });
  if (body === undefined) return undefined;
  // An answer to HEAD looks like one whose body is empty, depending on what stands behind it.
  const framing = body.body === '' && body.framing !== 'chunked' && body.framing !== 'tunnel' ? 'none' : body.framing;
  const answer: Answer = {
    status,
    head: withoutNumbers([line, ...kept.map(withoutOuterSpace)].join('\n')),
    keepAlive: fieldOf('connection')?.toLowerCase() !== 'close',
    framing,
    body: withoutNumbers(body.body),
  };
  return { answer, end: body.end };
}

type Facts = {
  readonly status: number;
  readonly fieldOf: (name: string) => string | undefined;
  readonly isOver: boolean;
};
type Body = { readonly framing: Answer['framing']; readonly body: string; readonly end: number };

function readBody(text: string, at: number, { status, fieldOf, isOver }: Facts): Body | undefined {
  if (status === 101) return { framing: 'tunnel', body: text.slice(at), end: text.length };
  // An answer to HEAD: no body of these tests begins like a response.
  const isBare = status < 200 || status === 204 || status === 304 || text.startsWith('HTTP/1.', at);
  if (isBare) return { framing: 'none', body: '', end: at };
  if (fieldOf('transfer-encoding') === 'chunked') {
    const chunked = readChunks(text, at);
    return chunked && { framing: 'chunked', ...chunked };
  }
  const length = fieldOf('content-length');
  if (length === undefined) return isOver ? { framing: 'close', body: text.slice(at), end: text.length } : undefined;
  const end = at + Number(length);
  if (text.length >= end) return { framing: 'length', body: text.slice(at, end), end };
  return isOver && text.length === at ? { framing: 'none', body: '', end: at } : undefined;
}

/** The content of chunks in the one form this gateway writes; undefined where they are not complete, or in another. */
export function readChunks(text: string, from: number): { readonly body: string; readonly end: number } | undefined {
  const { parts, end } = takeChunks(text, from);
  return end === undefined ? undefined : { body: parts.join(''), end };
}

/** The body of a response that broke off, as far as it came. */
export function readRest(rest: string): string {
  const headEnd = rest.indexOf('\r\n\r\n');
  if (headEnd < 0) return '';
  const isChunked = /^transfer-encoding: chunked$/im.test(rest.slice(0, headEnd));
  return isChunked ? takeChunks(rest, headEnd + 4).parts.join('') : rest.slice(headEnd + 4);
}

function takeChunks(text: string, from: number): { readonly parts: readonly string[]; readonly end?: number } {
  const parts: string[] = [];
  for (let at = from; ; ) {
    const size = /^(0|[1-9a-f][0-9a-f]{0,7})\r\n/.exec(text.slice(at, at + 12));
    if (size === null) return { parts };
    const start = at + size[0].length;
    const end = start + Number.parseInt(size[1] ?? '', 16);
    if (end > start) parts.push(text.slice(start, end));
    if (text.slice(end, end + 2) !== '\r\n') return { parts };
    if (end === start) return { parts, end: end + 2 };
    at = end + 2;
  }
}

/** Node writes every field anew; white space around a value says nothing (RFC 9110 §5.5). */
const withoutOuterSpace = (line: string): string => line.replace(/^([^:]*):[ \t]*(.*?)[ \t]*$/, '$1: $2');
