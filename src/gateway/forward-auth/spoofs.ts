import { foldHeaderName } from '../../core/access/headers.ts';
import type { Running } from '../gate.ts';

/** What a browser's own headers say in our name. */
export type Spoofs = {
  /** Names exactly as we write them: the asking proxy puts ours in their place or takes them out. */
  readonly plain: readonly string[];
  /** True if one is spelled so that the asking proxy may not know it for ours, while the application might. */
  readonly disguised: boolean;
};

type Names = { readonly exact: ReadonlySet<string>; readonly folded: ReadonlySet<string> };

/**
 * Finds headers in our name. Another proxy forwards what the browser sent, and can only take out names it was told:
 * whatever else folds to one of them must not reach the application, so a request with it is refused, not repaired.
 */
export function spoofsIn(rawHeaders: readonly string[], running: Running): Spoofs {
  let plain: string[] | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (running.rules.classify(name) !== 'reserved') continue;
    if (isDisguised(name, namesOf(running))) return { plain: [], disguised: true };
    plain ??= [];
    plain.push(name);
  }
  return plain === undefined ? NONE : { plain, disguised: false };
}

const NONE: Spoofs = { plain: [], disguised: false };

/** Names that `identity.remove` lists are nobody's but the application's; they count in their plain spelling. */
function isDisguised(name: string, { exact, folded }: Names): boolean {
  if (exact.has(name.toLowerCase())) return false;
  const fold = foldHeaderName(name);
  return folded.has(fold) || fold.startsWith('xsumun') || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/i.test(name);
}

const known = new WeakMap<Running, Names>();

function namesOf(running: Running): Names {
  const found = known.get(running);
  if (found !== undefined) return found;
  const names = [...running.policy.identity.profiles.values()].flatMap((profile) => [
    ...profile.headers.map((header) => header.name),
    ...(profile.jwt === undefined ? [] : [profile.jwt.header]),
    ...(profile.hmac === undefined ? [] : [profile.hmac.header]),
    ...(profile.basicAuth === undefined ? [] : ['Authorization']),
  ]);
  const made = { exact: new Set(names.map((name) => name.toLowerCase())), folded: new Set(names.map(foldHeaderName)) };
  known.set(running, made);
  return made;
}
