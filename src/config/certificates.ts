import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type CertificateFacts, subjectNames } from '../core/access/certificate.ts';
import { err, ok, type Result } from '../core/result.ts';

/** Why a certificate and its key cannot be used together. */
export type PairFault = 'not-pem' | 'key-not-pem' | 'key-mismatch' | { readonly refused: string };

/** Reads the leaf, which stands first in the file. Undefined if that is no certificate. */
export function readCertificate(pem: string): CertificateFacts | undefined {
  const leaf = leafOf(pem);
  return leaf === undefined ? undefined : factsOf(leaf);
}

/** Checks a chain and its private key as the listener will use them: both PEM, belonging together, strong enough. */
export function checkPair(cert: string, key: string): Result<CertificateFacts, PairFault> {
  const leaf = leafOf(cert);
  if (leaf === undefined) return err('not-pem');
  const privateKey = privateKeyOf(key);
  if (privateKey === undefined) return err('key-not-pem');
  if (!leaf.checkPrivateKey(privateKey)) return err('key-mismatch');
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
    return ok(factsOf(leaf));
  } catch (error) {
    return err({ refused: reasonOf(error) });
  }
}

function leafOf(pem: string): X509Certificate | undefined {
  try {
    return /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(pem) ? new X509Certificate(pem) : undefined;
  } catch {
    return undefined;
  }
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const factsOf = (leaf: X509Certificate): CertificateFacts => ({
  names: subjectNames(leaf.subjectAltName ?? ''),
  from: leaf.validFromDate.getTime(),
  until: leaf.validToDate.getTime(),
});

/** The reason OpenSSL gives, without its numbers: `ee key too small`. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split(':').at(-1)?.trim() ?? '';
