import type { UpstreamTarget, UpstreamTls } from './policy.ts';

/** A target that is spoken to over TCP, with TLS or without. */
export type TcpTarget = Extract<UpstreamTarget, { kind: 'tcp' }>;

/** What a TLS context towards an application is made of; the names are those of OpenSSL as Node.js has them. */
export type UpstreamContext = {
  readonly ca: readonly string[];
  readonly minVersion: UpstreamTls['minVersion'];
  readonly cert?: string;
  readonly key?: string;
  readonly ciphers?: string;
  readonly secureOptions?: number;
};

/** Versions of servers that may also lack everything else that came with TLS 1.2 (RFC 8996). */
const OLD: readonly string[] = ['TLSv1', 'TLSv1.1'];

/** The ciphers of TLS 1.0 sign with SHA-1, which OpenSSL admits at no other level. Without authentication: never. */
const OLD_CIPHERS = 'DEFAULT:!aNULL:!eNULL:!EXPORT:@SECLEVEL=0';

/** `SSL_OP_LEGACY_SERVER_CONNECT`: the server need not know RFC 5746. We never renegotiate by ourselves. */
const LEGACY_SERVER_CONNECT = 4;

/**
 * How a context towards an application is made. Certificates are always checked; nothing here can turn that off.
 * `authorities` are asked for only where the configuration names none.
 */
export function upstreamContext(tls: UpstreamTls | undefined, authorities: () => readonly string[]): UpstreamContext {
  const minVersion = tls?.minVersion ?? 'TLSv1.2';
  const ca = tls?.ca === undefined ? authorities() : [tls.ca];
  const old = OLD.includes(minVersion) ? { ciphers: OLD_CIPHERS, secureOptions: LEGACY_SERVER_CONNECT } : {};
  const client = tls?.clientCert;
  return {
    ca,
    minVersion,
    ...old,
    ...(client === undefined ? {} : { cert: client.cert, key: client.key.reveal() }),
  };
}

/** The name in SNI and in the certificate; undefined for a target by address, whose certificate has to name that. */
export function upstreamServerName(target: TcpTarget, tls: UpstreamTls | undefined): string | undefined {
  if (tls?.serverName !== undefined) return tls.serverName;
  return isAddress(target.host) ? undefined : target.host;
}

/** Top-level labels are never numbers (RFC 3696 §2), and no name has a colon. */
const isAddress = (host: string): boolean => host.includes(':') || /(?:^|\.)[0-9]+$/.test(host);
