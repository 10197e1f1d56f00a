/** Methods of every day, the usual ones more often. */
export const USUAL_METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];

/** Methods of other protocols, of nobody, and in a spelling of their own. */
export const RARE_METHODS = [
  ...['PROPFIND', 'MKCOL', 'REPORT', 'M-SEARCH', 'PURGE', 'QUERY', 'LINK', 'SOURCE', 'NOTIFY', 'SEARCH', 'ACL', 'BIND'],
  ...[
    'CONNECT',
    'TRACE',
    'TRACK',
    'PRI',
    'FOO',
    'get',
    'Get',
    'G',
    'GETT',
    'GE',
    'GET\x00',
    'GET:',
    '',
    'DESCRIBE',
    'PLAY',
  ],
  ...['X-OTHER', '$', 'GET,POST', 'A'.repeat(33), 'FLUSH', 'LOCK', 'UNLOCK', 'COPY', 'MOVE', 'MERGE', 'CHECKOUT'],
];

/** What may stand at the end of a request line. */
export const VERSIONS = [
  ...['HTTP/1.0', 'HTTP/1.1 ', 'HTTP/1.2', 'HTTP/1.9', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.10', 'HTTP/11', 'http/1.1', ''],
  ...[
    'HTTP/1',
    'HTTP/1.',
    'HTTP/.1',
    'HTTP/01.1',
    'HTTP/1.1\t',
    'HTTPS/1.1',
    'RTSP/1.0',
    'ICE/1.0',
    'HTTP /1.1',
    'HTTP/9.9',
  ],
  ...['RTSP/1.1', 'HTTP/1,1', 'HTTP/1.1x', 'XTTP/1.1', 'HTTP/3.0'],
];

/** Fields as clients, proxies and attackers send them; every one is sound. */
export const PLAIN_FIELDS = [
  ...[
    'Accept: text/html,*/*',
    'Accept-Language: ko',
    'User-Agent: probe/1.0',
    'Accept-Encoding: gzip',
    'X-Empty:',
    'X-A: 1',
  ],
  ...[
    'Connection: keep-alive',
    'Connection: close',
    'Connection: Keep-Alive, X-A',
    'Keep-Alive: timeout=5',
    'TE: trailers',
  ],
  ...[
    'X-Request-Id: abc',
    'Forwarded: for=1',
    'X-Forwarded-For: 192.0.2.9',
    'X-Sumun-User: root',
    'X_Sumun_User: root',
    'Via: 1.1 x',
  ],
  ...[
    'Cookie: a=1',
    'Cookie: b=2; c="3"',
    'X-Bytes: \x80\xff\xe9',
    'X-Tab: a\tb',
    'x-lower: 1',
    'X-LONG: L',
    "!#$%&'*+-.^_`|~: token",
  ],
  ...[
    '__proto__: 1',
    'constructor: 1',
    'Trailer: X-T',
    'Proxy-Connection: keep-alive',
    'Content-Type: text/plain',
    'Priority: u=1',
  ],
];

/** Lines that are no field, or a field that means something to the connection. */
export const ODD_FIELDS = [
  ...[
    'X-A : 1',
    ' X-A: 1',
    '\tX-A: 1',
    'X-A',
    'X-A\t: 1',
    ': 1',
    '',
    'X A: 1',
    'X-A: 1\r\n folded',
    'X-A: 1\r\n\tfolded',
    'X-A:\r\n 1',
  ],
  ...[
    'X-A: a\x00b',
    'X-A: a\x01b',
    'X-A: a\x7fb',
    'X-A: a\rb',
    'X-A: a\nb',
    'X\x00A: 1',
    'X\x80: 1',
    'X-A: \x0b',
    'X(A): 1',
    'X@A: 1',
  ],
  ...[
    'X-A: 1\n',
    'X-A: 1\r',
    'X-A: 1\r\r',
    'Connection: upgrade',
    'Connection: close, close',
    'Connection: X-A, Host',
    'Connection: ,',
  ],
  ...[
    'Connection: Content-Length',
    'Connection:',
    'Connection: clos',
    'Connection: "close"',
    'Connection: close\x00',
    'Connection: te, CLOSE',
  ],
  ...[
    'Expect: 100-continue',
    'Expect: 100-Continue',
    'Expect: 200-ok',
    'Expect: 100-continue, x',
    'Expect:',
    'Expect: \t100-continue ',
  ],
  ...[
    'Upgrade: h2c',
    'Upgrade: websocket',
    'Upgrade: websocket, h2c',
    'HTTP2-Settings: AAMA',
    'Upgrade: TLS/1.2',
    'Upgrade:',
    'Upgrade: WebSocket',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding:',
    'Transfer-Encoding: gzip',
    'Content-Length: 0',
    'Content-Length: 3',
    'Content-Length:',
  ],
  ...[
    'Connection: keep-alive, close',
    'Proxy-Authorization: x',
    'Keep-Alive: x',
    'X-A: \xc4\x8d\xc4\x8a',
    'X-A:1',
    'X-A:\t\t',
    'X-A:   ',
  ],
];
