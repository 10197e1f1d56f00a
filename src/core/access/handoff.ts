import type { Account } from '../identity/account.ts';
import { amrOf, type Proofs } from '../identity/factors.ts';
import type { IdentityProfile, TemplatePart } from '../policy.ts';
import type { Session } from '../session/session.ts';

/** Every variable a header template may name, besides `user.attributes.<name>` (contract §6). */
export const TEMPLATE_VARIABLES = [
  'user.login',
  'user.name',
  'user.email',
  'user.phone',
  'user.groups',
  'session.amr',
  'session.id',
  'session.auth_time',
  'route.name',
  'request.id',
] as const;

export type HandoffFacts = { readonly session: Session; readonly route: string; readonly requestId: string };

/** Fills a template. A variable without a value is the empty string. */
export function fillTemplate(template: readonly TemplatePart[], facts: HandoffFacts): string {
  return template.map((part) => (part.kind === 'text' ? part.text : variable(part.name, facts))).join('');
}

function variable(name: string, { session, route, requestId }: HandoffFacts): string {
  switch (name) {
    case 'session.id':
      return session.id;
    case 'session.auth_time':
      return String(Math.floor(session.authTime / 1000));
    default:
      return personVariable(name, { account: session.account, proofs: session.proofs, route, requestId });
  }
}

/** Somebody who was let in somewhere, with a session or without. */
export type PersonFacts = {
  readonly account: Account;
  readonly proofs: Proofs;
  readonly route: string;
  readonly requestId: string;
};

/** The value of a variable that needs no session; the empty string for one without a value. */
export function personVariable(name: string, { account, proofs, route, requestId }: PersonFacts): string {
  switch (name) {
    case 'user.login':
      return account.login;
    case 'user.name':
      return account.name;
    case 'user.email':
      return account.email;
    case 'user.phone':
      return account.phone;
    case 'user.groups':
      return account.groups.join(',');
    case 'session.amr':
      return amrOf(proofs).join(',');
    case 'route.name':
      return route;
    case 'request.id':
      return requestId;
    default:
      return name.startsWith(ATTRIBUTE) ? (account.attributes[name.slice(ATTRIBUTE.length)] ?? '') : '';
  }
}

const ATTRIBUTE = 'user.attributes.';

/** True if a profile's headers differ from request to request, so that they cannot be kept with the session. */
export const dependsOnRequest = (profile: IdentityProfile): boolean =>
  profile.hmac !== undefined ||
  profile.headers.some((header) =>
    header.template.some((part) => part.kind === 'variable' && part.name === 'request.id'),
  );

/** Claims of the identity assertion (contract §6). Times in seconds; `exp` lies `lifetime` after `now`. */
export function assertionClaims(
  facts: HandoffFacts & { readonly issuer: string; readonly jti: string },
  now: number,
  lifetime: number,
): Readonly<Record<string, unknown>> {
  const { account } = facts.session;
  const iat = Math.floor(now / 1000);
  return {
    iss: facts.issuer,
    aud: facts.route,
    sub: account.login,
    name: account.name,
    groups: account.groups,
    amr: amrOf(facts.session.proofs),
    auth_time: Math.floor(facts.session.authTime / 1000),
    iat,
    nbf: iat,
    exp: iat + Math.floor(lifetime / 1000),
    jti: facts.jti,
    sid: facts.session.id,
  };
}

/**
 * The text an identity signature covers: version, time, method, path and query, host, then one line for each identity
 * header sent, names in lower case, sorted (contract §6).
 */
export function signatureBase(
  time: number,
  request: { readonly method: string; readonly target: string; readonly host: string },
  headers: readonly (readonly [string, string])[],
): string {
  const lines = headers.map(([name, value]) => `${name.toLowerCase()}:${value}\n`).sort();
  return `v1\n${time}\n${request.method}\n${request.target}\n${request.host}\n${lines.join('')}`;
}
