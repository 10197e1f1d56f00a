import type { Site } from './site.ts';

export type Newcomers = { readonly slowest: number; readonly lost: number };

/** Opens connections one after the other, each with a request: what the slowest took, and how many were not answered. */
export async function newConnections(site: Site, count: number): Promise<Newcomers> {
  let slowest = 0;
  let lost = 0;
  for (let index = 0; index < count; index++) {
    const since = performance.now();
    const client = await site.connect();
    const status = await site.get(client, '/word').then(
      (answer) => answer.status,
      () => 0,
    );
    slowest = Math.max(slowest, performance.now() - since);
    client.destroy();
    if (status !== 200) lost += 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { slowest, lost };
}
