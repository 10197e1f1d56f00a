/** Refusals are answered at whole multiples of this after their arrival. Longer than the work they differ in. */
const BEAT_MS = 25;

/**
 * Does the work and answers it; if it was refused, not before the next beat after the request's arrival. Looking up
 * somebody who exists costs a little more than looking up nobody, and one kind of refusal a little more than another:
 * on the beat, time tells none of it, at whichever door (OWASP ASVS 6.3.8).
 */
export async function refuseOnBeat<T>(work: () => Promise<T>, isRefused: (result: T) => boolean): Promise<T> {
  const arrived = performance.now();
  const result = await work();
  if (!isRefused(result)) return result;
  const spent = performance.now() - arrived;
  const rest = Math.ceil(spent / BEAT_MS) * BEAT_MS - spent;
  await new Promise((resolve) => setTimeout(resolve, rest));
  return result;
}

/** Does the work and answers it on the beat, whatever came of it: for questions that may be about nobody. */
export const onBeat = <T>(work: () => Promise<T>): Promise<T> => refuseOnBeat(work, () => true);
