/** How the body of a request travels to the upstream; always framed by us (RFC 9112 §6). */
export type RequestFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

/** What goes to the upstream. */
export type UpstreamRequest = {
  readonly method: string;
  /** Path and query as they were decided on. */
  readonly target: string;
  readonly host: string;
  /** All other fields as they go on the wire (`fieldLines`), without any that frames or speaks of the connection. */
  readonly fields: string;
  readonly framing: RequestFraming;
  /** Expects the peer to say 100 before the body is sent. */
  readonly expectContinue: boolean;
  /** Asks for a WebSocket: `Connection` and `Upgrade` are written by us. */
  readonly upgrade: boolean;
  /** Whose request it is: the session, or the empty string where nobody is known. */
  readonly owner: string;
  /** How long the asking side may be silent within its body or its tunnel, in milliseconds. */
  readonly bodyIdle: number;
  /**
   * What a repetition at another target does with the head. Left out: it is the same everywhere. `renamed`: Host is the
   * target's own and becomes the other one's. `never`: there is none, because something in the head vouches for Host.
   */
  readonly elsewhere?: 'renamed' | 'never' | undefined;
};

/** The request with another Host. */
export const renameHost = (request: UpstreamRequest, host: string): UpstreamRequest => ({ ...request, host });

/** Fields as they go on the wire. Names and values come in turn; whoever adds one of his own vouches for it. */
export function fieldLines(headers: readonly string[]): string {
  let lines = '';
  for (let index = 0; index < headers.length; index += 2) lines += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return lines;
}

/** True if there are octets of a body to send. */
export const hasBody = ({ framing }: UpstreamRequest): boolean =>
  framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0);

/** Writing as latin1 could end a line early with anything else: U+010D becomes CR. */
const FIELD_CONTENT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** True for a value that may stand in a header field as it is (RFC 9110 §5.5), written as latin1. */
export const isFieldContent = (value: string): boolean => FIELD_CONTENT.test(value);

/**
 * Writes a request head as one latin1 string. What the parser delivered needs no second look: it is octets, without
 * control characters. Whoever adds a value of another source vouches for it with `isFieldContent`; method and target
 * are looked at here. Throws if they could end the line early: that could be a second request of somebody's making.
 */
export function encodeRequestHead(request: UpstreamRequest): string {
  const { method, target, host, fields } = request;
  if (!REQUEST_LINE.test(target) || method.includes('\n')) {
    throw new Error('a request line holds an octet that may not be sent');
  }
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}${framingFields(request)}\r\n`;
}

const REQUEST_LINE = /^[\x21-\x7e]+$/;

function framingFields({ framing, expectContinue, upgrade }: UpstreamRequest): string {
  const expect = expectContinue ? 'Expect: 100-continue\r\n' : '';
  if (upgrade) return 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  if (framing.kind === 'chunked') return `Transfer-Encoding: chunked\r\n${expect}`;
  return framing.kind === 'length' ? `Content-Length: ${framing.bytes}\r\n${expect}` : '';
}
