import type { Digests, PageOf } from '../ports.ts';
import { badRequest } from './input.ts';

type CursorPorts = Pick<Digests, 'mac' | 'equal'>;

/**
 * Where a list goes on, as a caller carries it: opaque, and signed together with the list and the filter it belongs to,
 * so that it can neither be made up nor be used elsewhere.
 */
const encodeCursor = (digests: CursorPorts, list: string, after: string): string =>
  `${Buffer.from(after).toString('base64url')}.${digests.mac('cursor', signed(list, after))}`;

/** The place a cursor names. Throws the problem `bad_request` for one of another list, another filter or nobody. */
function readCursor(digests: CursorPorts, list: string, cursor: string): string {
  const [place = '', mac = ''] = cursor.split('.');
  const after = Buffer.from(place, 'base64url').toString();
  const isWhole = cursor === `${Buffer.from(after).toString('base64url')}.${mac}`;
  if (isWhole && digests.equal(mac, digests.mac('cursor', signed(list, after)))) return after;
  throw badRequest({ path: 'cursor', message: 'not of this list and filter; begin again without one' });
}

const signed = (list: string, after: string): string => JSON.stringify([list, after]);

/** One page of a list as it is answered: `next_cursor` is null at the end. */
type PageView<T> = { readonly items: readonly T[]; readonly next_cursor: string | null };

/** Asks for one page of a list and shows its items. `list` names the list and everything it is filtered by. */
export async function answerPage<T, V>(
  digests: CursorPorts,
  list: string,
  asked: { readonly cursor?: string | undefined; readonly limit: number },
  read: (after: string | undefined, limit: number) => Promise<PageOf<T>>,
  view: (item: T) => V | Promise<V>,
): Promise<{ readonly status: 200; readonly body: PageView<V> }> {
  const after = asked.cursor === undefined ? undefined : readCursor(digests, list, asked.cursor);
  const { items, next } = await read(after, asked.limit);
  const views: V[] = [];
  for (const item of items) views.push(await view(item));
  return {
    status: 200,
    body: { items: views, next_cursor: next === undefined ? null : encodeCursor(digests, list, next) },
  };
}
