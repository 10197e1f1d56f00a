/**
 * `verify-server.ts FOLDER PEOPLE FACTORS SECONDS IN-FLIGHT`: verifies in a closed loop in this process, every success
 * on disk before it counts, and prints what it did as one line of JSON.
 */
import type { Factor } from '../../src/core/identity/factors.ts';
import { authenticate } from '../../src/flows/authenticate.ts';
import { placeFor } from '../../src/flows/place.ts';
import { openIn, PASSWORD, PIN, WITH_SECRETS } from './house.ts';
import { codeOf, countersIn, loginOf } from './people.ts';

const [folder = '', peopleText = '10', factors = 'otp', seconds = '5', inFlight = '64'] = process.argv.slice(2);
const need = factors.split('+') as Factor[];
const people = Math.min(Number(peopleText), need.length > 1 ? WITH_SECRETS : Number.POSITIVE_INFINITY);

const { house, policy } = await openIn(folder);
const found = placeFor(policy, 'bench-app', need);
if (found === undefined) throw new Error('nowhere to verify for');
const { place, allow } = found;
const counters = countersIn(policy.storage.path);
const step = 7919; // a prime, so that a large number of people is walked through without order
let next = 0;
let busy = new Set<number>();

async function verifyOne(): Promise<void> {
  do next = (next + step) % people;
  while (busy.has(next) && busy.size < people);
  const n = next;
  if (busy.has(n)) {
    await new Promise((resolve) => setImmediate(resolve));
    return;
  }
  busy.add(n);
  const counter = counters.get(n) ?? 0;
  counters.set(n, counter + 1);
  const outcome = await authenticate(house, policy, {
    channel: 'api',
    boundTo: 'api:bench',
    place,
    allow,
    login: loginOf(n),
    need,
    credentials: { otp: codeOf(n, counter), pw: PASSWORD, pin: PIN },
    pending: undefined,
    address: '127.0.0.1',
    request: '',
    language: 'en',
    host: '',
  });
  busy.delete(n);
  if (outcome.kind !== 'accepted') throw new Error(`${loginOf(n)}: ${JSON.stringify(outcome)}`);
  done++;
}

let done = 0;
async function runFor(
  milliseconds: number,
): Promise<{ readonly count: number; readonly cpu: number; readonly wall: number }> {
  done = 0;
  const end = performance.now() + milliseconds;
  const began = performance.now();
  const before = process.cpuUsage();
  const loop = async (): Promise<void> => {
    while (performance.now() < end) await verifyOne();
  };
  await Promise.all(Array.from({ length: Math.min(Number(inFlight), people) }, loop));
  const { user, system } = process.cpuUsage(before);
  return { count: done, cpu: user + system, wall: (performance.now() - began) / 1000 };
}

await runFor(2000);
busy = new Set();
const result = await runFor(Number(seconds) * 1000);
process.stdout.write(`${JSON.stringify(result)}\n`);
await house.close();
