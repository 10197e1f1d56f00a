/** The product itself, started from a configuration of its own, with people really signed in. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Visitor } from '../test/support/visitor.ts';
import { freePort, startOn, untilListening } from './processes.ts';
import { addSignedIn } from './sessions.ts';

export type BenchGateway = {
  readonly pid: number;
  readonly port: number;
  /** Cookie of the one who signed in through the page; of the first person where nobody did. */
  readonly cookie: string;
  /** Cookies of everybody else. */
  readonly cookies: readonly string[];
  readonly folder: string;
};

/** Host and prefix that the load asks for: the last route of its host. */
export const BENCH_HOST = 'host9.bench.example';
export const BENCH_PREFIX = '/app9/';

export type GatewaySettings = {
  readonly folder: string;
  /** Names its folder below `folder`. */
  readonly name: string;
  /** Cores it may use, as taskset takes them. */
  readonly core: number | string;
  /** Port of the application. */
  readonly backend: number;
  /** Port of the application that sends and takes large bodies. */
  readonly large: number;
  /** Number of routes, spread over ten hosts. */
  readonly routes: number;
  /** People who are signed in beside the one who signs in through the page. */
  readonly people: number;
  /** What the load's routes do: forward, or answer other proxies' questions. */
  readonly mode?: 'to: application' | 'mode: forward_auth';
  /** Lines added below `server:`, each as it stands in the file. */
  readonly server?: readonly string[];
  /** Lines added at the top level. */
  readonly extra?: readonly string[];
  /** Whether somebody signs in through the page; not over TLS, where only the database is asked. */
  readonly signIn?: boolean;
  /** Options of Node, `--cpu-prof` and the like. */
  readonly node?: readonly string[];
};

/** Makes keys and a person with `init`, starts `run`, and signs in with an OTP. Throws if the gateway refuses to start. */
export async function startGateway(settings: GatewaySettings): Promise<BenchGateway> {
  const gate = join(settings.folder, settings.name);
  const otpauth = initialise(settings);
  const port = await freePort();
  writeFileSync(join(gate, 'config.yaml'), configuration(settings, port, await freePort()));
  const check = spawnSync(process.execPath, [resolve('src/main.ts'), 'check', join(gate, 'config.yaml')], {
    encoding: 'utf8',
  });
  if (check.status !== 0) throw new Error(`the configuration is refused: ${check.stdout.split('\n')[0]}`);
  const cookies = await addSignedIn(gate, settings.people, BENCH_HOST, Date.now());

  const command = [...(settings.node ?? []), 'src/main.ts', 'run', '-c', join(gate, 'config.yaml')];
  const { pid } = startOn(settings.core, process.execPath, command);
  if (pid === undefined) throw new Error('the gateway did not start');
  await untilListening(port);
  const cookie = settings.signIn === false ? (cookies[0] ?? '') : await signIn(port, otpauth);
  return { pid, port, cookie, cookies, folder: gate };
}

/** Folder, keys and the account of `bench`; answers the address of its authenticator. */
function initialise({ folder, name, backend }: GatewaySettings): string {
  const upstream = `http://127.0.0.1:${backend}`;
  const flags = ['--host', BENCH_HOST, '--upstream', upstream, '--auth', 'id+otp', '--admin', 'bench', '--json'];
  const made = spawnSync(process.execPath, [resolve('src/main.ts'), 'init', name, ...flags, '--yes'], {
    encoding: 'utf8',
    cwd: folder,
  });
  if (made.status !== 0) throw new Error(`init failed: ${made.stderr}`);
  return /otpauth:\/\/[^"\s]+/.exec(made.stdout)?.[0] ?? '';
}

async function signIn(port: number, otpauth: string): Promise<string> {
  const visitor = new Visitor(port, BENCH_HOST);
  const page = await visitor.signIn(`${BENCH_PREFIX}1k`, { login: 'bench', otpauth });
  visitor.close();
  if (page.status !== 200) throw new Error(`signing in ended with ${page.status}`);
  return visitor.cookies.get('sumun') ?? '';
}

/** The configuration the gateway of a benchmark runs with. */
function configuration(settings: GatewaySettings, port: number, health: number): string {
  const { backend, large, routes } = settings;
  const perHost = Math.ceil(routes / 10);
  const everybody = 'allow: { groups: [sumun-admins, staff] }';
  const all = Array.from({ length: 10 * perHost }, (_, index) => {
    const [host, app] = [Math.floor(index / perHost), index % perHost];
    // The load's own prefix stands last, whatever the number of routes.
    const path = app === perHost - 1 ? BENCH_PREFIX : `/other${app}/`;
    return `  - { name: r${host}-${app}, host: host${host}.bench.example, path: [${path}], ${settings.mode ?? 'to: application'}, auth: id+otp, ${everybody} }`;
  });
  return `version: 1
server:
  listen: "127.0.0.1:${port}"
${(settings.server ?? ['limits: { per_address: 20000 }']).map((line) => `  ${line}`).join('\n')}
console: { listen: "127.0.0.1:${health}" }
log: { level: error, access: false }
upstreams:
  application: { targets: ["http://127.0.0.1:${backend}"] }
  large: { targets: ["http://127.0.0.1:${large}"], pool: { max: 1024, idle: 2s } }
routes:
  - { name: large, host: ${BENCH_HOST}, path: [/large/], to: large, auth: id+otp, ${everybody} }
  - { name: public, host: ${BENCH_HOST}, path: [/public/], to: large, auth: bypass }
  - { name: passwords, host: ${BENCH_HOST}, path: [/passwords/], to: application, auth: id+pw+otp, ${everybody} }
${all.join('\n')}
${(settings.extra ?? []).join('\n')}
`;
}

/** The certificate of the benchmark's host, made with openssl: paths of chain and key. */
export function makeCertificate(folder: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'bench.crt'), join(folder, 'bench.key')];
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2';
  const names = ['-subj', `/CN=${BENCH_HOST}`, '-addext', `subjectAltName=DNS:${BENCH_HOST},IP:127.0.0.1`];
  const made = spawnSync('openssl', [...words.split(' '), ...names, '-keyout', key, '-out', cert], {
    encoding: 'utf8',
  });
  if (made.status !== 0 || readFileSync(cert).length === 0) throw new Error(`openssl: ${made.stderr}`);
  return { cert, key };
}
