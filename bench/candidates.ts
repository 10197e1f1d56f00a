/** Who takes part beside the gateway, and the check that all of them answer the same. */
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultOf } from './check.ts';
import { BENCH_HOST, type BenchGateway } from './gateway.ts';
import { FIRST, SCENARIOS } from './load.ts';
import { startNginx } from './nginx.ts';
import {
  type PeerPorts,
  signInToOauth2Proxy,
  startCaddy,
  startHaproxy,
  startOauth2Proxy,
  startTraefik,
} from './peers.ts';
import { freePort, isInstalled, startOn, untilListening } from './processes.ts';
import { AUTH, RAW } from './report.ts';

export type Candidate = {
  readonly name: string;
  readonly port: number;
  /** Processes whose descendants count too. */
  readonly roots: readonly number[];
  /** Cookies as `name=value`: of the load's own person first, then of everybody else. */
  readonly pairs: readonly string[];
  /** False: takes part in the first scenario only. */
  readonly everywhere: boolean;
};

/** What every peer is started with. `list` names a file with the cookie values of all who are signed in. */
type Surroundings = {
  readonly folder: string;
  readonly backend: number;
  readonly list: string;
  readonly secret: string;
};

type Peer = {
  readonly name: string;
  readonly program: string | undefined;
  readonly asks: boolean;
  readonly start: (around: Surroundings, ports: PeerPorts) => number;
};

/** The peers by the word that `--with` knows them by. */
export const PEERS: Readonly<Record<string, Peer>> = {
  haproxy: {
    name: 'HAProxy',
    program: 'haproxy',
    asks: false,
    start: ({ folder }, ports) => startHaproxy(folder, ports),
  },
  caddy: {
    name: 'Caddy, reverse_proxy',
    program: 'caddy',
    asks: false,
    start: ({ folder }, ports) => startCaddy(folder, ports, false),
  },
  'caddy-auth': {
    name: 'Caddy, forward_auth + auth server',
    program: 'caddy',
    asks: true,
    start: ({ folder }, ports) => startCaddy(folder, ports, true),
  },
  traefik: {
    name: 'Traefik, forwardAuth + auth server',
    program: 'traefik',
    asks: true,
    start: ({ folder }, ports) => startTraefik(folder, ports),
  },
  'oauth2-proxy': {
    name: 'oauth2-proxy',
    program: 'oauth2-proxy',
    asks: false,
    start: ({ folder }, ports) => startOauth2Proxy(folder, ports),
  },
  naive: {
    name: 'express-session + http-proxy',
    program: undefined,
    asks: false,
    start: ({ list, secret }, { port, backend }) =>
      startOn(0, process.execPath, [
        '--no-deprecation',
        'bench/naive-server.ts',
        String(port),
        String(backend),
        secret,
        list,
      ]).pid ?? 0,
  },
};

/** Starts nginx, the gateway's row and the peers that were asked for; those that are not there are named on stderr. */
export async function startCandidates(
  folder: string,
  gateway: BenchGateway,
  backend: number,
  wanted: readonly string[],
): Promise<readonly Candidate[]> {
  const cookies = [gateway.cookie, ...gateway.cookies];
  const list = join(folder, 'signed-in.txt');
  writeFileSync(list, `${cookies.join('\n')}\n`);
  const around: Surroundings = { folder, backend, list, secret: 'a secret of the benchmark' };
  const pairs = cookies.map((cookie) => `sumun=${cookie}`);
  const authServer = await startAuthServer(list);
  const auth = authServer.port;
  const [rawPort, authPort] = [await freePort(), await freePort()];
  const rawPid = startNginx(folder, 0, rawPort, { kind: 'raw', backend });
  const authPid = startNginx(folder, 0, authPort, { kind: 'auth', backend, auth });
  await Promise.all([rawPort, authPort].map((each) => untilListening(each)));
  const own: readonly Candidate[] = [
    { name: RAW, port: rawPort, roots: [rawPid], pairs, everywhere: true },
    { name: AUTH, port: authPort, roots: [authPid, authServer.pid], pairs, everywhere: true },
    { name: 'sumun', port: gateway.port, roots: [gateway.pid], pairs, everywhere: true },
  ];
  for (const candidate of own) {
    for (const scenario of SCENARIOS) {
      const fault = await faultOf({ ...candidate, scenario });
      if (fault !== undefined) throw new Error(`${candidate.name}: ${fault}`);
    }
  }
  const others: Candidate[] = [];
  for (const word of wanted) {
    const made = await startPeer(word, around, auth, authServer.pid, cookies);
    if (typeof made === 'string') process.stderr.write(`left out: ${word}: ${made}\n`);
    else others.push(made);
  }
  return [...own, ...others];
}

/** The auth server on core 0, with the cookies of a list. */
export async function startAuthServer(list: string): Promise<{ readonly port: number; readonly pid: number }> {
  const port = await freePort();
  const { pid } = startOn(0, process.execPath, ['bench/auth-server.ts', String(port), list]);
  await untilListening(port);
  return { port, pid: pid ?? 0 };
}

/** The peer, or why it is left out. */
async function startPeer(
  word: string,
  around: Surroundings,
  auth: number,
  authPid: number,
  cookies: readonly string[],
): Promise<Candidate | string> {
  const peer = PEERS[word];
  if (peer === undefined) return `not known; one of ${Object.keys(PEERS).join(', ')}`;
  if (peer.program !== undefined && !isInstalled(peer.program)) return `${peer.program} is not on the PATH`;
  const port = await freePort();
  const pid = peer.start(around, { port, backend: around.backend, auth });
  const isThere = await untilListening(port, 10).then(
    () => true,
    () => false,
  );
  if (!isThere) return 'it did not start';
  const pairs = await pairsFor(word, around.secret, port, cookies);
  const roots = peer.asks ? [pid, authPid] : [pid];
  const candidate: Candidate = { name: peer.name, port, roots, pairs, everywhere: false };
  return (await faultOf({ ...candidate, scenario: FIRST })) ?? candidate;
}

async function pairsFor(
  word: string,
  secret: string,
  port: number,
  cookies: readonly string[],
): Promise<readonly string[]> {
  if (word === 'oauth2-proxy') return [(await signInToOauth2Proxy(port, BENCH_HOST)) ?? ''];
  if (word !== 'naive') return cookies.map((cookie) => `sumun=${cookie}`);
  // As express-session signs its cookies.
  return cookies.map((cookie) => {
    const mac = createHmac('sha256', secret).update(cookie).digest('base64').replace(/=+$/, '');
    return `sumun=${encodeURIComponent(`s:${cookie}.${mac}`)}`;
  });
}
