import { join } from 'node:path';
import type { Route } from '../../src/core/access/route.ts';
import type { Account } from '../../src/core/identity/account.ts';
import type { IdentityProfile, Policy, Upstream, UpstreamTarget } from '../../src/core/policy.ts';
import { cookieNames } from '../../src/core/session/cookies.ts';
import { encodeBase64Url } from '../../src/core/session/handle.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { loadMasterKey } from '../../src/crypto/keys.ts';
import { createHasher } from '../../src/crypto/password.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { openSigner } from '../../src/crypto/signer.ts';
import { LiveSessions } from '../../src/flows/live-sessions.ts';
import { Gate } from '../../src/gateway/gate.ts';
import { listen } from '../../src/gateway/listener.ts';
import { createPages } from '../../src/http/pages.ts';
import { createPortal } from '../../src/portal/app.ts';
import type { House } from '../../src/ports.ts';
import { policyOf } from '../portal/policy.ts';
import { addAccount, begin, openFixture, START } from '../stores/fixture.ts';
import { RecorderUpstream, type Script } from '../support/recorder-upstream.ts';

export const HOST = 'hr.corp.example';

const variable = (name: string) => [{ kind: 'variable', name }] as const;

/** The profile of the configuration reference. */
export const STANDARD: IdentityProfile = {
  name: 'standard',
  headers: [
    { name: 'X-Sumun-User', template: variable('user.login') },
    { name: 'X-Sumun-Name', template: variable('user.name') },
    { name: 'X-Sumun-Groups', template: variable('user.groups') },
    { name: 'X-Sumun-Amr', template: variable('session.amr') },
    { name: 'X-Sumun-Phone', template: variable('user.phone') },
  ],
  jwt: { header: 'X-Sumun-Assertion', lifetime: 60_000 },
  hmac: undefined,
  basicAuth: undefined,
  textEncoding: 'percent',
};

/** An application without sign-in for everything below `/open/`, one with sign-in for the rest. */
export const OPEN: Partial<Route> = {
  name: 'open',
  paths: [{ kind: 'prefix', path: '/open/' }],
  auth: { kind: 'bypass' },
  hosts: [{ kind: 'exact', host: HOST }],
};
export const CLOSED: Partial<Route> = {
  name: 'hr',
  hosts: [{ kind: 'exact', host: HOST }],
  keepPost: { max: 4096, for: 600_000 },
};

export type GatewayOptions = {
  readonly routes?: readonly Partial<Route>[];
  readonly upstream?: Partial<Upstream>;
  readonly limits?: Partial<Policy['server']['limits']>;
  readonly profiles?: readonly IdentityProfile[];
  readonly script?: Script;
  readonly policy?: Partial<Policy>;
  readonly drain?: number;
};

/** The gateway with real stores, pages and portal in front of a recorder. */
export async function openGateway(options: GatewayOptions = {}) {
  const recorder = await RecorderUpstream.open(options.script);
  const fixture = await openFixture();
  const { stores, time } = fixture;
  const { clock, log } = fixture.options;
  const digests = createDigests(loadMasterKey(join(fixture.folder, 'data', 'master.key')), systemRandom);
  const signing = {
    folder: join(fixture.folder, 'data', 'signing'),
    algorithm: 'ES256',
    rotateEvery: 1e12,
    overlap: 1e9,
  } as const;
  const signer = openSigner(signing, START);
  const house: House = {
    ...stores,
    clock,
    log,
    random: systemRandom,
    digests,
    hasher: createHasher(systemRandom),
    signer,
  };
  const state = { policy: compose(recorder.port, options) };
  const live = new LiveSessions(house, () => state.policy);
  const pages = createPages(() => state.policy);
  const portal = createPortal({ policy: () => state.policy, house, live, pages });
  const gate = new Gate({ policy: () => state.policy, house, live, pages, portal });
  const listeners = await listen(gate);
  const accounts = new Map<string, Account>();
  return {
    recorder,
    house,
    live,
    gate,
    time,
    state,
    logged: fixture.logged,
    port: listeners.addresses[0]?.port ?? 0,
    listeners,
    /** Signs somebody in and answers the Cookie pair. */
    signIn: async (login = 'kim', id = `s-${login}-${accounts.size}`): Promise<string> => {
      const account = accounts.get(login) ?? (await addAccount(stores, login));
      accounts.set(login, account);
      const cookie = encodeBase64Url(systemRandom.bytes(32));
      const more = { handleHash: digests.hash(cookie), host: HOST, startedAt: time.now, proofs: { otp: time.now } };
      const outcome = await begin(stores, account.id, id, more);
      if (outcome !== 'committed') throw new Error(outcome);
      return `${cookieNames('sumun', 'http').session}=${cookie}`;
    },
    accounts,
    stop: async () => {
      await listeners.close();
      await live.close();
      await recorder.close();
      await fixture.remove();
    },
  };
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>;

/** An application on loopback. */
export const targetAt = (port: number): UpstreamTarget => ({
  kind: 'tcp',
  scheme: 'http',
  host: '127.0.0.1',
  port,
  authority: `127.0.0.1:${port}`,
});

function compose(port: number, options: GatewayOptions): Policy {
  const base = policyOf(options.routes ?? [OPEN, CLOSED], options.policy);
  const upstream: Upstream = {
    name: 'app',
    targets: [targetAt(port)],
    balance: 'round_robin',
    health: undefined,
    timeouts: { connect: 1000, firstByte: 5000, idle: 5000 },
    retry: { times: 1, methods: ['GET', 'HEAD'] },
    tls: undefined,
    pool: { max: 32, idle: 5000 },
    ...options.upstream,
  };
  const profiles = options.profiles ?? [STANDARD];
  return {
    ...base,
    server: {
      ...base.server,
      limits: { ...base.server.limits, ...options.limits },
      drain: options.drain ?? 500,
    },
    upstreams: new Map([['app', upstream]]),
    identity: {
      ...base.identity,
      profiles: new Map(profiles.map((profile) => [profile.name, profile])),
      remove: ['x-forwarded-user', 'remote-user'],
    },
  };
}

/** A request head for the test host; `fields` are whole lines. */
export const head = (line: string, ...fields: string[]): string =>
  `${line} HTTP/1.1\r\nHost: ${HOST}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
