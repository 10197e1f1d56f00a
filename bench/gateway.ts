/** The product itself, started from a configuration of its own, with somebody really signed in. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Visitor } from '../test/support/visitor.ts';
import { freePort, startOn, untilListening } from './processes.ts';

export type BenchGateway = { readonly pid: number; readonly port: number; readonly cookie: string };

/** Host and prefix that the load asks for: the last route of its host. */
export const BENCH_HOST = 'host9.bench.example';
export const BENCH_PREFIX = '/app9/';

export type GatewaySettings = {
  readonly folder: string;
  readonly core: number;
  /** Port of the application. */
  readonly backend: number;
  /** Port of the application that sends and takes large bodies. */
  readonly large: number;
  /** Number of routes, spread over ten hosts. */
  readonly routes: number;
  /** Folder for a CPU profile, written when the gateway ends. */
  readonly profile: string | undefined;
};

/** Makes keys and a person with `init`, starts `run` on the core, and signs in with an OTP. */
export async function startGateway(settings: GatewaySettings): Promise<BenchGateway> {
  const gate = join(settings.folder, 'gateway');
  const upstream = `http://127.0.0.1:${settings.backend}`;
  const flags = [
    '--host',
    BENCH_HOST,
    '--upstream',
    upstream,
    '--auth',
    'id+otp',
    '--admin',
    'bench',
    '--json',
    '--yes',
  ];
  const made = spawnSync(process.execPath, [resolve('src/main.ts'), 'init', 'gateway', ...flags], {
    encoding: 'utf8',
    cwd: settings.folder,
  });
  if (made.status !== 0) throw new Error(`init failed: ${made.stderr}`);
  const otpauth = /otpauth:\/\/[^"\s]+/.exec(made.stdout)?.[0] ?? '';

  const port = await freePort();
  writeFileSync(join(gate, 'config.yaml'), configuration(settings, port, await freePort()));
  const profiling = settings.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(settings.profile)];
  const command = [...profiling, 'src/main.ts', 'run', '-c', join(gate, 'config.yaml')];
  const { pid } = startOn(settings.core, process.execPath, command);
  if (pid === undefined) throw new Error('the gateway did not start');
  await untilListening(port);

  const visitor = new Visitor(port, BENCH_HOST);
  const page = await visitor.signIn(`${BENCH_PREFIX}1k`, { login: 'bench', otpauth });
  visitor.close();
  if (page.status !== 200) throw new Error(`signing in ended with ${page.status}`);
  return { pid, port, cookie: visitor.cookies.get('sumun') ?? '' };
}

function configuration({ backend, large, routes }: GatewaySettings, port: number, health: number): string {
  const perHost = Math.ceil(routes / 10);
  const all = Array.from({ length: 10 * perHost }, (_, index) => {
    const [host, app] = [Math.floor(index / perHost), index % perHost];
    // The load's own prefix stands last, whatever the number of routes.
    const path = app === perHost - 1 ? BENCH_PREFIX : `/other${app}/`;
    return `  - { name: r${host}-${app}, host: host${host}.bench.example, path: [${path}], to: application, auth: id+otp, allow: { groups: [sumun-admins] } }`;
  });
  return `version: 1
server: { listen: "127.0.0.1:${port}", limits: { per_address: 20000 } }
console: { listen: "127.0.0.1:${health}" }
log: { level: warn, access: false }
upstreams:
  application: { targets: ["http://127.0.0.1:${backend}"] }
  large: { targets: ["http://127.0.0.1:${large}"] }
routes:
  - { name: large, host: ${BENCH_HOST}, path: [/large/], to: large, auth: id+otp, allow: { groups: [sumun-admins] } }
${all.join('\n')}
`;
}
