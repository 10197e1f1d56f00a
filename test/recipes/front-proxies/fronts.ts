import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const DOCS = 'docs/front-proxies';

/** Where the parts of one recipe listen in a test. */
export type Ports = { readonly front: number; readonly pages: number; readonly asks: number; readonly app: number };

/** A real server with the configuration of its recipe, as it is but for ports and places. */
export type FrontKind = {
  readonly name: 'nginx' | 'caddy' | 'haproxy' | 'apache';
  readonly program: string;
  /** Whose configuration of ours the recipe uses. */
  readonly sumun: string;
  readonly files: readonly string[];
  readonly replace: (text: string, ports: Ports, folder: string) => string;
  readonly command: (folder: string) => readonly string[];
};

const inPorts = (text: string, { pages, asks, app }: Ports): string =>
  text
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${pages}`)
    .replaceAll('127.0.0.1:9091', `127.0.0.1:${asks}`)
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${app}`);

export const FRONTS: readonly FrontKind[] = [
  {
    name: 'nginx',
    program: '/usr/sbin/nginx',
    sumun: 'sumun.yaml',
    files: ['nginx/nginx.conf'],
    replace: (text, { front }, folder) =>
      text
        .replace('listen 80;', `listen 127.0.0.1:${front};`)
        .replace('/run/nginx.pid', join(folder, 'pid'))
        .replace('/var/log/nginx/error.log', join(folder, 'error.log'))
        .replace('worker_processes auto;', 'worker_processes 1;')
        .replace('http {', `http {\n${temporaryPlaces(folder)}`),
    command: (folder) => ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'],
  },
  {
    name: 'caddy',
    program: '/usr/bin/caddy',
    sumun: 'sumun.yaml',
    files: ['caddy/Caddyfile'],
    replace: (text, { front }) => text.replace('http://hr.corp.example:80', `http://hr.corp.example:${front}`),
    command: (folder) => ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'],
  },
  {
    name: 'haproxy',
    program: '/usr/sbin/haproxy',
    sumun: 'sumun.yaml',
    files: ['haproxy/haproxy.cfg', 'haproxy/sumun.lua'],
    replace: (text, { front }, folder) =>
      text.replace('bind :80', `bind 127.0.0.1:${front}`).replace('/etc/haproxy/sumun.lua', join(folder, 'sumun.lua')),
    command: (folder) => ['-db', '-f', join(folder, 'haproxy.cfg')],
  },
  {
    name: 'apache',
    program: '/usr/sbin/apache2',
    sumun: 'apache/sumun.yaml',
    files: ['apache/httpd.conf'],
    replace: (text, { front }, folder) =>
      text
        .replace('Listen 80', `Listen 127.0.0.1:${front}`)
        .replace('<VirtualHost *:80>', `<VirtualHost *:${front}>`)
        .replace('/run/apache2/apache2.pid', join(folder, 'pid'))
        .replace('/var/log/apache2/error.log', join(folder, 'error.log')),
    command: (folder) => ['-f', join(folder, 'httpd.conf'), '-DFOREGROUND'],
  },
];

/** True if the server is installed here; otherwise says so once. */
export function isInstalled({ name, program }: FrontKind): boolean {
  if (existsSync(program)) return true;
  console.warn(
    `skipped: the recipe for ${name} needs ${program} (apt-get install ${name === 'apache' ? 'apache2' : name})`,
  );
  return false;
}

/** A host where everything is open, so that a decision made on it by mistake shows. */
export const OPEN_HOST = 'open.corp.example';

/** Our configuration of a recipe with the ports of a test, and a second host beside it. */
export function sumunConfig({ sumun }: FrontKind, ports: Ports): string {
  const text = inPorts(readFileSync(join(DOCS, sumun), 'utf8'), ports);
  const action = text.includes('mode: forward_auth') ? 'mode: forward_auth' : `to: "http://127.0.0.1:${ports.app}"`;
  const open = `  - { name: another, host: ${OPEN_HOST}, ${action}, auth: bypass }\n`;
  return `${text.replace('routes:\n', `routes:\n${open}`)}console: { listen: "127.0.0.1:0" }\n`;
}

export type Front = { readonly log: () => string; stop(): Promise<void> };

/** Starts the server and waits until it listens; fails with what it said if it ends. */
export async function startFront(kind: FrontKind, ports: Ports): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), `sumun-${kind.name}-`));
  for (const file of kind.files) {
    const text = kind.replace(inPorts(readFileSync(join(DOCS, file), 'utf8'), ports), ports, folder);
    writeFileSync(join(folder, file.split('/').at(-1) ?? file), text);
  }
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(kind.program, kind.command(folder), { stdio: ['ignore', 'pipe', 'pipe'], env });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const errors = join(folder, 'error.log');
  const log = () => said + (existsSync(errors) ? readFileSync(errors, 'utf8') : '');
  await untilListening(ports.front, child, log);
  return {
    log,
    stop: async () => {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** nginx writes below the places of its distribution unless it is told otherwise. */
function temporaryPlaces(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => {
      mkdirSync(join(folder, kind), { recursive: true });
      return `${kind}_temp_path ${join(folder, kind)};`;
    })
    .join('\n');
}

async function untilListening(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (child.exitCode !== null) break;
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    socket.destroy();
    if (isOpen) return;
    await wait(25);
  }
  throw new Error(`${child.spawnfile} does not listen on ${port}: ${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(forced);
}
