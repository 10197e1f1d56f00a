import { connect, type OnReadOpts, Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
} from 'node:tls';
import type { UpstreamTarget, UpstreamTls } from '../../core/policy.ts';
import { type TcpTarget, upstreamContext, upstreamServerName } from '../../core/upstream-tls.ts';

/** A TLS session is resumed for so long; after that the certificate is looked at again. In milliseconds. */
const SESSION_LIFE = 10 * 60 * 1000;

/** Makes connections to one target: TCP, TLS or a Unix socket. What cannot be made is an `error` event, never thrown. */
export class Dialer {
  /** True where a connection stands only when the certificate was checked. */
  readonly isSecure: boolean;
  readonly #target: UpstreamTarget;
  readonly #tls: UpstreamTls | undefined;
  #context: SecureContext | undefined;
  #session: Buffer | undefined;
  #sessionUntil = 0;

  constructor(target: UpstreamTarget, tls: UpstreamTls | undefined) {
    this.isSecure = target.scheme === 'https';
    this.#target = target;
    this.#tls = tls;
  }

  /** Begins a connection. `now` is a monotonic time in milliseconds. */
  open(onread: OnReadOpts, now: number): Socket {
    const target = this.#target;
    if (target.kind === 'unix') return connect({ path: target.path, onread });
    if (target.scheme === 'https') return this.#openSecure(target, onread, now);
    return connect({ host: target.host, port: target.port, noDelay: true, onread });
  }

  #openSecure(target: TcpTarget, onread: OnReadOpts, now: number): Socket {
    const servername = upstreamServerName(target, this.#tls);
    const session = now < this.#sessionUntil ? this.#session : undefined;
    try {
      this.#context ??= createSecureContext(contextOptions(this.#tls));
    } catch (reason) {
      return new Socket().destroy(reason instanceof Error ? reason : new Error(String(reason)));
    }
    const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
      host: target.host,
      port: target.port,
      onread,
      secureContext: this.#context,
      // Said and not left to the default: a variable of the environment could change that.
      rejectUnauthorized: true,
      ...(servername === undefined ? {} : { servername }),
      ...(session === undefined ? {} : { session }),
    };
    const socket = connectTls(options);
    socket.setNoDelay(true);
    socket.on('session', (fresh) => {
      if (!socket.isSessionReused() || this.#session === undefined) this.#sessionUntil = now + SESSION_LIFE;
      this.#session = fresh;
    });
    return socket;
  }
}

/** Authorities that this machine and Node.js know; read once, when the first target needs them. */
let known: readonly string[] | undefined;

function contextOptions(tls: UpstreamTls | undefined) {
  const { ca, ...rest } = upstreamContext(tls, () => {
    known ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
    return known;
  });
  return { ...rest, ca: [...ca] };
}

/** True if TLS is what went wrong: OpenSSL and Node.js say so, or it happened in the middle of the handshake. */
export const isOfTls = (code: string | undefined, inHandshake: boolean): boolean =>
  inHandshake || code?.startsWith('ERR_') === true;
