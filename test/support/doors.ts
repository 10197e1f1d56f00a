import { CODE, type Packet } from '../../src/radius/packet.ts';
import { type ApiAnswer, ApiCaller } from './api.ts';
import { Nas } from './radius.ts';
import { type Answer, hiddenFields, Visitor } from './visitor.ts';

/** The three ways to have a code verified. */
export const DOORS = ['web', 'api', 'radius'] as const;
export type Door = (typeof DOORS)[number];

/** What somebody at a door hears. RADIUS says of a lock only that it is a refusal. */
export type Heard = 'accepted' | 'rejected' | 'locked' | 'unknown';

export type DoorsOptions = {
  readonly gatePort: number;
  readonly apiPort: number;
  readonly radiusPort: number;
  /** An API key with the scope `verify`. */
  readonly key: string;
  readonly secret: string;
  /** A path of the gateway that asks for ID and OTP. */
  readonly path: string;
};

/** A form that is filled in and sent later. */
export type Ready = { submit(): Promise<Heard> };

/** All three doors of one process, for ID and OTP. Nothing here rejects: what has no answer is unknown. */
export class Doors {
  readonly api: ApiCaller;
  readonly #options: DoorsOptions;
  readonly #nas: Nas[];
  readonly #visitors = new Set<Visitor>();

  private constructor(options: DoorsOptions, nas: Nas[]) {
    this.#options = options;
    this.#nas = nas;
    this.api = new ApiCaller(options.apiPort, options.key);
  }

  static async open(options: DoorsOptions): Promise<Doors> {
    const nas = await Promise.all(Array.from({ length: 4 }, () => Nas.open(options.radiusPort, options.secret)));
    return new Doors(options, nas);
  }

  /** Everything up to the last click; only the form of the web takes any time. */
  async prepare(door: Door, login: string, otp: string): Promise<Ready> {
    if (door === 'api') return { submit: () => this.#api(login, otp) };
    if (door === 'radius') return { submit: () => this.#radius(login, otp) };
    const { gatePort, path } = this.#options;
    const browser = new Visitor(gatePort);
    this.#visitors.add(browser);
    const fields = await browser.open(path).then(
      ({ text }) => hiddenFields(text),
      () => undefined,
    );
    const done = (): void => {
      browser.close();
      this.#visitors.delete(browser);
    };
    if (fields === undefined) return { submit: async () => 'unknown' };
    return {
      submit: () =>
        browser
          .post('/_sumun/login', { ...fields, login, otp })
          .then(heardByBrowser, () => 'unknown' as const)
          .finally(done),
    };
  }

  async submit(door: Door, login: string, otp: string): Promise<Heard> {
    return (await this.prepare(door, login, otp)).submit();
  }

  /** One Access-Request as it is; undefined where there is no reply. */
  ask(login: string, password: string): Promise<Packet | undefined> {
    const free = this.#nas.find((nas) => nas.isFree) ?? this.#nas[0];
    return free?.ask(login, password) ?? Promise.resolve(undefined);
  }

  close(): void {
    this.api.close();
    for (const nas of this.#nas) nas.close();
    for (const visitor of this.#visitors) visitor.close();
  }

  #api(login: string, otp: string): Promise<Heard> {
    return this.api.send('POST', '/verify', { user: login, auth: 'id+otp', otp }).then(heardByCaller, () => 'unknown');
  }

  async #radius(login: string, otp: string): Promise<Heard> {
    const reply = await this.ask(login, otp);
    if (reply === undefined) return 'unknown';
    return reply.code === CODE.accessAccept ? 'accepted' : 'rejected';
  }
}

/** A sign-in is what sets the cookie of a session; the second of two clicks is led on without one. */
const heardByBrowser = ({ status, headers }: Answer): Heard => {
  if (/(?:^|,)(?:__Host-)?sumun=/.test(String(headers['set-cookie'] ?? ''))) return 'accepted';
  if (status === 429) return 'locked';
  return status >= 500 ? 'unknown' : 'rejected';
};

function heardByCaller({ status, text }: ApiAnswer): Heard {
  if (status !== 200) return 'unknown';
  const { result, reason } = JSON.parse(text) as { result: string; reason?: string };
  if (result === 'accept') return 'accepted';
  return reason === 'locked' ? 'locked' : 'rejected';
}
