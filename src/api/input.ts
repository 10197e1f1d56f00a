import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { isUtf8, mediaTypeOf, readBody } from './body.ts';
import { readJson } from './json.ts';
import type { Operation } from './operation.ts';
import { problem } from './problems.ts';

/** One thing that is wrong with the input, and where. */
export type InputFault = { readonly path: string; readonly message: string };

/** A refusal that names what is wrong with the input. No decision was made. */
export const badRequest = (...errors: readonly InputFault[]) =>
  problem('bad_request', errors[0] === undefined ? 'the request is not understood' : sentenceOf(errors[0]), {
    errors: errors.slice(0, MOST_FAULTS),
  });

/** The input of one call, read by the schemas of its operation, and the body as it was sent. */
export type Input = {
  readonly path: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly raw: Uint8Array;
};

/**
 * Reads and checks everything an operation takes. A path that cannot be one is 404; everything else that is wrong with
 * query and body comes together in one 400. What the operation does not declare is refused.
 */
export async function readInput(
  operation: Operation,
  request: IncomingMessage,
  params: Readonly<Record<string, string>>,
  search: string,
): Promise<Input> {
  const path = operation.pathSchema === undefined ? undefined : operation.pathSchema.safeParse(params);
  if (path?.success === false) throw problem('not_found', 'nothing has this name');
  const query = readQuery(operation, search);
  const raw =
    request.method === 'GET' || request.method === 'HEAD' ? NOTHING : await readBody(request, operation.maxBody);
  const body = readJsonBody(operation, request, raw);
  const errors = [...query.errors, ...body.errors];
  if (errors.length > 0) throw badRequest(...errors);
  return { path: path?.data ?? params, query: query.value, body: body.value, raw };
}

type Read = { readonly value: unknown; readonly errors: readonly InputFault[] };

const MOST_FAULTS = 20;
const LONGEST_QUERY = 4096;
const MOST_PARAMETERS = 32;
const NOTHING = new Uint8Array(0);

function readQuery({ querySchema }: Operation, search: string): Read {
  if (search.length > LONGEST_QUERY)
    return { value: undefined, errors: [{ path: '', message: 'the query is too long' }] };
  const entries = [...new URLSearchParams(search)];
  const names = new Set(entries.map(([name]) => name));
  if (names.size !== entries.length || names.size > MOST_PARAMETERS || names.has('__proto__')) {
    return { value: undefined, errors: [{ path: '', message: 'a parameter of the query stands twice' }] };
  }
  if (querySchema === undefined) {
    const errors = [...names].map((name) => ({ path: named(name), message: 'there is no such parameter' }));
    return { value: undefined, errors };
  }
  return check(querySchema, Object.fromEntries(entries));
}

function readJsonBody({ bodySchema }: Operation, request: IncomingMessage, raw: Uint8Array): Read {
  if (raw.length === 0) return bodySchema === undefined ? EMPTY : check(bodySchema, undefined);
  if (mediaTypeOf(request) !== 'application/json' || !isUtf8(request)) {
    throw problem('unsupported_media_type', 'send Content-Type: application/json in UTF-8');
  }
  const read = readJson(raw);
  if (!read.ok) return { value: undefined, errors: [{ path: '', message: read.error }] };
  if (bodySchema !== undefined) return check(bodySchema, read.value);
  const isEmpty = typeof read.value === 'object' && read.value !== null && Object.keys(read.value).length === 0;
  return isEmpty ? EMPTY : { value: undefined, errors: [{ path: '', message: 'this call takes no body' }] };
}

const EMPTY: Read = { value: undefined, errors: [] };

function check(schema: z.ZodType, value: unknown): Read {
  const parsed = schema.safeParse(value);
  return parsed.success
    ? { value: parsed.data, errors: [] }
    : { value: undefined, errors: parsed.error.issues.map((issue) => faultOf(issue)) };
}

/** Messages say what is expected and never repeat a value that was sent. */
function faultOf(issue: z.core.$ZodIssue): InputFault {
  const path = issue.path.map((part) => named(String(part))).join('.');
  if (issue.code !== 'unrecognized_keys') return { path, message: issue.message.slice(0, 200) };
  return {
    path: [...(path === '' ? [] : [path]), named(issue.keys[0] ?? '')].join('.'),
    message: 'there is no such field',
  };
}

const named = (name: string): string => name.slice(0, 64);

const sentenceOf = ({ path, message }: InputFault): string => (path === '' ? message : `${path}: ${message}`);
