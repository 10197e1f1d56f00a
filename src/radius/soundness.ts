import type { RadiusClient } from '../core/policy.ts';
import type { KnownClient } from './clients.ts';
import type { Counter } from './counters.ts';
import {
  checkMessageAuthenticator,
  isAccountingAuthentic,
  type MessageAuthenticator,
  type SharedSecret,
} from './integrity.ts';
import { ATTRIBUTE, CODE, firstValue, type Packet } from './packet.ts';

/**
 * Why a packet of a client is discarded without a word (RFC 2865 §3, RFC 3579 §3.2, RFC 5997 §3); undefined where it is
 * sound. An Access-Request needs a Message-Authenticator unless the client's configuration says otherwise, and then
 * still where it carries EAP or was forwarded (CVE-2024-3596).
 */
export function faultOf(packet: Packet, { client, secret }: KnownClient, accounting: boolean): Counter | undefined {
  switch (packet.code) {
    case CODE.accessRequest:
      return accessFault(packet, client, checkMessageAuthenticator(packet, secret));
    case CODE.statusServer: {
      const is = checkMessageAuthenticator(packet, secret);
      if (is === 'right') return undefined;
      return is === 'absent' ? 'message_authenticator_missing' : 'message_authenticator_wrong';
    }
    case CODE.accountingRequest:
      if (!accounting) return 'accounting_off';
      return accountingFault(packet, secret);
    default:
      return 'unsupported_code';
  }
}

function accessFault(packet: Packet, client: RadiusClient, is: MessageAuthenticator): Counter | undefined {
  if (is === 'wrong') return 'message_authenticator_wrong';
  if (is === 'right') return undefined;
  if (client.requireMessageAuthenticator || firstValue(packet, ATTRIBUTE.eapMessage) !== undefined) {
    return 'message_authenticator_missing';
  }
  const forwarded = firstValue(packet, ATTRIBUTE.proxyState) !== undefined;
  return forwarded && client.limitProxyState ? 'proxy_state_unprotected' : undefined;
}

function accountingFault(packet: Packet, secret: SharedSecret): Counter | undefined {
  if (!isAccountingAuthentic(packet, secret)) return 'accounting_authenticator_wrong';
  const zeros = Buffer.alloc(16);
  return checkMessageAuthenticator(packet, secret, zeros) === 'wrong' ? 'message_authenticator_wrong' : undefined;
}
