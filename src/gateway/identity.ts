import { assertionClaims, dependsOnRequest, fillTemplate, signatureBase } from '../core/access/handoff.ts';
import type { Route } from '../core/access/route.ts';
import type { Target } from '../core/access/target.ts';
import type { IdentityProfile, Policy } from '../core/policy.ts';
import { encodeUlid } from '../core/request-number.ts';
import type { Session } from '../core/session/session.ts';
import type { Instant } from '../core/time.ts';
import { hmacSha256 } from './digests.ts';
import { encodeFieldText } from './field-text.ts';
import type { Gate } from './gate.ts';
import { isFieldContent } from './upstream/request-head.ts';
import { originOf } from './visit.ts';

/** Whom an application is told about, and in which request. */
export type HandoffRequest = {
  readonly gate: Gate;
  readonly policy: Policy;
  readonly route: Route;
  readonly session: Session;
  readonly requestId: string;
  readonly now: Instant;
  /** What the browser asked for: its origin is the issuer of assertions where none is configured. */
  readonly browserTarget: Target;
  /** What goes to the application, for the signature over it. */
  readonly method: string;
  readonly target: string;
  readonly host: string;
};

/** Identity headers of one session on one route, kept as long as session and configuration stay what they are. */
type Handoff = {
  readonly policy: Policy;
  readonly origin: Pick<Target, 'scheme' | 'host' | 'port'>;
  /** Undefined where they differ from request to request. */
  readonly plain: readonly string[] | undefined;
  assertion: Assertion | undefined;
  signing: Promise<Assertion> | undefined;
};

/** An assertion, and all headers with it where they are the same for every request it serves. */
type Assertion = {
  readonly token: string;
  readonly madeAt: Instant;
  /** How long it is handed out, in milliseconds: not the same for all, or those made together would be renewed together. */
  readonly serves: number;
  readonly headers: readonly string[] | undefined;
};

/**
 * The headers that tell the application who it is, names and values alternating: at once when they are at hand, else
 * when the assertion is signed. An assertion serves for a good half of its life and is signed anew then, never per request.
 */
export function identityHeaders(request: HandoffRequest): readonly string[] | Promise<readonly string[]> {
  const { policy, route, now } = request;
  const profile = route.identity === undefined ? undefined : policy.identity.profiles.get(route.identity);
  if (profile === undefined) return NONE;
  const handoff = handoffOf(request, profile);
  const { jwt } = profile;
  if (jwt === undefined) return assemble(request, profile, handoff, undefined);
  const { assertion } = handoff;
  const age = assertion === undefined ? Number.POSITIVE_INFINITY : now - assertion.madeAt;
  if (assertion !== undefined && age >= 0 && age < assertion.serves) {
    return assemble(request, profile, handoff, assertion);
  }
  handoff.signing ??= sign(request, handoff, jwt);
  return handoff.signing.then((signed) => assemble(request, profile, handoff, signed));
}

function handoffOf(request: HandoffRequest, profile: IdentityProfile): Handoff {
  const { gate, session, route, browserTarget, policy } = request;
  const extras = gate.live.extras(session);
  const known = extras.get(route.name) as Handoff | undefined; // written below and nowhere else
  if (known !== undefined && known.policy === policy && isSameOrigin(known.origin, browserTarget)) return known;
  const plain = dependsOnRequest(profile) ? undefined : plainHeaders(request, profile);
  const made: Handoff = { policy, origin: browserTarget, plain, assertion: undefined, signing: undefined };
  extras.set(route.name, made);
  return made;
}

const isSameOrigin = (left: Handoff['origin'], right: Handoff['origin']): boolean =>
  left.host === right.host && left.port === right.port && left.scheme === right.scheme;

function assemble(
  request: HandoffRequest,
  profile: IdentityProfile,
  handoff: Handoff,
  assertion: Assertion | undefined,
): readonly string[] {
  if (assertion?.headers !== undefined) return assertion.headers;
  const plain = handoff.plain ?? plainHeaders(request, profile);
  if (assertion === undefined && profile.hmac === undefined) return plain;
  const headers = [...plain];
  if (profile.jwt !== undefined && assertion !== undefined) headers.push(profile.jwt.header, assertion.token);
  if (profile.hmac !== undefined) headers.push(profile.hmac.header, signatureOf(request, profile.hmac.secret, headers));
  return headers;
}

function plainHeaders(request: HandoffRequest, profile: IdentityProfile): string[] {
  const facts = { session: request.session, route: request.route.name, requestId: request.requestId };
  const headers: string[] = [];
  for (const { name, template } of profile.headers) {
    const value = encodeFieldText(fillTemplate(template, facts), profile.textEncoding);
    if (!isFieldContent(value)) throw new Error(`the value of ${name} cannot be sent`);
    if (value !== '') headers.push(name, value);
  }
  if (profile.basicAuth !== undefined) {
    const user = fillTemplate(profile.basicAuth.user, facts);
    const credentials = Buffer.from(`${user}:${profile.basicAuth.password.reveal()}`).toString('base64');
    headers.push('Authorization', `Basic ${credentials}`);
  }
  return headers;
}

async function sign(
  request: HandoffRequest,
  handoff: Handoff,
  jwt: NonNullable<IdentityProfile['jwt']>,
): Promise<Assertion> {
  const { gate, policy, session, route, now, browserTarget, requestId } = request;
  try {
    const octets = gate.house.random.bytes(11);
    const jti = encodeUlid(now, octets.subarray(0, 10));
    const issuer = policy.identity.issuer ?? originOf(browserTarget);
    const claims = assertionClaims({ session, route: route.name, requestId, issuer, jti }, now, jwt.lifetime);
    const token = await gate.house.signer.sign(claims, now);
    const headers = handoff.plain && [...handoff.plain, jwt.header, token];
    const serves = jwt.lifetime * (0.5 + (0.2 * (octets[10] ?? 0)) / 256);
    handoff.assertion = { token, madeAt: now, serves, headers };
    return handoff.assertion;
  } finally {
    handoff.signing = undefined;
  }
}

function signatureOf(
  { now, method, target, host }: HandoffRequest,
  secret: { reveal(): string },
  headers: readonly string[],
): string {
  const time = Math.floor(now / 1000);
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2)
    pairs.push([headers[index] ?? '', headers[index + 1] ?? '']);
  return `t=${time}, v1=${hmacSha256(secret.reveal(), signatureBase(time, { method, target, host }, pairs))}`;
}

const NONE: readonly string[] = [];
