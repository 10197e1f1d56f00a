/** How the body of a request travels to the upstream; always framed by us (RFC 9112 §6). */
export type RequestFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

/** What goes to the upstream. `headers` holds names and values in turn and no framing or connection fields. */
export type UpstreamRequest = {
  readonly method: string;
  /** Path and query as they were decided on. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly framing: RequestFraming;
  /** Expects the peer to say 100 before the body is sent. */
  readonly expectContinue: boolean;
  /** Asks for a WebSocket: `Connection` and `Upgrade` are written by us. */
  readonly upgrade: boolean;
  /** Whose request it is: the session, or the empty string where nobody is known. */
  readonly owner: string;
  /** How long the asking side may be silent within its body or its tunnel, in milliseconds. */
  readonly bodyIdle: number;
};

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
  const { headers, method, target } = request;
  if (!REQUEST_LINE.test(target) || method.includes('\n')) {
    throw new Error('a request line holds an octet that may not be sent');
  }
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return `${head}${framingFields(request)}\r\n`;
}

const REQUEST_LINE = /^[\x21-\x7e]+$/;

function framingFields({ framing, expectContinue, upgrade }: UpstreamRequest): string {
  const expect = expectContinue ? 'Expect: 100-continue\r\n' : '';
  if (upgrade) return 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  if (framing.kind === 'chunked') return `Transfer-Encoding: chunked\r\n${expect}`;
  return framing.kind === 'length' ? `Content-Length: ${framing.bytes}\r\n${expect}` : '';
}
