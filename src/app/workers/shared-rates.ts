import type { Route } from '../../core/access/route.ts';
import type { Instant } from '../../core/time.ts';
import type { Rates } from '../../gateway/rate.ts';
import type { Asker } from './asker.ts';

/** Refusals remembered at once; when there are more, all are forgotten and asked for again. */
const REFUSALS_MAX = 10_000;

/**
 * Rates over all workers: the buckets are in the primary process, which is asked for every request on a route that has a
 * rate, and for no other. Who was refused is refused here, without asking, until the next token can be there: nobody can
 * add one sooner.
 */
export class SharedRates implements Rates {
  readonly #asker: Pick<Asker, 'ask'>;
  readonly #refused = new Map<string, Instant>();

  constructor(asker: Pick<Asker, 'ask'>) {
    this.#asker = asker;
  }

  take(route: Route, who: string, now: Instant): Instant | undefined | Promise<Instant | undefined> {
    const { rate } = route.limits;
    if (rate === undefined) return undefined;
    const key = `${route.name} ${rate.count}/${rate.per} ${who}`;
    const until = this.#refused.get(key);
    if (until !== undefined && now < until && until - now <= rate.per) return until;
    return this.#ask(key, { kind: 'rate', route: route.name, rate, who });
  }

  async #ask(key: string, question: Parameters<Asker['ask']>[0]): Promise<Instant | undefined> {
    const answer = await this.#asker.ask(question);
    if (typeof answer !== 'number') {
      this.#refused.delete(key);
      return undefined;
    }
    if (this.#refused.size >= REFUSALS_MAX) this.#refused.clear();
    this.#refused.set(key, answer);
    return answer;
  }
}
