import { type Cidr, containsAny, readAddress } from '../core/access/cidr.ts';
import { encodeBits } from '../core/alphabet.ts';
import type { ApiClient, Scope } from '../core/identity/api-client.ts';
import { DAY, type Instant, type Milliseconds, SECOND } from '../core/time.ts';
import type { House } from '../ports.ts';
import { auditEvent, type Origin } from './origin.ts';

/** Crockford base32 in lower case: no i, l, o, u, and no underscore, which separates the parts of a key. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

const ID_LENGTH = 12;
const SECRET_LENGTH = 52; // 256 bits

/** How long the old key of a rotation is taken beside the new one. */
export const ROTATION_OVERLAP: Milliseconds = DAY;

/** A key in use is noted at most this often. */
const NOTE_EVERY: Milliseconds = 30 * SECOND;

type ClientPorts = Pick<House, 'clients' | 'digests' | 'random' | 'clock'>;

/** What a key may do, without what identifies it. */
export type ClientRights = Pick<ApiClient, 'app' | 'scopes' | 'networks' | 'expiresAt'>;

/** A client with its key in clear: shown once, kept nowhere. */
export type IssuedKey = { readonly client: ApiClient; readonly key: string };

/** Names of clients: they stand in audit records and statistics. */
export const isClientName = (name: string): boolean => /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,63}$/u.test(name);

/** Makes a client and its first key. 'exists' where a client of this name has a key that counts. */
export async function addClient(
  house: ClientPorts,
  name: string,
  rights: ClientRights,
  by: Origin,
): Promise<({ readonly kind: 'added' } & IssuedKey) | { readonly kind: 'exists' }> {
  const now = house.clock.now();
  const { keyId, key, secretMac } = newKey(house);
  const client: ApiClient = {
    keyId,
    name,
    ...rights,
    status: 'active',
    createdAt: now,
    lastUsedAt: undefined,
  };
  const detail = { client: name, key: keyId, scopes: rights.scopes.join(' '), app: rights.app };
  const outcome = await house.clients.add(client, secretMac, auditEvent('client.added', now, by, { detail }));
  return outcome === 'exists' ? { kind: 'exists' } : { kind: 'added', client, key };
}

/** Gives a client a new key with the same rights. The present one is taken for `overlap` more, never beyond its date. */
export async function rotateClient(
  house: ClientPorts,
  name: string,
  overlap: Milliseconds,
  by: Origin,
): Promise<({ readonly kind: 'rotated' } & IssuedKey) | { readonly kind: 'missing' }> {
  const { keyId, key, secretMac } = newKey(house);
  const detail = { client: name, key: keyId, overlap };
  const event = auditEvent('client.rotated', house.clock.now(), by, { detail });
  const client = await house.clients.rotate(name, { keyId, secretMac }, overlap, event);
  return client === 'missing' ? { kind: 'missing' } : { kind: 'rotated', client, key };
}

/** Ends every key of a client at once. */
export function revokeClient(
  house: Pick<House, 'clients' | 'clock'>,
  name: string,
  by: Origin,
): Promise<'revoked' | 'missing'> {
  const event = auditEvent('client.revoked', house.clock.now(), by, { detail: { client: name } });
  return house.clients.revoke(name, event);
}

/** What a presented key turned out to be. Everything but `authorised` is one answer to the caller. */
export type Authorisation =
  | { readonly kind: 'authorised'; readonly client: ApiClient }
  | { readonly kind: 'refused'; readonly client: ApiClient | undefined; readonly reason: 'unknown' | 'ended' };

/**
 * Whose key this is. An unknown key costs the same work as a known one; secrets are compared as keyed digests in
 * constant time. A key that is right but revoked or past its date is refused like an unknown one.
 */
export async function authorise(
  house: Pick<House, 'clients' | 'digests'>,
  presented: string,
  now: Instant,
): Promise<Authorisation> {
  const parts = /^sk_([0-9a-z]{12})_([0-9a-z]{52})$/.exec(presented);
  const [keyId = '', secret = ''] = parts?.slice(1) ?? [];
  const found = await house.clients.findKey(keyId);
  const isRight = house.digests.equal(macOf(house, keyId, secret), found?.secretMac ?? '');
  if (parts === null || found === undefined || !isRight)
    return { kind: 'refused', client: undefined, reason: 'unknown' };
  const { client } = found;
  const isLive = client.status === 'active' && (client.expiresAt === undefined || now < client.expiresAt);
  return isLive ? { kind: 'authorised', client } : { kind: 'refused', client, reason: 'ended' };
}

/** True if a client limited to these networks may call from this address; what cannot be read is in no network. */
export function mayCallFrom(networks: readonly Cidr[], address: string): boolean {
  const read = readAddress(address);
  return networks.length === 0 || (read !== undefined && containsAny(networks, read));
}

/** What a key would give away that it does not have itself; undefined where it stays within its own rights. */
export function exceeds(
  asked: ClientRights,
  granter: ClientRights,
): 'scopes' | 'app' | 'networks' | 'expires' | undefined {
  if (asked.scopes.some((scope) => !granter.scopes.includes(scope))) return 'scopes';
  if (granter.app !== '' && asked.app !== granter.app) return 'app';
  if (granter.networks.length > 0 && !isWithin(asked.networks, granter.networks)) return 'networks';
  if (granter.expiresAt !== undefined && (asked.expiresAt ?? Number.POSITIVE_INFINITY) > granter.expiresAt)
    return 'expires';
  return undefined;
}

const WIDTH = { 4: 32, 6: 128 } as const;

const isWithin = (asked: readonly Cidr[], granted: readonly Cidr[]): boolean =>
  asked.length > 0 && asked.every((network) => granted.some((each) => holds(each, network)));

/** True if every address of the inner network is one of the outer. */
const holds = (outer: Cidr, inner: Cidr): boolean => {
  const rest = BigInt(WIDTH[outer.family] - outer.bits);
  return outer.family === inner.family && inner.bits >= outer.bits && inner.base >> rest === outer.base >> rest;
};

/** Remembers when keys were last used, and writes it at most once in half a minute for each. */
export class KeyUse {
  readonly #clients: House['clients'];
  readonly #written = new Map<string, Instant>();

  constructor(clients: House['clients']) {
    this.#clients = clients;
  }

  /** Notes one use. The caller does not wait; what cannot be written is reported and tried again with the next use. */
  async note(keyId: string, now: Instant): Promise<void> {
    const before = this.#written.get(keyId);
    if (before !== undefined && now - before < NOTE_EVERY) return;
    this.#written.set(keyId, now);
    try {
      await this.#clients.touch(new Map([[keyId, now]]));
    } catch (breakage) {
      this.#written.delete(keyId);
      throw breakage;
    }
  }
}

function newKey(house: Pick<House, 'digests' | 'random'>): { keyId: string; key: string; secretMac: string } {
  const keyId = encodeBits(house.random.bytes(8), ALPHABET, 5).slice(0, ID_LENGTH);
  const secret = encodeBits(house.random.bytes(33), ALPHABET, 5).slice(0, SECRET_LENGTH);
  return { keyId, key: `sk_${keyId}_${secret}`, secretMac: macOf(house, keyId, secret) };
}

const macOf = ({ digests }: Pick<House, 'digests'>, keyId: string, secret: string): string =>
  digests.mac('api-key', `key|${keyId}|${secret}`);

/** Scopes in the order of the catalogue, each once. */
export const sortedScopes = (scopes: Iterable<Scope>, order: readonly Scope[]): readonly Scope[] => {
  const asked = new Set(scopes);
  return order.filter((scope) => asked.has(scope));
};
