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
  /** How long the asking side may be silent within its body or its tunnel, in milliseconds. */
  readonly bodyIdle: number;
};

/** True if there are octets of a body to send. */
export const hasBody = ({ framing }: UpstreamRequest): boolean =>
  framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0);

/** Outside these octets, writing as latin1 could end a line early: U+010D becomes CR. */
const NOT_FIELD_CONTENT = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Writes a request head as one latin1 string. Throws if a part of it holds a control character or one beyond latin1:
 * that could be a second request of somebody's making.
 */
export function encodeRequestHead(request: UpstreamRequest): string {
  const { headers, method, target } = request;
  let fields = '';
  let content = target;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    fields += `${name}: ${value}\r\n`;
    content += name + value;
  }
  if (NOT_FIELD_CONTENT.test(content)) throw new Error('a request head holds an octet that may not be sent');
  return `${method} ${target} HTTP/1.1\r\n${fields}${framingFields(request)}\r\n`;
}

function framingFields({ framing, expectContinue, upgrade }: UpstreamRequest): string {
  const expect = expectContinue ? 'Expect: 100-continue\r\n' : '';
  if (upgrade) return 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  if (framing.kind === 'chunked') return `Transfer-Encoding: chunked\r\n${expect}`;
  return framing.kind === 'length' ? `Content-Length: ${framing.bytes}\r\n${expect}` : '';
}
