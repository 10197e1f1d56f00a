import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Route } from '../../../src/core/access/route.ts';
import type { Upstream } from '../../../src/core/policy.ts';
import { cookieNames } from '../../../src/core/session/cookies.ts';
import { encodeBase64Url } from '../../../src/core/session/handle.ts';
import type { Gate } from '../../../src/gateway/gate.ts';
import { type Gateway, HOST, openGateway, STANDARD, targetAt } from '../../gateway/fixture.ts';
import { addAccount, begin } from '../../stores/fixture.ts';
import { table } from '../policies.ts';
import { FrontApplication } from './application.ts';
import type { Place } from './requests.ts';
import { Activity } from './settle.ts';

/** One way through one front: the lane's own application behind it, and what connects to it. */
export type Way = { readonly port: number; readonly activity: Activity; readonly application: FrontApplication };

/** Both ways of one lane. Nothing that is done to a word makes it another lane's. */
export type Lane = { readonly place: Place; readonly product: Way; readonly reference: Way };

/** Another front over the same gateway. */
export type OpenFront = (gate: Gate) => Promise<{ readonly port: number; close(): Promise<void> }>;

export type Pair = { readonly lanes: readonly Lane[]; close(): Promise<void> };

const WORDS = [
  ...['kestrel', 'marmot', 'otter', 'badger', 'ibex', 'lynx', 'heron', 'falcon', 'weasel', 'moose', 'gibbon', 'toucan'],
  ...[
    'pelican',
    'walrus',
    'cheetah',
    'dugong',
    'axolotl',
    'raven',
    'viper',
    'quokka',
    'narwhal',
    'jackal',
    'zebu',
    'urchin',
  ],
];

const MEMORY = '/dev/shm';

const SESSION = encodeBase64Url(createHash('sha256').update('the session of both').digest());
const COOKIE = `${cookieNames('sumun', 'http').session}=${SESSION}`;

/**
 * Two gateways with the same policy, clock and session, one behind each front. Without `open` the reference is the same
 * front a second time, which must never differ from itself.
 */
export async function openPair(open?: OpenFront): Promise<Pair> {
  // A database on disk would wait for it with every refusal that is put on record.
  if (existsSync(MEMORY)) process.env['TMPDIR'] = MEMORY;
  const product = await openSide(undefined);
  const reference = await openSide(open);
  const lanes = WORDS.map((word, index) => {
    const [one, other] = [product.ways[index], reference.ways[index]];
    if (one === undefined || other === undefined) throw new Error('a lane without a way');
    return { place: { word, host: HOST, cookie: COOKIE }, product: one, reference: other };
  });
  return {
    lanes,
    close: async () => {
      await Promise.all([product.close(), reference.close()]);
    },
  };
}

async function openSide(open: OpenFront | undefined) {
  const gateway = await openGateway({ routes: [], limits: { idle: 60_000, headerTime: 60_000 } });
  const front = await open?.(gateway.gate);
  const ways = await Promise.all(
    WORDS.map(async (): Promise<Way> => {
      const activity = new Activity();
      return { port: front?.port ?? gateway.port, activity, application: await FrontApplication.open(activity) };
    }),
  );
  gateway.state.policy = {
    ...gateway.state.policy,
    routes: table(...WORDS.flatMap(routesOf)),
    upstreams: new Map(
      ways.map(({ application }, index) => [WORDS[index] ?? '', upstreamAt(gateway, application.port)]),
    ),
    identity: {
      ...gateway.state.policy.identity,
      profiles: new Map([['standard', { ...STANDARD, jwt: undefined }]]),
    },
  };
  await openSession(gateway);
  return {
    ways,
    close: async () => {
      await front?.close();
      await gateway.stop();
      await Promise.all(ways.map(({ application }) => application.close()));
    },
  };
}

const routesOf = (word: string): Partial<Route>[] => [
  {
    name: word,
    hosts: [{ kind: 'exact', host: HOST }],
    paths: [{ kind: 'prefix', path: `/${word}/` }],
    auth: { kind: 'bypass' },
    action: { kind: 'proxy', upstream: word },
  },
  {
    name: `${word}-own`,
    hosts: [{ kind: 'exact', host: HOST }],
    paths: [{ kind: 'prefix', path: `/${word}-own/` }],
    action: { kind: 'proxy', upstream: word },
    limits: { body: 2000 },
  },
];

function upstreamAt({ state }: Gateway, port: number): Upstream {
  const base = state.policy.upstreams.get('app');
  if (base === undefined) throw new Error('no upstream to begin with');
  return { ...base, targets: [targetAt(port)] };
}

async function openSession({ house, time }: Gateway): Promise<void> {
  const account = await addAccount(house);
  const handleHash = house.digests.hash(SESSION);
  const more = { handleHash, host: HOST, startedAt: time.now, proofs: { otp: time.now } };
  const outcome = await begin(house, account.id, 's-both', more);
  if (outcome !== 'committed') throw new Error(outcome);
}
