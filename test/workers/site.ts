import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHouse } from '../../src/app/house.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { proofsAt } from '../../src/core/identity/factors.ts';
import { encodeBase64Url } from '../../src/core/session/handle.ts';
import { createMasterKey } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createSigningKey } from '../../src/crypto/signing-keys.ts';
import { auditEvent } from '../../src/flows/origin.ts';
import { websocketAccept } from '../../src/gateway/digests.ts';
import type { House } from '../../src/ports.ts';
import { atMost } from '../stores/fixture.ts';
import { RawClient } from '../support/raw-client.ts';

const HOST = '127.0.0.1';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ORIGIN = { actor: 'cli', address: '', request: '' };
const quiet = (): void => undefined;

export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

export type SiteOptions = { readonly workers: number; readonly listen?: number; readonly drain?: string };

/** A configuration, its keys and database in a folder, an application, and `sumun run` in a process of its own. */
export class Site {
  readonly folder: string;
  readonly house: House;
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  readonly #application: Server;
  readonly #options: SiteOptions;
  port = 0;
  consolePort = 0;
  stderr = '';
  #partial = '';

  private constructor(folder: string, house: House, application: Server, options: SiteOptions) {
    this.folder = folder;
    this.house = house;
    this.#application = application;
    this.#options = options;
    this.child = this.#run();
  }

