import { HOUR, type Instant } from '../core/time.ts';
import type { Counter } from './counters.ts';
import { type Packet, vendorOf } from './packet.ts';

/** Different things said in one hour; beyond that, silence until the next. */
const HOURLY_MAX = 1000;

/** Says what happens with every packet of somebody once an hour, and not without end where addresses are made up. */
export class Complaints {
  readonly #said = new Set<string>();
  #hour = Number.NEGATIVE_INFINITY;

  maySpeak(about: string, now: Instant): boolean {
    const hour = Math.floor(now / HOUR);
    if (hour !== this.#hour) this.#said.clear();
    this.#hour = hour;
    if (this.#said.has(about) || this.#said.size >= HOURLY_MAX) return false;
    this.#said.add(about);
    return true;
  }
}

/** Pages of docs/radius by the enterprise number in a client's packets. */
const PAGES: Readonly<Record<number, string>> = {
  9: 'cisco',
  66: 'citrix',
  311: 'generic',
  2636: 'juniper',
  3076: 'cisco',
  3224: 'juniper',
  3375: 'f5',
  3845: 'citrix',
  12356: 'fortigate',
  25461: 'paloalto',
};

/** What to do about a discarded packet, for the log; a page of the documentation where there is one for the client. */
export function remedyFor(reason: Counter, packet: Packet | undefined): string | undefined {
  const page = `docs/radius/${PAGES[(packet === undefined ? undefined : vendorOf(packet)) ?? -1] ?? 'generic'}.md`;
  switch (reason) {
    case 'unknown_client':
      return 'add the address to a client of radius.clients, if it is one';
    case 'message_authenticator_missing':
    case 'proxy_state_unprotected':
      return `update the client so that it sends Message-Authenticator (CVE-2024-3596): ${page}`;
    case 'message_authenticator_wrong':
    case 'accounting_authenticator_wrong':
      return 'the shared secret of the client and of the configuration differ';
    case 'accounting_off':
      return 'turn accounting off at the client, or on with radius.accounting';
    case 'rate_client':
    case 'rate_user':
      return 'raise the rate of the client if this is honest traffic';
    default:
      return undefined;
  }
}
