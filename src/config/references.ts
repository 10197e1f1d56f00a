import { type Context, declaredIn } from './context.ts';
import type { YamlPath } from './document.ts';
import { formatPath } from './finding.ts';
import { nearestTo } from './nearest.ts';

/** Reports a name that is declared nowhere. An entry that is there but broken has findings of its own. */
export function reportUnknown(
  name: string,
  section: YamlPath,
  known: ReadonlySet<string>,
  path: YamlPath,
  context: Context,
): void {
  const declared = new Set([...known, ...declaredIn(context.document, section)]);
  if (declared.has(name)) return;
  const suggestion = nearestTo(name, declared);
  const hints =
    suggestion === undefined
      ? { known: [...declared].filter((each) => !each.includes('/')).join(', ') }
      : { suggestion };
  context.report('unknown-name', path, { found: name, section: formatPath(section), ...hints });
}
