import { readAddress } from '../core/access/cidr.ts';
import { type Explanation, explainAccess } from '../core/access/explain.ts';
import { assertionClaims, fillTemplate } from '../core/access/handoff.ts';
import { type Account, foldLogin } from '../core/identity/account.ts';
import { FACTORS, type Factor, type Proofs, proofsAt } from '../core/identity/factors.ts';
import type { Policy } from '../core/policy.ts';
import { readRequestNumber } from '../core/request-number.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Session } from '../core/session/session.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { House, RecordedRequest } from '../ports.ts';

/** A request to explain, imagined. */
export type ExplainRequest = {
  readonly method: string;
  /** Absolute `http://` or `https://` URL. */
  readonly url: string;
  readonly login?: string;
  readonly address?: string;
  readonly at?: Instant;
  readonly have?: readonly Factor[];
};

/** An explanation with what the application would be told. */
export type ExplainedRequest = Explanation & {
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly login: string;
    readonly address: string;
    readonly at: Instant;
  };
  /** Identity headers that would be sent, by name. The assertion is shown as its claims, unsigned. */
  readonly headers: Readonly<Record<string, string>>;
  /** The recorded request that was replayed, if one was asked for. */
  readonly recorded: RecordedRequest | undefined;
};

export type ExplainFault =
  | { readonly kind: 'bad-url' | 'bad-address' | 'bad-number'; readonly found: string }
  | { readonly kind: 'unknown-user' | 'unknown-request'; readonly found: string };

/** What explaining needs of the house; `accounts` is only asked when a login is named. */
export type ExplainPorts = {
  readonly clock: House['clock'];
  readonly accounts: Pick<House['accounts'], 'findByLogin'>;
  readonly requests: Pick<House['requests'], 'find'>;
  /** Routes a sealed code opened; asked for requests of now or later. */
  readonly switches: Pick<House['switches'], 'openings'>;
};

/** Explains an imagined request with the functions the gateway itself calls. Nothing is written. */
export async function explainRequest(
  policy: Policy,
  request: ExplainRequest,
  ports: ExplainPorts,
): Promise<Result<ExplainedRequest, ExplainFault>> {
  const at = request.at ?? ports.clock.now();
  const asked = { ...request, at, proofs: proofsAt(request.have ?? [], at), recorded: undefined };
  return explainWith(policy, asked, ports);
}

/** Replays a recorded request, named by its number, against the present configuration. */
export async function explainRecorded(
  policy: Policy,
  number: string,
  ports: ExplainPorts,
): Promise<Result<ExplainedRequest, ExplainFault>> {
  const folded = readRequestNumber(number);
  if (folded === undefined) return err({ kind: 'bad-number', found: number });
  const recorded = await ports.requests.find(folded);
  if (recorded === undefined) return err({ kind: 'unknown-request', found: number });
  const { method, url, address, at, have } = recorded;
  const login = recorded.login === '' ? {} : { login: recorded.login };
  return explainWith(policy, { method, url, address, at, proofs: have, recorded, ...login }, ports);
}

type Asked = ExplainRequest & {
  readonly at: Instant;
  readonly proofs: Proofs;
  readonly recorded: RecordedRequest | undefined;
};

async function explainWith(
  policy: Policy,
  asked: Asked,
  ports: ExplainPorts,
): Promise<Result<ExplainedRequest, ExplainFault>> {
  const split = /^(https?):\/\/([^/?#]+)(.*)$/is.exec(asked.url);
  const scheme = split?.[1]?.toLowerCase();
  if (split === null || (scheme !== 'http' && scheme !== 'https')) return err({ kind: 'bad-url', found: asked.url });
  const address = readAddress(asked.address ?? '127.0.0.1');
  if (address === undefined) return err({ kind: 'bad-address', found: asked.address ?? '' });
  const account =
    asked.login === undefined ? undefined : await ports.accounts.findByLogin(foldLogin(asked.login) ?? '');
  if (asked.login !== undefined && account === undefined) return err({ kind: 'unknown-user', found: asked.login });

  const rest = split[3] ?? '';
  const target = rest === '' ? '/' : rest.startsWith('/') ? rest : `/${rest}`;
  const host = split[2] ?? '';
  const session = account?.status === 'active' ? imaginedSession(account, asked.proofs, host, asked.at) : undefined;
  const raw = { method: asked.method, target, hosts: [host], scheme } as const;
  const opened = await openingsAt(asked.at, ports);
  const explanation = explainAccess({ table: policy.routes, raw, session, address, now: asked.at, opened });
  const headers = handoffHeaders(policy, explanation, session, asked.at);
  const request = {
    method: asked.method,
    url: asked.url,
    login: asked.login ?? '',
    address: address.text,
    at: asked.at,
  };
  return ok({ ...explanation, request, headers, recorded: asked.recorded });
}

/** What was open in the past is not known: only the end of an opening is kept. */
const openingsAt = async (at: Instant, { clock, switches }: ExplainPorts): Promise<ReadonlyMap<string, Instant>> =>
  at + MINUTE < clock.now() ? new Map() : switches.openings(at);

/** The session a person would have with these proofs and no other history. */
export const imaginedSession = (account: Account, proofs: Proofs, host: string, now: Instant): Session => ({
  id: 'imagined',
  account,
  proofs,
  startedAt: now,
  authTime: now,
  lastSeen: now,
  host,
});

function handoffHeaders(
  policy: Policy,
  { decision, route, target }: Explanation,
  session: Session | undefined,
  now: Instant,
): Readonly<Record<string, string>> {
  const profile = policy.identity.profiles.get(route?.identity ?? '');
  if (decision !== 'allow' || route === undefined || session === undefined || profile === undefined) return {};
  const facts = { session, route: route.name, requestId: '{request.id}' };
  const filled = profile.headers.map(({ name, template }) => [name, fillTemplate(template, facts)] as const);
  const issuer = policy.identity.issuer ?? `${target?.scheme}://${target?.host}`;
  const claims = profile.jwt && assertionClaims({ ...facts, issuer, jti: '…' }, now, profile.jwt.lifetime);
  return {
    ...Object.fromEntries(filled.filter(([, value]) => value !== '')),
    ...(profile.jwt !== undefined && { [profile.jwt.header]: JSON.stringify(claims) }),
    ...(profile.hmac !== undefined && { [profile.hmac.header]: 't=…, v1=…' }),
    ...(profile.basicAuth !== undefined && { Authorization: 'Basic …' }),
  };
}

/** Factor names of a comma-separated list, or the first word that is none. */
export function readFactors(list: string): Result<readonly Factor[], string> {
  const words = list.split(',').map((word) => word.trim());
  const stranger = words.find((word) => !Object.hasOwn(FACTORS, word));
  return stranger === undefined ? ok(words as Factor[]) : err(stranger);
}
