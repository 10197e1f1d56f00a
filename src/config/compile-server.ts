import type { ServerSettings } from '../core/policy.ts';
import { compileCertificates } from './compile-tls.ts';
import type { Context } from './context.ts';
import { checkListeners, isLoopback } from './listeners.ts';
import type { Configuration } from './schema/root.ts';

/** `server`: the listeners and their limits. */
export function compileServer(config: Configuration, context: Context): ServerSettings {
  const { server } = config;
  const { limits } = server;
  for (const [index, cidr] of server.trusted_proxies.entries()) {
    if (cidr.bits === 0) context.report('trusts-everyone', ['server', 'trusted_proxies', index], { found: cidr.text });
  }
  checkListeners(config, context);
  checkFronts(config, context);
  return {
    listen: server.listen,
    portal: server.public_url ?? undefined,
    tls: compileCertificates(config, context),
    redirectFrom: server.redirect_from,
    workers: server.workers,
    proxyProtocol: server.proxy_protocol,
    reservedPath: server.reserved_path,
    trustedProxies: server.trusted_proxies,
    limits: {
      headerBytes: limits.header_bytes,
      headerTime: limits.header_time,
      body: limits.body,
      idle: limits.idle,
      connections: limits.connections,
      perAddress: limits.per_address,
    },
    drain: server.shutdown.drain,
  };
}

/** Keys that mean something only together: who terminates TLS, who sends the PROXY header, what the portal is. */
function checkFronts({ server, sessions }: Configuration, context: Context): void {
  const { tls, public_url: portal, trusted_proxies: proxies } = server;
  if (server.proxy_protocol !== 'none' && proxies.length === 0)
    context.report('proxy-protocol-from-nobody', ['server', 'proxy_protocol'], { found: server.proxy_protocol });
  if (server.redirect_from.length > 0 && tls.length === 0)
    context.report('redirect-without-tls', ['server', 'redirect_from']);
  if (portal === null) return;
  const path = ['server', 'public_url'];
  const isHere = isLoopback({ host: portal.host.replace(/^\[|\]$/g, ''), port: portal.port });
  const found = portal.origin;
  if (sessions.cookie.same_site === 'strict')
    context.report('strict-across-hosts', ['sessions', 'cookie', 'same_site'], { found });
  if (portal.scheme === 'https' && tls.length + proxies.length === 0)
    context.report('https-from-nowhere', path, { found });
  if (portal.scheme === 'http' && tls.length > 0) context.report('portal-not-https', path, { found });
  else if (portal.scheme === 'http' && !isHere) context.report('portal-in-clear', path, { found });
}
