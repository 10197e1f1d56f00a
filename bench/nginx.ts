/** The backend and the peers made of nginx, as configurations: one worker, upstream keep-alive, no access log. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOn } from './processes.ts';

export type NginxRole =
  | { readonly kind: 'backend' }
  /** No gate at all. `websocket` passes upgrades on. */
  | { readonly kind: 'raw'; readonly backend: number; readonly websocket?: boolean }
  /** Asks for every request: `identity` are headers of that answer which the application gets. */
  | {
      readonly kind: 'auth';
      readonly backend: number;
      readonly auth: number;
      readonly authPath?: string;
      readonly identity?: readonly string[];
    };

export type NginxOptions = { readonly tls?: { readonly cert: string; readonly key: string } };

/** Starts nginx in the given role on a core; its process id is the master's. */
export function startNginx(
  folder: string,
  core: number,
  port: number,
  role: NginxRole,
  { tls }: NginxOptions = {},
): number {
  const own = join(folder, `nginx-${role.kind}-${port}`);
  mkdirSync(join(own, 'tmp'), { recursive: true });
  if (role.kind === 'backend') writeBackendFiles(own);
  const file = join(own, 'nginx.conf');
  const listen =
    tls === undefined
      ? `listen 127.0.0.1:${port} backlog=4096;`
      : `listen 127.0.0.1:${port} ssl backlog=4096; ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};`;
  writeFileSync(file, configuration(own, listen, role));
  const { pid } = startOn(core, 'nginx', ['-p', own, '-c', file, '-e', join(own, 'error.log')]);
  if (pid === undefined) throw new Error('nginx did not start');
  return pid;
}

function writeBackendFiles(own: string): void {
  mkdirSync(join(own, 'files'), { recursive: true });
  writeFileSync(join(own, 'files/1k'), Buffer.alloc(1024, 'sumun '));
  writeFileSync(join(own, 'files/100k'), '');
  truncateSync(join(own, 'files/100k'), 100 * 1024);
}

function configuration(own: string, listen: string, role: NginxRole): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${join(own, 'nginx.pid')};
error_log ${join(own, 'error.log')} error;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${join(own, 'tmp', kind)};`).join('\n  ')}
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  client_max_body_size 0;
  # Large enough that a 64 KiB body never goes through a file: the peer at its best.
  client_body_buffer_size 128k;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  ${role.kind === 'backend' ? backend(own, listen) : peer(listen, role)}
}
`;
}

const backend = (own: string, listen: string): string => `
  sendfile on;
  open_file_cache max=100 inactive=300s;
  open_file_cache_valid 300s;
  tcp_nopush on;
  default_type text/html;
  server {
    ${listen}
    root ${join(own, 'files')};
    add_header X-Frame-Options SAMEORIGIN;
    add_header Cache-Control "private, no-cache";
    add_header Vary Accept-Encoding;
    add_header X-Content-Type-Options nosniff;
    # The whole body is read before the answer: the inner server only says that it is there.
    location ~ /upload$ { proxy_pass http://sink; }
    location ~ /(1k|100k)$ { rewrite ^.*/([^/]+)$ /$1 break; }
  }
  upstream sink { server unix:${join(own, 'sink.sock')}; keepalive 64; keepalive_requests 1000000000; }
  server { listen unix:${join(own, 'sink.sock')}; location / { return 200 "received\\n"; } }`;

function peer(listen: string, role: Exclude<NginxRole, { kind: 'backend' }>): string {
  const upgrading = role.kind === 'raw' && role.websocket === true;
  const passing = upgrading
    ? 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host;'
    : '';
  const asking = role.kind === 'raw' ? '' : asked(role);
  return `
  upstream application { server 127.0.0.1:${role.backend}; keepalive 64; keepalive_requests 1000000000; }
  ${role.kind === 'raw' ? '' : `upstream auth { server 127.0.0.1:${role.auth}; keepalive 64; keepalive_requests 1000000000; }`}
  server {
    ${listen}
    location / { ${asking} ${passing}
      proxy_pass http://application;
    }
    ${role.kind === 'raw' ? '' : authLocation(role.authPath ?? '/_auth')}
  }`;
}

function asked({ identity = ['X-User', 'X-Assertion'] }: Extract<NginxRole, { kind: 'auth' }>): string {
  const fields = identity.map((name, index) => {
    const variable = `$upstream_http_${name.toLowerCase().replaceAll('-', '_')}`;
    return `auth_request_set $identity${index} ${variable}; proxy_set_header ${name} $identity${index};`;
  });
  return `auth_request /_auth;
      ${fields.join('\n      ')}
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";`;
}

const authLocation = (path: string): string => `location = /_auth {
      internal;
      proxy_pass http://auth${path};
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
    }`;
