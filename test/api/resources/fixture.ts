import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ApiParts, Operation } from '../../../src/api/operation.ts';
import { auditOperations } from '../../../src/api/resources/audit.ts';
import { groupOperations } from '../../../src/api/resources/groups.ts';
import { importOperations } from '../../../src/api/resources/imports.ts';
import { policyOperations } from '../../../src/api/resources/policy.ts';
import { sessionOperations } from '../../../src/api/resources/sessions.ts';
import { statOperations } from '../../../src/api/resources/stats.ts';
import { tokenActOperations } from '../../../src/api/resources/token-acts.ts';
import { tokenOperations } from '../../../src/api/resources/tokens.ts';
import { userCodeOperations } from '../../../src/api/resources/user-codes.ts';
import { userOperations } from '../../../src/api/resources/users.ts';
import { createApi } from '../../../src/api/router.ts';
import { createLog } from '../../../src/app/log.ts';
import { SCOPES, type Scope } from '../../../src/core/identity/api-client.ts';
import type { Policy } from '../../../src/core/policy.ts';
import { createDigests } from '../../../src/crypto/digests.ts';
import { loadMasterKey } from '../../../src/crypto/keys.ts';
import { createHasher } from '../../../src/crypto/password.ts';
import { systemRandom } from '../../../src/crypto/random.ts';
import { openSigner } from '../../../src/crypto/signer.ts';
import { addClient } from '../../../src/flows/clients.ts';
import { LiveSessions } from '../../../src/flows/live-sessions.ts';
import type { House } from '../../../src/ports.ts';
import { valid } from '../../config/checking.ts';
import { openFixture } from '../../stores/fixture.ts';
import { documentedBy } from './documented.ts';

export const RADIUS_SECRET = 'radius-canary-0123456789abcdef';

export const CONFIG = `version: 1
demo: true
server: { listen: "127.0.0.1:0" }
console: { listen: "127.0.0.1:0" }
upstreams: { payroll: { targets: [ http://10.9.8.7:8080 ] } }
routes:
  - { name: notice, host: pay.corp.example, path: [/notice/], to: payroll, auth: id+otp }
  - { name: payroll, host: pay.corp.example, to: payroll, auth: id+pw+otp, allow: { groups: [hr] } }
radius:
  listen: ["127.0.0.1:18120"]
  clients:
    - { name: vpn, address: 192.0.2.0/24, secret: ${RADIUS_SECRET}, auth: id+otp+pin }
`;

/** Every operation of this folder. */
export const OPERATIONS: readonly Operation[] = [
  ...userOperations,
  ...userCodeOperations,
  ...groupOperations,
  ...tokenOperations,
  ...tokenActOperations,
  ...sessionOperations,
  ...auditOperations,
  ...statOperations,
  ...importOperations,
  ...policyOperations,
];

/** One answer, its body read as JSON where it is. */
export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a program sees; each test says what it expects of it
  readonly body: any;
};

type Send = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Reply>;

export type ApiFixture = {
  readonly house: House;
  readonly policy: Policy;
  readonly time: { now: number };
  /** Every line of the log, as it would be written. */
  readonly lines: string[];
  /** Accounts the cache was told to read anew. */
  readonly forgotten: string[];
  /** Path of the database. */
  readonly database: string;
  /** Calls with a key that may do everything. */
  readonly send: Send;
  /** Calls with a key of these scopes. */
  as(...scopes: readonly Scope[]): Promise<Send>;
  close(): Promise<void>;
};

/** The API on a loopback port, over real stores and crypto, with a clock set by hand. */
export async function openApi(): Promise<ApiFixture> {
  const fixture = await openFixture();
  const { policy } = valid(CONFIG);
  const lines: string[] = [];
  const log = createLog({ level: 'debug', format: 'json' }, { write: (line) => lines.push(line) });
  const signing = {
    folder: join(fixture.folder, 'data', 'signing'),
    algorithm: 'ES256',
    rotateEvery: 1e12,
    overlap: 1e9,
  } as const;
  const house: House = {
    ...fixture.stores,
    clock: fixture.options.clock,
    log,
    random: systemRandom,
    digests: createDigests(loadMasterKey(join(fixture.folder, 'data', 'master.key')), systemRandom),
    hasher: createHasher(systemRandom),
    signer: openSigner(signing, fixture.time.now),
  };
  const live = new LiveSessions(house, () => policy);
  const forgotten: string[] = [];
  const forget = (id: string): void => {
    forgotten.push(id);
    live.forget(id);
  };
  const server = await listen({ house, policy: () => policy, live: { forget } });
  const as = async (...scopes: readonly Scope[]): Promise<Send> => sender(server.port, await keyOf(house, scopes));
  return {
    house,
    policy,
    time: fixture.time,
    lines,
    forgotten,
    database: fixture.path,
    send: await as(...SCOPES),
    as,
    close: async () => {
      await server.close();
      await live.close();
      await fixture.remove();
    },
  };
}

async function listen(parts: ApiParts): Promise<{ readonly port: number; close(): Promise<unknown> }> {
  const api = createApi(parts, OPERATIONS);
  const server = createServer((request, response) => {
    request.url = request.url?.replace(/^\/api\/v1/, '') ?? '/';
    api(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

let clients = 0;

async function keyOf(house: House, scopes: readonly Scope[]): Promise<string> {
  const rights = { app: '', scopes, networks: [], expiresAt: undefined };
  clients += 1;
  const added = await addClient(house, `tester-${clients}`, rights, { actor: 'cli', address: '', request: '' });
  if (added.kind !== 'added') throw new Error(added.kind);
  return added.key;
}

const documented = documentedBy(OPERATIONS);

/** Sends calls with a key. Every answer has to be one that the OpenAPI document describes. */
const sender =
  (port: number, key: string): Send =>
  async (method, path, body, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const read = type.includes('json') ? JSON.parse(text) : undefined;
    documented(method, path, response.status, type, read ?? text);
    return { status: response.status, headers: response.headers, text, body: read };
  };

/** Every item of a list, a page at a time. */
export async function walk(send: Send, path: string, limit: number): Promise<readonly { readonly id: string }[]> {
  const items: { readonly id: string }[] = [];
  const joint = path.includes('?') ? '&' : '?';
  let cursor = '';
  for (;;) {
    const reply = await send('GET', `${path}${joint}limit=${limit}${cursor}`);
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    items.push(...reply.body.items);
    if (reply.body.next_cursor === null) return items;
    cursor = `&cursor=${encodeURIComponent(reply.body.next_cursor)}`;
  }
}
