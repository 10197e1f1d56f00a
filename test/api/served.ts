import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createCompat } from '../../src/api/compat.ts';
import { createConsoleHandler } from '../../src/api/console.ts';
import { openApiDocument } from '../../src/api/openapi.ts';
import type { ApiParts, Operation } from '../../src/api/operation.ts';
import { createApi } from '../../src/api/router.ts';
import { createLog } from '../../src/app/log.ts';
import type { Cidr } from '../../src/core/access/cidr.ts';
import { SCOPES, type Scope } from '../../src/core/identity/api-client.ts';
import type { Policy } from '../../src/core/policy.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { createHasher } from '../../src/crypto/password.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openSigner } from '../../src/crypto/signer.ts';
import { addClient, type ClientRights } from '../../src/flows/clients.ts';
import { LiveSessions } from '../../src/flows/live-sessions.ts';
import type { House } from '../../src/ports.ts';
import { valid } from '../config/checking.ts';
import { openFixture } from '../stores/fixture.ts';

export const BY = { actor: 'cli', address: '', request: '' } as const;

export const CONFIG = `version: 1
demo: true
server: { listen: "127.0.0.1:0", api_compat: privacyidea }
console: { listen: "127.0.0.1:0" }
upstreams: { payroll: { targets: [ http://10.9.8.7:8080 ] } }
routes:
  - { name: notice, host: pay.corp.example, path: [/notice/], to: payroll, auth: id+otp }
  - { name: sms-only, host: pay.corp.example, path: [/sms/], to: payroll, auth: id+sms }
  - { name: payroll, host: pay.corp.example, to: payroll, auth: id+pw+otp, allow: { groups: [hr] } }
sms: { providers: [ { type: file, path: sms.jsonl } ] }
`;

/** One answer, its body read as JSON where it is. */
export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a program sees; each test says what it expects of it
  readonly body: any;
};

export type Served = {
  readonly house: House;
  /** May be replaced while it serves. */
  readonly holder: { policy: Policy };
  readonly time: { now: number };
  readonly origin: string;
  readonly port: number;
  readonly database: string;
  /** Every line of the log. */
  readonly lines: readonly string[];
  /** A new key; rights that are not named are none, but every scope. */
  key(rights?: {
    scopes?: readonly Scope[];
    app?: string;
    networks?: readonly Cidr[];
    expiresAt?: number;
    name?: string;
  }): Promise<string>;
  /** One call; `key` undefined sends none, a text body goes as it is. */
  call(
    method: string,
    path: string,
    options?: {
      readonly key?: string | undefined;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<Reply>;
  close(): Promise<void>;
};

/** The console's listener with these operations on a loopback port, over real stores and crypto and a clock set by hand. */
export async function serveApi(operations: readonly Operation[], config = CONFIG): Promise<Served> {
  const fixture = await openFixture();
  const holder = { policy: valid(config).policy };
  const lines: string[] = [];
  const folder = join(fixture.folder, 'data', 'signing');
  const house: House = {
    ...fixture.stores,
    clock: fixture.options.clock,
    log: createLog({ level: 'debug', format: 'json' }, { write: (line) => lines.push(line) }),
    random: systemRandom,
    digests: createDigests(loadMasterKey(join(fixture.folder, 'data', 'master.key')), systemRandom),
    hasher: createHasher(systemRandom),
    signer: openSigner({ folder, algorithm: 'ES256', rotateEvery: 1e12, overlap: 1e9 }, fixture.time.now),
  };
  const live = new LiveSessions(house, () => holder.policy);
  const parts: ApiParts = { house, policy: () => holder.policy, live };
  const server = await listen(
    createConsoleHandler({
      house,
      policy: parts.policy,
      probes: [{ name: 'database', check: async () => true }],
      api: createApi(parts, operations),
      compat: createCompat(parts, '0.0.0'),
      openapi: openApiDocument(operations, '0.0.0'),
      metrics: { contentType: 'text/plain', render: async () => 'up 1\n' },
    }),
  );
  const origin = `http://127.0.0.1:${server.port}`;
  let made = 0;
  return {
    house,
    holder,
    time: fixture.time,
    origin,
    port: server.port,
    database: fixture.path,
    lines,
    key: async ({ name, expiresAt, ...rights } = {}) => {
      made += 1;
      const full: ClientRights = { app: '', scopes: SCOPES, networks: [], expiresAt, ...rights };
      const added = await addClient(house, name ?? `tester-${made}`, full, BY);
      if (added.kind !== 'added') throw new Error(added.kind);
      return added.key;
    },
    call: (method, path, options = {}) => call(`${origin}${path}`, method, options),
    close: async () => {
      await server.close();
      await live.close();
      await fixture.remove();
    },
  };
}

async function call(url: string, method: string, options: Parameters<Served['call']>[2] = {}): Promise<Reply> {
  const { key, body, headers = {} } = options;
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(sent !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

async function listen(handler: RequestListener): Promise<{ readonly port: number; close(): Promise<unknown> }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
