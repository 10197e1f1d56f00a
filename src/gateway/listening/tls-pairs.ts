import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { type CertificateFacts, subjectNames } from '../../core/access/certificate.ts';
import type { TlsCertificate } from '../../core/policy.ts';
import type { Instant } from '../../core/time.ts';

/** A certificate ready for handshakes, and what its context was made of. */
export type TlsPair = CertificateFacts & {
  readonly file: string;
  readonly context: SecureContext;
  readonly options: SecureContextOptions;
};

/** Ephemeral keys and authenticated encryption alone, in our order: what TLS 1.3 has, and its like in TLS 1.2. */
const CIPHERS = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');

/** The texts of a pair, read again from its files; a key that came from elsewhere is the one of the configuration. */
export const readPair = ({ cert, key, keyFile }: TlsCertificate): { readonly cert: string; readonly key: string } => ({
  cert: readFileSync(cert, 'utf8'),
  key: keyFile === undefined ? key.reveal() : readFileSync(keyFile, 'utf8'),
});

/**
 * Makes a pair usable: TLS 1.2 and 1.3, no renegotiation, tickets under keys that live as long as the context. Throws
 * one sentence if the files cannot be used or the certificate is not valid at `now`.
 */
export function makePair(file: string, texts: { readonly cert: string; readonly key: string }, now: Instant): TlsPair {
  const leaf = new X509Certificate(texts.cert);
  if (!leaf.checkPrivateKey(createPrivateKey(texts.key))) throw new Error('the key belongs to another certificate');
  const [from, until] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  if (now < from || now >= until) throw new Error(`valid only ${leaf.validFrom} to ${leaf.validTo}`);
  const options: SecureContextOptions = {
    ...texts,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
  };
  const context = createSecureContext(options);
  return { file, context, options, names: subjectNames(leaf.subjectAltName ?? ''), from, until };
}
