import type { ForwardAuthSettings } from '../core/policy.ts';
import type { Context } from './context.ts';
import type { Configuration } from './schema/root.ts';

/** `forward_auth`: where sub-requests come in and from whom. A client is believed like a trusted proxy, so never everybody. */
export function compileForwardAuth(config: Configuration, context: Context): ForwardAuthSettings {
  const { listen, clients } = config.forward_auth;
  for (const [index, cidr] of clients.entries()) {
    if (cidr.bits === 0) context.report('trusts-everyone', ['forward_auth', 'clients', index], { found: cidr.text });
  }
  return { listen: listen ?? undefined, clients };
}
