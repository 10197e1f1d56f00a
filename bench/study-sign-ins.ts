/** Requests of people who are signed in, alone and while others sign in with password and OTP beside them. */

import { hiddenFields, Visitor } from '../test/support/visitor.ts';
import { type Around, pair, settingsOf } from './around.ts';
import { BENCH_HOST, BENCH_PREFIX, startGateway } from './gateway.ts';
import { codeOf, loginOf } from './otp/people.ts';
import { runScript } from './processes.ts';
import { median } from './report.ts';
import { PASSWORD, WITH_SECRETS } from './sessions.ts';
import type { SteadyResult, SteadySettings } from './steady-client.ts';

export type SignInsResult = {
  /** Proxied requests a second beside which people sign in. */
  readonly rate: number;
  readonly signInsPerSecond: number;
  readonly alone: { readonly p50: number; readonly p99: number };
  readonly beside: { readonly p50: number; readonly p99: number };
  readonly failed: number;
};

/** How long a browser may still be at it when the measurement ends. */
const RATE = 1000;
const SIGN_INS = 10;

/** Median latencies over the rounds, with and without sign-ins. Throws if a sign-in is refused. */
export async function studySignIns(around: Around): Promise<SignInsResult> {
  const gateway = await startGateway({ ...settingsOf(around, 'sign-ins'), people: WITH_SECRETS });
  const seconds = Math.max(3, around.turns.seconds);
  const settings: SteadySettings = {
    port: gateway.port,
    path: `${BENCH_PREFIX}1k`,
    pairs: gateway.cookies.slice(0, 100).map(pair),
    rate: RATE,
    seconds,
  };
  const load = async (): Promise<SteadyResult> =>
    (await runScript(1, 'bench/steady-client.ts', settings)) as SteadyResult;
  await load();
  const alone: SteadyResult[] = [];
  const beside: SteadyResult[] = [];
  let signedIn = 0;
  for (let round = 0; round < around.turns.rounds; round += 1) {
    alone.push(await load());
    const people = new SigningIn(gateway.port, round * SIGN_INS * (seconds + 5));
    beside.push(await load());
    signedIn += await people.stop();
    const [one, other] = [alone.at(-1)?.p99 ?? 0, beside.at(-1)?.p99 ?? 0];
    process.stderr.write(
      `round ${round + 1}  sign-ins beside          p99 ${one.toFixed(1)} ms → ${other.toFixed(1)} ms\n`,
    );
  }
  const of = (results: readonly SteadyResult[]) => ({
    p50: median(results.map(({ p50 }) => p50)),
    p99: median(results.map(({ p99 }) => p99)),
  });
  const failed = [...alone, ...beside].reduce((sum, result) => sum + result.failed, 0);
  const signInsPerSecond = signedIn / (around.turns.rounds * (seconds + 1));
  return { rate: RATE, signInsPerSecond, alone: of(alone), beside: of(beside), failed };
}

/** Starts a sign-in ten times a second, whether or not the one before has ended. */
class SigningIn {
  readonly #timer: NodeJS.Timeout;
  readonly #open: Promise<void>[] = [];

  constructor(port: number, first: number) {
    let next = first;
    this.#timer = setInterval(() => {
      this.#open.push(signIn(port, next % WITH_SECRETS, Math.floor(next / WITH_SECRETS)));
      next += 1;
    }, 1000 / SIGN_INS);
  }

  /** Waits for those that were begun and says how many there were. */
  async stop(): Promise<number> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return this.#open.length;
  }
}

/** One person signs in through the page; the `counter` is that of their event-based authenticator. */
export async function signIn(port: number, n: number, counter: number): Promise<void> {
  const visitor = new Visitor(port, BENCH_HOST);
  try {
    const form = await visitor.open('/passwords/1k');
    const fields = { login: loginOf(n), password: PASSWORD, otp: codeOf(n, counter) };
    const { status } = await visitor.post('/_sumun/login', { ...hiddenFields(form.text), ...fields });
    if (status !== 303) throw new Error(`the sign-in of ${loginOf(n)} was answered ${status}`);
  } finally {
    visitor.close();
  }
}
