import type { IncomingMessage } from 'node:http';
import { readAuthority } from '../core/access/authority.ts';
import { containsAny, readAddress } from '../core/access/cidr.ts';
import type { Policy } from '../core/policy.ts';

/**
 * Whether the console's listener answers this request. Only peers in `console.networks` are answered; an empty list means
 * whoever reaches the address. Without a list a host name other than localhost is refused too: a page of somebody else
 * whose name was pointed at this address could read the answers (DNS rebinding, ADM-4).
 */
export function reachOf(request: IncomingMessage, { networks }: Policy['console']): 'answered' | 'network' | 'host' {
  if (networks.length > 0) {
    const peer = readAddress(request.socket.remoteAddress ?? '');
    return peer !== undefined && containsAny(networks, peer) ? 'answered' : 'network';
  }
  const host = readAuthority(request.headers.host ?? '', 'http')?.host;
  const isOurs =
    host === 'localhost' || (host !== undefined && readAddress(host.replace(/^\[|\]$/g, '')) !== undefined);
  return isOurs ? 'answered' : 'host';
}