  /** Starts it and waits until it serves, or has ended. */
  static async open(options: SiteOptions): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'sumun-workers-'));
    const application = await openApplication();
    mkdirSync(join(folder, 'data', 'signing'), { recursive: true, mode: 0o700 });
    createMasterKey(join(folder, 'data', 'master.key'), systemRandom);
    createSigningKey(join(folder, 'data', 'signing'), 'ES256', Date.now());
    writeFileSync(configIn(folder), configuration(options, portOf(application), 'one'));
    const loaded = loadPolicy(configIn(folder), { language: 'en', now: Date.now(), env: {} });
    if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('\n'));
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const house = await openHouse(loaded.value.policy, { now: () => Date.now() }, log);
    const site = new Site(folder, house, application, options);
    await site.until(() => site.port !== 0 || site.child.exitCode !== null, 60_000);
    return site;
  }

  /** Writes the configuration anew; `word` is what `/word` answers. */
  configure(word: string, auth?: string): void {
    writeFileSync(configIn(this.folder), configuration(this.#options, portOf(this.#application), word, auth));
  }

  /** Somebody who is signed in; answers the account and the cookie. */
  async signIn(login: string): Promise<{ readonly accountId: string; readonly cookie: string }> {
    const { accounts, browsers, digests, sessions } = this.house;
    const now = Date.now();
    const person = { login, name: login, email: '', phone: '', groups: [], attributes: {} };
    const account = await accounts.add(person, auditEvent('user.added', now, ORIGIN, { login }));
    if (account === 'exists') throw new Error(`${login} exists`);
    const handle = encodeBase64Url(systemRandom.bytes(32));
    const transaction = `transaction-${login}`;
    await browsers.addTransaction({
      ...{ id: transaction, browserHash: 'browser', host: HOST, route: 'closed', returnTo: '/', need: ['otp'] },
      ...{ riseFrom: undefined, keptPost: undefined, createdAt: now, expiresAt: now + 60_000 },
    } as Parameters<typeof browsers.addTransaction>[0]);
    const outcome = await sessions.commitSignIn(
      [],
      {
        ...{ accountId: account.id, proofs: proofsAt(['otp'], now), host: HOST, handleHash: digests.hash(handle) },
        ...{ startedAt: now, address: HOST, userAgent: 'test', transaction },
        ...{ concurrent: atMost(5, 'end_oldest'), limits: { idle: 1_800_000, max: 36_000_000 } },
      },
      auditEvent('signin.accepted', now, ORIGIN, { login }),
    );
    if (outcome !== 'committed') throw new Error(outcome);
    return { accountId: account.id, cookie: `sumun=${handle}` };
  }

  /** A connection to the gateway; `from` is the address of this machine it comes from. */
  async connect(from = HOST): Promise<RawClient> {
    const socket = connect({ port: this.port, host: HOST, localAddress: from, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** A request on a kept connection; answers status and body, and rejects when the connection ends before. */
  async get(client: RawClient, path: string, cookie = ''): Promise<{ readonly status: number; readonly body: string }> {
    const fields = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
    client.send(`GET ${path} HTTP/1.1\r\nHost: ${HOST}:${this.port}\r\n${fields}\r\n`);
    const gone = Promise.withResolvers<never>();
    const end = (): void => gone.reject(new Error('the connection ended'));
    client.socket.once('close', end).once('end', end);
    if (client.closed || client.socket.readableEnded) end();
    try {
      const { status, body } = await Promise.race([client.response(), gone.promise]);
      return { status, body };
    } finally {
      client.socket.off('close', end).off('end', end);
    }
  }

  /** An open WebSocket. */
  async socket(path: string, cookie: string): Promise<RawClient> {
    const client = await this.connect();
    const own = `http://${HOST}:${this.port}`;
    client.send(
      `GET ${path} HTTP/1.1\r\nHost: ${HOST}:${this.port}\r\nOrigin: ${own}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
    );
    const { status } = await client.response();
    if (status !== 101) throw new Error(`no WebSocket: ${status}`);
    return client;
  }

  /** The worker that logged the request of this path. */
  workerOf(path: string): number | undefined {
    const line = this.lines.find(({ event, url }) => event === 'request' && String(url).endsWith(path));
    return line === undefined ? undefined : Number(line['worker']);
  }

  /** The process of a worker, as the log tells. */
  pidOf(worker: number): number {
    const line = this.lines.findLast((each) => each.event === 'server.worker-up' && each['worker'] === worker);
    return Number(line?.['pid']);
  }

  /** A figure of `/metrics`. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://${HOST}:${this.consolePort}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
    return Number(line?.split(' ').at(-1));
  }

  async readiness(): Promise<number> {
    return (await fetch(`http://${HOST}:${this.consolePort}/readyz`)).status;
  }

  /** Settles when the condition holds, which is looked at fifty times a second. */
  async until(condition: () => boolean | Promise<boolean>, within = 45_000): Promise<void> {
    const deadline = Date.now() + within;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`it did not come about:\n${this.stderr.slice(-3000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends whatever is left. */
  async remove(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGTERM');
      this.child.kill('SIGTERM');
      await once(this.child, 'exit');
    }
    await this.house.close();
    this.#application.closeAllConnections();
    this.#application.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(): ChildProcess {
    const args = ['src/main.ts', 'run', '--config', configIn(this.folder), '--lang', 'en'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    return child;
  }

  #read(text: string): void {
    this.stderr += text;
    const [last = '', ...whole] = (this.#partial + text).split('\n').reverse();
    this.#partial = last;
    for (const line of whole.reverse()) {
      const ports = /serving http:\/\/127\.0\.0\.1:(\d+)\/ {2}http:\/\/localhost:(\d+)/.exec(line);
      if (ports !== null) [this.port, this.consolePort] = [Number(ports[1]), Number(ports[2])];
      else if (line.startsWith('{')) this.lines.push(JSON.parse(line) as Line);
    }
  }
}

const configIn = (folder: string): string => join(folder, 'config.yaml');

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function configuration(
  { workers, listen = 0, drain = '10s' }: SiteOptions,
  port: number,
  word: string,
  auth = 'bypass',
) {
  const to = `"http://${HOST}:${port}"`;
  return `version: 1
server:
  listen: "${HOST}:${listen}"
  workers: ${workers}
  limits: { per_address: 40 }
  shutdown: { drain: ${drain} }
console: { listen: "${HOST}:0" }
routes:
  - { name: word, path: [/word], respond: { status: 200, body: "${word}" }, auth: ${auth} }
  - { name: rated, path: [/rated], respond: { status: 200, body: rated }, auth: bypass, limits: { rate: 20/h } }
  - { name: open, path: [/open/], to: ${to}, auth: bypass }
  - { name: none, path: [/none/], respond: { status: 200, body: none }, auth: deny }
  - { name: closed, to: ${to}, auth: id+otp }
`;
}

/** Echoes nothing, answers everything: `/open/slow` after a second and a half, and every WebSocket handshake. */
async function openApplication(): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (): unknown => response.end(`app ${request.headers['x-sumun-user'] ?? '-'}`);
    if (request.url?.startsWith('/open/slow') === true) setTimeout(answer, 1500);
    else if (request.url?.startsWith('/open/stuck') !== true) answer();
  });
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    const accept = websocketAccept(KEY);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return server;
}
