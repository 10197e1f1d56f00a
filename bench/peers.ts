/** The other peers: HAProxy, Caddy, Traefik and oauth2-proxy as configurations, one thread each, no access log. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { startOn } from './processes.ts';

export type PeerPorts = { readonly port: number; readonly backend: number; readonly auth: number };

const WHO = { name: 'bench', password: 'correct horse battery' };

/** HAProxy without a gate; its process id. */
export function startHaproxy(folder: string, { port, backend }: PeerPorts): number {
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  maxconn 4096
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
  http-reuse always
frontend front
  bind 127.0.0.1:${port}
  default_backend application
backend application
  server application 127.0.0.1:${backend} pool-max-conn 64
`,
  );
  return pidOf(startOn(0, 'haproxy', ['-db', '-q', '-f', file]).pid);
}

/** Caddy, with `forward_auth` to the auth server if wanted; its process id. */
export function startCaddy(folder: string, { port, backend, auth }: PeerPorts, asks: boolean): number {
  const own = join(folder, `caddy-${port}`);
  mkdirSync(own, { recursive: true });
  const file = join(own, 'Caddyfile');
  const asking = `forward_auth 127.0.0.1:${auth} {
    uri /auth
    copy_headers X-User X-Assertion
    transport http {
      keepalive_idle_conns_per_host 64
    }
  }`;
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
  log {
    output discard
  }
}
:${port} {
  bind 127.0.0.1
  ${asks ? asking : ''}
  reverse_proxy 127.0.0.1:${backend} {
    transport http {
      keepalive_idle_conns_per_host 64
    }
  }
}
`,
  );
  const env = { HOME: own, XDG_DATA_HOME: own, XDG_CONFIG_HOME: own };
  return pidOf(startOn(0, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], env).pid);
}

/** Traefik with `forwardAuth` to the auth server; its process id. */
export function startTraefik(folder: string, { port, backend, auth }: PeerPorts): number {
  const own = join(folder, 'traefik');
  mkdirSync(own, { recursive: true });
  writeFileSync(
    join(own, 'routes.yml'),
    `http:
  routers:
    all: { rule: "PathPrefix(\`/\`)", service: application, middlewares: [ask] }
  middlewares:
    ask: { forwardAuth: { address: "http://127.0.0.1:${auth}/auth", authResponseHeaders: [X-User, X-Assertion] } }
  services:
    application: { loadBalancer: { servers: [{ url: "http://127.0.0.1:${backend}" }] } }
`,
  );
  const file = join(own, 'traefik.yml');
  writeFileSync(
    file,
    `global: { checkNewVersion: false, sendAnonymousUsage: false }
log: { level: ERROR }
entryPoints: { front: { address: "127.0.0.1:${port}" } }
providers: { file: { filename: ${join(own, 'routes.yml')} } }
serversTransport: { maxIdleConnsPerHost: 64 }
`,
  );
  return pidOf(startOn(0, 'traefik', [`--configFile=${file}`]).pid);
}

/** oauth2-proxy as a proxy of its own, with sessions in cookies and one person in an htpasswd file. */
export function startOauth2Proxy(folder: string, { port, backend }: PeerPorts): number {
  const file = join(folder, 'htpasswd');
  writeFileSync(file, `${WHO.name}:{SHA}${createHash('sha1').update(WHO.password).digest('base64')}\n`);
  const options = {
    'http-address': `127.0.0.1:${port}`,
    upstream: `http://127.0.0.1:${backend}/`,
    'htpasswd-file': file,
    'display-htpasswd-form': 'true',
    'client-id': 'bench',
    'client-secret': 'bench',
    'cookie-secret': randomBytes(16).toString('hex'),
    'cookie-secure': 'false',
    'email-domain': '*',
    'request-logging': 'false',
    'auth-logging': 'false',
    'standard-logging': 'false',
  };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return pidOf(startOn(0, 'oauth2-proxy', words).pid);
}

/** Signs in to oauth2-proxy through its form; the cookie as `name=value`, or undefined if it was refused. */
export async function signInToOauth2Proxy(port: number, host: string): Promise<string | undefined> {
  const body = new URLSearchParams({ username: WHO.name, password: WHO.password, rd: '/' }).toString();
  const headers = {
    Host: host,
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  request({ host: '127.0.0.1', port, method: 'POST', path: '/oauth2/sign_in', headers }, (incoming) => {
    incoming.resume();
    resolve(incoming.headers['set-cookie']?.find((line) => line.startsWith('_oauth2_proxy='))?.split(';')[0]);
  })
    .on('error', () => resolve(undefined))
    .end(body);
  return promise;
}

function pidOf(pid: number | undefined): number {
  if (pid === undefined) throw new Error('a peer did not start');
  return pid;
}
