import { contains, readAddress } from '../core/access/cidr.ts';
import type { RadiusClient } from '../core/policy.ts';
import type { SharedSecret } from './integrity.ts';

/** A client with its secret's octets. */
export type KnownClient = { readonly client: RadiusClient; readonly secret: SharedSecret };

/** Finds the client of a source address: the longest of the networks that hold it. Undefined for a stranger. */
export type FindClient = (address: string) => KnownClient | undefined;

/** Makes the table of the present configuration. Secrets are revealed once. */
export function createClientTable(clients: readonly RadiusClient[]): FindClient {
  const rows = clients
    .map((client): KnownClient => ({ client, secret: Buffer.from(client.secret.reveal(), 'utf8') }))
    .flatMap((known) => known.client.networks.map((cidr) => ({ cidr, known })))
    .sort((left, right) => right.cidr.bits - left.cidr.bits);
  return (text) => {
    const address = readAddress(text);
    return address === undefined ? undefined : rows.find(({ cidr }) => contains(cidr, address))?.known;
  };
}
