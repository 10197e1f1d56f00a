/** Sign-ins with names and passwords at random, each with a form of its own browser, many a second. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { hiddenFields, Visitor } from '../../test/support/visitor.ts';
import { loginOf } from '../otp/people.ts';
import type { AttackerResult, AttackerSettings } from './attacker-client.ts';
import type { Crowd } from './crowd.ts';

/** Browsers that have a form in hand; each takes a new one when its own is spent. */
const BROWSERS = 100;

/** Posts until the time is over. A name that exists and one that does not take turns. */
export async function junkSignIns(crowd: Crowd, { port, host, rate }: AttackerSettings): Promise<AttackerResult> {
  const answers = new Map<string, number>();
  const count = (answer: string): unknown => answers.set(answer, (answers.get(answer) ?? 0) + 1);
  const startedAt = performance.now();
  let begun = 0;
  const guess = async (visitor: Visitor, fields: Readonly<Record<string, string>>): Promise<boolean> => {
    const n = begun++;
    const login = n % 2 === 0 ? loginOf(n % 500) : randomBytes(6).toString('hex');
    const filled = { ...fields, login, password: randomBytes(9).toString('base64'), otp: '000000' };
    const { status } = await visitor.post('/_sumun/login', filled);
    count(String(status));
    return status === 401 || status === 429 || status === 503;
  };
  const browse = async (): Promise<void> => {
    const visitor = new Visitor(port, host);
    let fields: Readonly<Record<string, string>> | undefined;
    while (!crowd.isOver) {
      if (begun > ((performance.now() - startedAt) / 1000) * rate) {
        await wait(2);
        continue;
      }
      try {
        fields ??= hiddenFields((await visitor.open('/passwords/1k')).text);
        if (!(await guess(visitor, fields))) fields = undefined;
      } catch {
        count('none');
        fields = undefined;
        await wait(50);
      }
    }
    visitor.close();
  };
  await Promise.all(Array.from({ length: BROWSERS }, browse));
  return { ...crowd.finish(), opened: begun, answers: Object.fromEntries([...answers].sort()) };
}
