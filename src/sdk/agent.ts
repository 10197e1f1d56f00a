/**
 * `sumun/agent`: tells a Node application behind the gateway who is there, after checking that the gateway said so.
 * The identity is read from the signed assertion alone; plain headers prove nothing on a port that others reach.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';

export type AgentOptions = {
  /** Address of the gateway's key set, `https://hr.corp.example/_sumun/jwks.json`, or the set itself. */
  readonly keys: string | JSONWebKeySet;
  /** `identity.issuer`, or the origin people see: `https://hr.corp.example`. */
  readonly issuer: string;
  /** Name of the route. */
  readonly audience: string;
  /** The one algorithm of `identity.signing`; never taken from the token. */
  readonly algorithm?: 'ES256' | 'EdDSA' | 'RS256';
  /** Header of the profile's assertion. */
  readonly header?: string;
  /** Seconds the clocks may differ. */
  readonly tolerance?: number;
};

/** Who is there. */
export type Identity = {
  readonly login: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** How the person signed in (RFC 8176). */
  readonly amr: readonly string[];
  /** When a factor was last proved. */
  readonly authTime: Date;
  /** The same for the whole session. */
  readonly session: string;
};

/** No assertion, or none that holds. Answer 401; the reason is for the log. */
export class NotIdentified extends Error {
  override readonly name = 'NotIdentified';
}

/** The keys cannot be fetched. Answer 503: nothing is known about this request. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** Headers as Node gives them, or a `Headers` object. */
export type HeaderSource =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

export type Agent = {
  /** The identity of a request. Throws `NotIdentified` or `KeysUnavailable`. */
  identify(headers: HeaderSource): Promise<Identity>;
  /** Wraps a handler of `node:http`; without an identity it answers 401 or 503 and the handler is not called. */
  http(
    handler: (request: IncomingMessage, response: ServerResponse, identity: Identity) => void,
  ): (request: IncomingMessage, response: ServerResponse) => void;
  /** Middleware of Express: sets `request.sumun`. */
  express(): (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void) => void;
  /** `onRequest` hook of Fastify: sets `request.sumun`. */
  fastify(): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
};

/** A request that carries its identity once the middleware has run. */
export type ExpressRequest = IncomingMessage & { sumun?: Identity };

export type FastifyRequest = { readonly headers: HeaderSource; sumun?: Identity };
export type FastifyReply = { code(status: number): FastifyReply; send(body: unknown): unknown };

/** An agent for one route. Keys are fetched when first needed, kept, and fetched again for an unknown `kid`. */
export function createAgent(options: AgentOptions): Agent {
  const { keys, issuer, audience, algorithm = 'ES256', header = 'x-sumun-assertion', tolerance = 5 } = options;
  const keySet = typeof keys === 'string' ? createRemoteJWKSet(new URL(keys)) : createLocalJWKSet(keys);
  const checks = {
    algorithms: [algorithm],
    issuer,
    audience,
    clockTolerance: tolerance,
    requiredClaims: ['sub', 'exp', 'nbf', 'sid'],
  };
  const identify = async (headers: HeaderSource): Promise<Identity> => {
    const assertion = onlyValue(headers, header.toLowerCase());
    if (assertion === undefined) throw new NotIdentified(`there is not exactly one ${header}`);
    const { payload } = await jwtVerify(assertion, keySet, checks).catch((error: unknown) => {
      if (isUnreachable(error)) throw new KeysUnavailable('the key set cannot be fetched', { cause: error });
      throw new NotIdentified('the assertion does not hold', { cause: error });
    });
    return identityOf(payload);
  };
  return {
    identify,
    http: (handler) => (request, response) => {
      identify(request.headers).then(
        (identity) => handler(request, response, identity),
        (error: unknown) => refuse(response, error),
      );
    },
    express: () => (request, response, next) => {
      identify(request.headers).then(
        (identity) => {
          request.sumun = identity;
          next();
        },
        (error: unknown) => refuse(response, error),
      );
    },
    fastify: () => async (request, reply) => {
      try {
        request.sumun = await identify(request.headers);
        return undefined;
      } catch (error) {
        return reply.code(statusOf(error)).send(bodyOf(error));
      }
    },
  };
}

/** The value of a header that came once; a repeated one is nobody's. */
function onlyValue(headers: HeaderSource, name: string): string | undefined {
  const value = isHeaders(headers) ? headers.get(name) : headers[name];
  // Node joins repeats with a comma, which no assertion contains.
  return typeof value === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? value : undefined;
}

const isHeaders = (headers: HeaderSource): headers is { get(name: string): string | null } =>
  typeof headers['get'] === 'function';

function identityOf(claims: JWTPayload): Identity {
  const { sub, name, groups, amr, auth_time: at, sid } = claims;
  if (typeof sub !== 'string' || sub === '' || typeof sid !== 'string') throw new NotIdentified('no subject');
  return {
    login: sub,
    name: typeof name === 'string' ? name : '',
    groups: texts(groups),
    amr: texts(amr),
    authTime: new Date(Number(at) * 1000),
    session: sid,
  };
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];

/** What is not a verdict on the token is a verdict on the way to the keys. */
const isUnreachable = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';

const statusOf = (error: unknown): number => (error instanceof KeysUnavailable ? 503 : 401);

const bodyOf = (error: unknown) => ({
  type: 'about:blank',
  title: error instanceof KeysUnavailable ? 'Sign-in cannot be checked now' : 'Not signed in',
  status: statusOf(error),
});

function refuse(response: ServerResponse, error: unknown): void {
  response.writeHead(statusOf(error), { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(bodyOf(error)));
}
