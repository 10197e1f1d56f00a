import { plainResponse, type RecordedConnection, RecorderUpstream } from './recorder-upstream.ts';

/** One request as an application that trusts nothing wrote it down. */
export type RecordedRequest = {
  readonly head: string;
  readonly requestLine: string;
  /** Field lines in order, names as they were sent. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
};

/** An application that keeps every request and answers each with a canary, unless told otherwise. */
export type Recorder = {
  readonly url: string;
  /** A text that appears in every answer and nowhere else. */
  readonly canary: string;
  readonly requests: readonly RecordedRequest[];
  /** Bytes of every connection, as latin1. */
  readonly bytes: string;
  /** What to answer from now on; undefined for the canary again. */
  answer(make: ((request: RecordedRequest, connection: RecordedConnection) => string | undefined) | undefined): void;
  /** Forgets what was recorded. */
  clear(): void;
  close(): Promise<void>;
};

/** Starts a recorder on a port of its own. */
export async function startRecorder(): Promise<Recorder> {
  const canary = `CANARY-${process.pid}-${Math.floor(performance.now() * 1000).toString(36)}`;
  const usual = plainResponse(canary, 'Content-Type: text/plain\r\n');
  const pending = new WeakMap<RecordedConnection, string>();
  let requests: RecordedRequest[] = [];
  let make: Parameters<Recorder['answer']>[0];
  const upstream = await RecorderUpstream.open((connection, fresh) => {
    let rest = (pending.get(connection) ?? '') + fresh;
    for (let read = readRequest(rest); read !== undefined; read = readRequest(rest)) {
      rest = rest.slice(read.length);
      requests.push(read.request);
      const reply = make === undefined ? usual : make(read.request, connection);
      if (reply !== undefined) connection.socket.write(reply, 'latin1');
    }
    pending.set(connection, rest);
  });
  return {
    url: `http://127.0.0.1:${upstream.port}`,
    canary,
    get requests() {
      return requests;
    },
    get bytes() {
      return upstream.bytes;
    },
    answer: (next) => {
      make = next;
    },
    clear: () => {
      requests = [];
      upstream.forget();
    },
    close: () => upstream.close(),
  };
}

/** The first whole request of the text, by the strictest reading. */
function readRequest(text: string): { readonly request: RecordedRequest; readonly length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  const [requestLine = '', ...lines] = head.split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  const valueFor = (name: string) => fields.find(([field]) => field.toLowerCase() === name)?.[1];
  const start = headEnd + 4;
  const isChunked = valueFor('transfer-encoding') === 'chunked';
  const end = isChunked ? text.indexOf('0\r\n\r\n', start) : start + Number(valueFor('content-length') ?? 0);
  if (end < start || text.length < end) return undefined;
  return { request: { head, requestLine, fields, body: text.slice(start, end) }, length: isChunked ? end + 5 : end };
}
