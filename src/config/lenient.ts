import type { z } from 'zod';
import type { YamlDocument, YamlPath } from './document.ts';
import { flatten } from './issues.ts';
import { knownKeys } from './json-schema.ts';
import { type Configuration, configuration } from './schema/root.ts';

type Editable = Record<string | number, unknown>;

const MATCHING = ['host', 'path', 'methods', 'name', 'auth'];
const ACTIONS = ['mode', 'to', 'redirect', 'respond'];

/** Entries that stand in for those of a list that cannot be read, so that the others keep their places. */
const STAND_INS: Readonly<Record<string, (index: number) => object>> = {
  'radius.clients': (index) => ({
    name: `unreadable-${index}`,
    address: '192.0.2.1',
    secret: 'unreadable',
    auth: 'id+otp',
  }),
  'sms.providers': () => ({ type: 'file', path: 'unreadable' }),
  'otp.policies': (index) => ({ groups: [`unreadable-${index}`], method: 'any' }),
};

type Lenient = {
  readonly config: Configuration;
  /** Where something stands in for what cannot be read: nothing more is to be said of it. */
  readonly standIns: readonly YamlPath[];
};

/**
 * What can be understood of a file with faults, so that the faults between its parts are found in the same run. Broken
 * values give way to defaults; a route that is broken where it matches gives way to one that matches nothing and keeps
 * its place, and so do other entries of lists. Nothing made here is ever run.
 */
export function readLeniently(document: YamlDocument): Lenient | undefined {
  const copy = copyOf(document.value) as Editable; // `readDocument` answers only mappings
  delete copy['tests'];
  copy['version'] = 1;
  const standIns: YamlPath[] = [];
  for (let round = 0; round < 6; round++) {
    const parsed = configuration.safeParse(copy);
    if (parsed.success) return { config: parsed.data, standIns };
    for (const path of pathsToMend(parsed.error, copy)) {
      const standIn = mend(copy, path, round);
      if (standIn !== undefined) standIns.push(standIn);
    }
  }
  return undefined;
}

function pathsToMend(error: z.ZodError, value: unknown): readonly YamlPath[] {
  return flatten(error.issues, [], { value }).flatMap(({ issue, path }) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key): YamlPath => [...path, key]) : [path],
  );
}

/** Answers the path of the entry that something stands in for now, if that was what helped. */
function mend(root: Editable, path: YamlPath, round: number): YamlPath | undefined {
  const [section, index, key] = path;
  const standIn = STAND_INS[`${section}.${index}`];
  if (standIn !== undefined && typeof key === 'number') return mendEntry(root, path, key, standIn, round);
  if (section === 'routes' && typeof index === 'number')
    mendRoute(root, index, typeof key === 'string' ? key : undefined, path, round);
  else removeAt(root, round < 3 ? path : path.slice(0, Math.max(1, 5 - round)));
  return undefined;
}

function mendEntry(
  root: Editable,
  path: YamlPath,
  index: number,
  standIn: (index: number) => object,
  round: number,
): YamlPath | undefined {
  const list = (root[path[0] ?? ''] as Editable)[path[1] ?? ''] as Editable; // the path exists: an issue was found in it
  const entry = list[index];
  const key = path[3];
  const isMapping = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
  if (round < 2 && isMapping && typeof key === 'string' && Object.hasOwn(entry, key)) {
    delete (entry as Editable)[key];
    return undefined;
  }
  list[index] = standIn(index);
  return path.slice(0, 3);
}

function mendRoute(root: Editable, index: number, key: string | undefined, path: YamlPath, round: number): void {
  const routes = root['routes'] as Editable; // the path exists: an issue was found in it
  const isMapping = typeof routes[index] === 'object' && routes[index] !== null && !Array.isArray(routes[index]);
  const nowhere = { name: `unreadable-${index}`, host: `unreadable-${index}.invalid`, respond: {} };
  if (!isMapping || round > 3) {
    routes[index] = nowhere;
    return;
  }
  const route = routes[index] as Editable; // checked above
  if (path.length > 3 || Object.hasOwn(route, key ?? '')) removeAt(root, round < 2 ? path : path.slice(0, 3));
  if (key === undefined || MATCHING.includes(key) || !knownKeys(['routes', index]).includes(key))
    route['host'] = nowhere.host;
  if (key === 'name') route['name'] = nowhere.name;
  if (MATCHING.includes(key ?? '')) delete route['tolerate'];
  if (!ACTIONS.includes(key ?? '')) return;
  for (const action of ACTIONS) delete route[action];
  route['to'] = 'http://unreadable.invalid';
}

/** Removes a key; of a list the whole list, so that nothing moves to another place. A missing key takes its parent along. */
function removeAt(root: Editable, path: YamlPath): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let parent: unknown = root;
  for (const step of path.slice(0, -1)) parent = (parent as Editable | undefined)?.[step];
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent) || !Object.hasOwn(parent, last)) {
    removeAt(root, path.slice(0, -1));
  } else delete (parent as Editable)[last];
}

/** A deep copy that may be changed; mappings have no prototype. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.assign(
    Object.create(null),
    Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOf(item)])),
  );
}
