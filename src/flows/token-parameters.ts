import type { Authenticator, OtpAlgorithm } from '../core/identity/account.ts';
import type { Policy } from '../core/policy.ts';
import { parseOcraSuite } from '../core/verification/ocra.ts';
import { serverSuite } from '../core/verification/server-code.ts';
import type { NewAuthenticator } from '../ports.ts';

/** Suite of a new OCRA authenticator unless told otherwise: a question of 32 bytes and the time. */
export const DEFAULT_SUITE = 'OCRA-1:HOTP-SHA256-8:QH64-T30S';

export type TokenRequest = {
  readonly login: string;
  readonly kind: Authenticator['kind'];
  readonly label?: string;
  /** What is absent comes from the policy: `otp.foreign_apps` for TOTP, `otp.hotp` with SHA-1 for HOTP. */
  readonly algorithm?: OtpAlgorithm;
  readonly digits?: 6 | 8;
  readonly period?: 30 | 60;
  /** OCRA suite (RFC 6287 §6) of kind `ocra`: it says algorithm and digits too. */
  readonly suite?: string;
  /** Printed on a hardware token; one token of a number. */
  readonly serial?: string;
  /** The seed of an existing token; absent = a new one is made. */
  readonly seed?: Uint8Array;
};

type Parameters = Pick<NewAuthenticator, 'kind' | 'algorithm' | 'digits' | 'period'> & { readonly suite: string };

/** The parameters of a new authenticator; undefined where its suite cannot be used. */
export function parametersOf({ otp }: Policy, request: TokenRequest): Parameters | undefined {
  const { kind, suite } = request;
  switch (kind) {
    case 'totp': {
      const { algorithm, digits, period } = { ...otp.foreignApps, ...given(request) };
      return { kind, algorithm, digits, period, suite: '' };
    }
    case 'hotp':
      return {
        kind,
        algorithm: request.algorithm ?? 'SHA1',
        digits: request.digits ?? otp.hotp.digits,
        period: 0,
        suite: '',
      };
    case 'server': {
      const digits = request.digits ?? otp.server.digits;
      return { kind, algorithm: 'SHA256', digits, period: 0, suite: serverSuite(digits) };
    }
    case 'ocra': {
      const read = parseOcraSuite(suite ?? DEFAULT_SUITE);
      if (!read.ok) return undefined;
      const { text, algorithm, digits, pin, session } = read.value;
      if (pin !== undefined || session !== undefined || (digits !== 6 && digits !== 8)) return undefined;
      return { kind, algorithm, digits, period: 0, suite: text };
    }
  }
}

const given = ({ algorithm, digits, period }: TokenRequest) => ({
  ...(algorithm !== undefined && { algorithm }),
  ...(digits !== undefined && { digits }),
  ...(period !== undefined && { period }),
});
