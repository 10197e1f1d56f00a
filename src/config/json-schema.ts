import { z } from 'zod';
import { configuration } from './schema/root.ts';

/** The part of JSON Schema that our schema uses, as read by the reference and by "did you mean". */
export type SchemaNode = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | false;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly 'x-kind'?: string;
  readonly 'x-later'?: true;
};

let annotated: SchemaNode | undefined;

/** The schema with our own notes (`x-…`) on it. Made once: it costs more than reading a file. */
export function annotatedSchema(): SchemaNode {
  // SchemaNode describes what toJSONSchema makes of the builders in fields.ts
  annotated ??= z.toJSONSchema(configuration, { io: 'input', target: 'draft-2020-12' }) as SchemaNode;
  return annotated;
}

/** The JSON Schema (draft 2020-12) of the configuration file, for editors. Generated from the validator itself. */
export const jsonSchema = (): Readonly<Record<string, unknown>> => ({
  title: 'Sumun configuration',
  ...(JSON.parse(
    JSON.stringify(annotatedSchema(), (key, value: unknown) => (key.startsWith('x-') ? undefined : value)),
  ) as object),
});

/** The keys that may stand at a path, those of later versions left out; empty where any name may stand. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] {
  const properties = nodesAt(path).flatMap((node) => Object.entries(node.properties ?? {}));
  return [...new Set(properties.filter(([, node]) => node['x-later'] !== true).map(([key]) => key))];
}

/** The words that may stand at a path. */
export const knownWords = (path: readonly (string | number)[]): readonly string[] => [
  ...new Set(
    nodesAt(path).flatMap((node) => (node.const === undefined ? (node.enum ?? []) : [node.const]).map(String)),
  ),
];

function nodesAt(path: readonly (string | number)[]): readonly SchemaNode[] {
  let nodes = alternatives(annotatedSchema());
  for (const step of path) nodes = nodes.flatMap((node) => below(node, step)).flatMap(alternatives);
  return nodes;
}

/** A node, or what it may be. */
export function alternatives(node: SchemaNode): readonly SchemaNode[] {
  const either = node.anyOf ?? node.oneOf;
  return either === undefined ? [node] : either.flatMap(alternatives);
}

function below(node: SchemaNode, step: string | number): readonly SchemaNode[] {
  if (typeof step === 'number') return node.items === undefined ? [] : [node.items];
  const named = node.properties?.[step] ?? (node.additionalProperties || undefined);
  return named === undefined ? [] : [named];
}
