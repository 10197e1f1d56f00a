import type { Operation } from './operation.ts';

/** What an address and a method lead to. */
export type Routed =
  | { readonly kind: 'operation'; readonly operation: Operation; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'method'; readonly allow: readonly string[] }
  | { readonly kind: 'missing' };

/** A segment of a template: a literal, or a parameter with what has to follow it (`:resync`, or nothing). */
type Segment = { readonly literal: string } | { readonly name: string; readonly suffix: string };

type Compiled = { readonly operation: Operation; readonly segments: readonly Segment[] };

/**
 * Makes the finder of operations. Segments are compared as they were sent and decoded afterwards, so that nothing
 * encoded can become a separator. A parameter takes no unencoded colon: what follows one is the verb. HEAD is
 * answered as GET.
 */
export function compileOperations(operations: readonly Operation[]): (method: string, path: string) => Routed {
  const bySize = new Map<number, Compiled[]>();
  for (const operation of operations) {
    const segments = operation.path.split('/').slice(1).map(readSegment);
    bySize.set(segments.length, [...(bySize.get(segments.length) ?? []), { operation, segments }]);
  }
  return (method, path) => {
    const sent = path.split('/').slice(1);
    const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
    const allow = new Set<string>();
    for (const { operation, segments } of bySize.get(sent.length) ?? []) {
      const params = paramsOf(segments, sent);
      if (params === undefined) continue;
      if (operation.method === wanted) return { kind: 'operation', operation, params };
      allow.add(operation.method.toUpperCase());
      if (operation.method === 'get') allow.add('HEAD');
    }
    return allow.size === 0 ? { kind: 'missing' } : { kind: 'method', allow: [...allow, 'OPTIONS'] };
  };
}

function readSegment(text: string): Segment {
  const parts = /^\{(\w+)\}((?::[a-z-]+)?)$/.exec(text);
  return parts === null ? { literal: text } : { name: parts[1] ?? '', suffix: parts[2] ?? '' };
}

function paramsOf(segments: readonly Segment[], sent: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const text = sent[index] ?? '';
    if ('literal' in segment) {
      if (text !== segment.literal) return undefined;
      continue;
    }
    const raw = text.endsWith(segment.suffix) ? text.slice(0, text.length - segment.suffix.length) : '';
    const value = raw.includes(':') ? undefined : decoded(raw);
    if (value === undefined || value === '') return undefined;
    params[segment.name] = value;
  }
  return params;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
