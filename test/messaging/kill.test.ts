import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openPost } from './house.ts';
import { HttpCentre, until } from './parts.ts';

const CHILD = fileURLToPath(new URL('./kill-child.ts', import.meta.url));

test('a process killed while it sends leaves at most one duplicate of each message, and loses none', async () => {
  const centre = await new HttpCentre().start();
  const post = await openPost();
  for (let count = 0; count < 6; count++) await post.ask();
  // Half of them are answered; the others were handed over, but the process never hears so.
  let answered = 0;
  centre.answer = (_, response) => {
    answered += 1;
    if (answered <= 3) response.writeHead(200).end('{}');
  };
  const child = spawn(process.execPath, [CHILD, post.folder, `${centre.url}/send`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await until(async () => centre.received.length === 6 && (await post.counts()).sent === 3);
  child.kill('SIGKILL');
  await once(child, 'close');
  centre.answer = (_, response) => response.writeHead(200).end('{}');
  post.start(() => post.policyWith([centre.settings()]));
  post.time.now += 60_000;
  await until(async () => (await post.counts()).sent === 6);
  const times = Map.groupBy(centre.received, ({ body }) => (JSON.parse(body) as { ref: string }).ref);
  expect([...times.values()].map((calls) => calls.length).sort()).toEqual([1, 1, 1, 2, 2, 2]);
  await post.remove();
  await centre.stop();
});
