/** What the main table does not show: growth, TLS, several processes, forward-auth. Each in a small run of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Around, pair, settingsOf } from './around.ts';
import { startAuthServer } from './candidates.ts';
import { compare, type Entrant } from './compare.ts';
import { makeCertificate, startGateway } from './gateway.ts';
import { FIRST, runLoad } from './load.ts';
import { startNginx } from './nginx.ts';
import { freePort, untilListening } from './processes.ts';
import { AUTH, RAW, type Row } from './report.ts';

/** Cost with few and many routes, with few and many live sessions. The first row is the yardstick. */
export async function studyGrowth(around: Around): Promise<readonly Row[]> {
  const few = await startGateway({ ...settingsOf(around, 'few'), routes: 10 });
  const routes = await startGateway({ ...settingsOf(around, 'routes'), routes: 1000 });
  const people = await startGateway({ ...settingsOf(around, 'people'), routes: 10, people: 100_000 });
  const scenario = { ...FIRST, name: 'growth', people: 10 };
  const entrant = (name: string, { port, pid, cookies }: typeof few): Entrant => {
    return { name, port, roots: [pid], pairs: cookies.map(pair), scenario };
  };
  // Each of them comes by once, so that all are in memory; then a thousand take turns.
  const everybody = { ...scenario, people: 100_000 };
  const pairs = people.cookies.map(pair);
  await runLoad(around.turns.folder, { port: people.port, pairs, scenario: everybody }, around.turns.quick ? 5 : 20);
  const entrants = [
    entrant('10 routes, 10 live sessions', few),
    entrant('1,000 routes, 10 live sessions', routes),
    { ...entrant('10 routes, 100,000 live sessions', people), scenario: { ...scenario, people: 1000 } },
  ];
  return compare(entrants, around.turns);
}

/** TLS in front: nginx without and with a gate, and the gateway. Throws where the gateway has no TLS listener. */
export async function studyTls(around: Around): Promise<readonly Row[]> {
  const { turns, backend } = around;
  const tls = makeCertificate(turns.folder);
  const server = [
    'limits: { per_address: 20000 }',
    `tls: { cert: ${JSON.stringify(tls.cert)}, key: { file: ${JSON.stringify(tls.key)} } }`,
  ];
  const gateway = await startGateway({ ...settingsOf(around, 'tls'), server });
  const list = join(turns.folder, 'signed-in-tls.txt');
  writeFileSync(list, `${gateway.cookies.join('\n')}\n`);
  const auth = await startAuthServer(list);
  const [rawPort, authPort] = [await freePort(), await freePort()];
  const rawPid = startNginx(turns.folder, 0, rawPort, { kind: 'raw', backend }, { tls });
  const authPid = startNginx(turns.folder, 0, authPort, { kind: 'auth', backend, auth: auth.port }, { tls });
  await Promise.all([rawPort, authPort].map((each) => untilListening(each)));
  const base = { scheme: 'https', scenario: { ...FIRST, name: 'TLS' } } as const;
  const pairs = gateway.cookies.map(pair);
  return compare(
    [
      { ...base, name: RAW, port: rawPort, roots: [rawPid], pairs },
      { ...base, name: AUTH, port: authPort, roots: [authPid, auth.pid], pairs },
      {
        ...base,
        name: 'sumun',
        port: gateway.port,
        roots: [gateway.pid],
        pairs: gateway.cookies.map((cookie) => `__Host-sumun=${cookie}`),
      },
    ],
    turns,
  );
}

/** One process and two, on both cores beside the load: read the CPU column only. */
export async function studyWorkers(around: Around): Promise<readonly Row[]> {
  const limits = 'limits: { per_address: 20000 }';
  const start = (name: string, workers: number) =>
    startGateway({ ...settingsOf(around, name), core: '0,1', server: [limits, `workers: ${workers}`] });
  const two = await start('two', 2);
  const one = await start('one', 1);
  const scenario = { ...FIRST, name: 'workers', people: 10 };
  return compare(
    [
      { name: '1 process', port: one.port, roots: [one.pid], pairs: one.cookies.map(pair), scenario },
      { name: '2 processes', port: two.port, roots: [two.pid], pairs: two.cookies.map(pair), scenario },
    ],
    around.turns,
  );
}

/** nginx with auth_request asking the small auth server, and asking the gateway. */
export async function studyForwardAuth(around: Around): Promise<readonly Row[]> {
  const { turns, backend } = around;
  const asked = await freePort();
  const gateway = await startGateway({
    ...settingsOf(around, 'forward-auth'),
    mode: 'mode: forward_auth',
    extra: [`forward_auth: { listen: "127.0.0.1:${asked}" }`],
  });
  const list = join(turns.folder, 'signed-in-forward.txt');
  writeFileSync(list, `${gateway.cookies.join('\n')}\n`);
  const auth = await startAuthServer(list);
  const [small, full] = [await freePort(), await freePort()];
  const identity = ['X-Sumun-User', 'X-Sumun-Groups', 'X-Sumun-Assertion'];
  const smallPid = startNginx(turns.folder, 0, small, { kind: 'auth', backend, auth: auth.port });
  const fullRole = { kind: 'auth', backend, auth: asked, authPath: '/auth/nginx', identity } as const;
  const fullPid = startNginx(turns.folder, 0, full, fullRole);
  await Promise.all([small, full, asked].map((each) => untilListening(each)));
  const common = { pairs: gateway.cookies.map(pair), scenario: { ...FIRST, name: 'forward-auth' } };
  return compare(
    [
      { ...common, name: AUTH, port: small, roots: [smallPid, auth.pid] },
      { ...common, name: 'nginx, auth_request + sumun', port: full, roots: [fullPid, gateway.pid] },
    ],
    turns,
  );
}
