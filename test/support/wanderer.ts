import type { GateFixture, Person } from './gate.ts';
import { type Answer, hiddenFields, type Submission, type Visitor } from './visitor.ts';

/** Where a browser stands: the last address it asked for and what was answered. */
export type Stand = { readonly url: URL; readonly answer: Answer; readonly way: readonly string[] };

/** A browser without scripts that goes from host to host: one set of cookies for each, redirects followed to the end. */
export class Wanderer {
  readonly #gate: GateFixture;
  readonly #hosts = new Map<string, Visitor>();

  constructor(gate: GateFixture) {
    this.#gate = gate;
  }

  /** The part of this browser that knows a host: its cookies. */
  at(host: string): Visitor {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    const made = this.#gate.visitor(host);
    this.#hosts.set(host, made);
    return made;
  }

  /** One request, answered and not followed. */
  ask(url: string, submission: Submission = {}, method = 'GET'): Promise<Answer> {
    const { host, pathname, search } = new URL(url);
    return this.at(host).send(method, pathname + search, {
      ...submission,
      headers: { 'Sec-Fetch-Site': 'cross-site', ...submission.headers },
    });
  }

  /** GET, and every redirect; `until` stops before a request to an address with this in it. */
  async open(url: string, until = '\n'): Promise<Stand> {
    return this.follow(new URL(url), await this.ask(url), until);
  }

  /** Follows an answer from where it was given. */
  async follow(from: URL, first: Answer, until = '\n'): Promise<Stand> {
    const way = [from.href];
    let [url, answer] = [from, first];
    while (answer.status === 303 && way.length < 12) {
      url = new URL(answer.headers.location ?? '/', url);
      way.push(url.href);
      if (url.href.includes(until)) break;
      answer = await this.ask(url.href);
    }
    return { url, answer, way };
  }

  /** Fills in the sign-in form it stands at, and goes on to where that leads. */
  async submit(stand: Stand, person: Person, until = '\n'): Promise<Stand> {
    const { text } = stand.answer;
    const asks = (name: string): boolean => text.includes(`name="${name}"`);
    const answer = await this.at(stand.url.host).post('/_sumun/login', {
      ...hiddenFields(text),
      ...(asks('login') && { login: person.login }),
      ...(asks('password') && { password: person.password }),
      ...(asks('pin') && { pin: person.pin }),
      ...(asks('otp') && { otp: person.otp() }),
    });
    return this.follow(stand.url, answer, until);
  }

  /** Opens an address and signs in on the way. */
  async signIn(url: string, person: Person): Promise<Stand> {
    return this.submit(await this.open(url), person);
  }
}
