import type { IncomingMessage } from 'node:http';
import type { ApiClient, Scope } from '../core/identity/api-client.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import { authorise, type KeyUse, mayCallFrom } from '../flows/clients.ts';
import { auditEvent, type Origin } from '../flows/origin.ts';
import type { House } from '../ports.ts';
import { problem } from './problems.ts';

/** Where refusals of known keys were audited lately, so that a broken program cannot fill the audit trail. */
export type RefusalMemory = Map<string, Instant>;

/** What is needed to say whose call it is. */
export type Gatekeeper = {
  readonly house: Pick<House, 'clients' | 'digests' | 'audit' | 'log'>;
  readonly use: KeyUse;
  readonly refusals: RefusalMemory;
};

/** A call at the moment it arrives. */
export type Arrival = { readonly now: Instant; readonly address: string; readonly request: string };

/**
 * Whose call this is. Throws a problem: 401 where no key, or none that counts, came; 403 where the key does not count
 * here. A key that is not known, wrong, revoked or past its date gets one and the same answer.
 */
export async function clientOf(
  keeper: Gatekeeper,
  presented: string | undefined,
  arrival: Arrival,
): Promise<ApiClient> {
  if (presented === undefined) throw problem('bad_api_key', 'send Authorization: Bearer sk_<id>_<secret>');
  const found = await authorise(keeper.house, presented, arrival.now);
  if (found.kind === 'refused') {
    if (found.client !== undefined) await noteRefusal(keeper, found.client, 'ended', arrival);
    else keeper.house.log.warn('api.bad-key', { address: arrival.address, request: arrival.request });
    throw problem('bad_api_key', 'the key is unknown or has ended');
  }
  const { client } = found;
  if (!mayCallFrom(client.networks, arrival.address)) {
    await noteRefusal(keeper, client, 'network', arrival);
    throw problem('network', 'the key is limited to networks that do not contain this address');
  }
  keeper.use
    .note(client.keyId, arrival.now)
    .catch((breakage: unknown) => keeper.house.log.warn('api.key-use', { error: String(breakage) }));
  return client;
}

/** Throws unless the client has one of the scopes. */
export function demandScope(client: ApiClient, scopes: readonly Scope[]): void {
  if (scopes.some((scope) => client.scopes.includes(scope))) return;
  throw problem('scope', `the key needs the scope ${scopes.join(' or ')}`, { scopes });
}

/** The key of an `Authorization: Bearer` field (RFC 6750 §2.1); undefined where there is none, or more than one. */
export function bearerOf(request: IncomingMessage): string | undefined {
  const fields = request.headersDistinct['authorization'] ?? [];
  if (fields.length !== 1) return undefined;
  return /^Bearer +([A-Za-z0-9._~+/-]{1,256}=*)$/i.exec(fields[0] ?? '')?.[1];
}

/** The key as {@link bearerOf} reads it, or alone in the field as plug-ins made for another product send it. */
export const tokenOf = (request: IncomingMessage): string | undefined => {
  const fields = request.headersDistinct['authorization'] ?? [];
  return bearerOf(request) ?? (fields.length === 1 && /^sk_\w+$/.test(fields[0] ?? '') ? fields[0] : undefined);
};

/** Who acts, for the audit trail. */
export const originOf = (client: ApiClient, { address, request }: Arrival): Origin => ({
  actor: `api:${client.name}`,
  address,
  request,
});

async function noteRefusal(
  { house, refusals }: Gatekeeper,
  client: ApiClient,
  reason: 'ended' | 'network',
  arrival: Arrival,
): Promise<void> {
  const place = `${client.keyId} ${reason}`;
  if (arrival.now - (refusals.get(place) ?? Number.NEGATIVE_INFINITY) < MINUTE) return;
  refusals.set(place, arrival.now);
  const detail = { client: client.name, key: client.keyId };
  await house.audit.append(auditEvent('client.refused', arrival.now, originOf(client, arrival), { reason, detail }));
}
