import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from '../../src/api/openapi.ts';
import type { Operation } from '../../src/api/operation.ts';
import { OPERATIONS } from '../../src/api/operations.ts';
import { type Sample, samplesOf } from './samples.ts';
import { type Reply, type Served, serveApi } from './served.ts';

const DOCUMENT = JSON.parse(JSON.stringify(openApiDocument(OPERATIONS, '0.0.0')));
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
ajv.addSchema(DOCUMENT, 'openapi');

let served: Served;
let key: string;
let samples: ReturnType<typeof samplesOf>;

beforeAll(async () => {
  served = await serveApi(OPERATIONS);
  key = await served.key({ name: 'contract' });
  samples = samplesOf(served, key);
});
afterAll(() => served.close());

const pointer = (...parts: readonly string[]) =>
  parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');

/** What is promised for an answer of an operation: a schema for its body, no body, or nothing at all. */
function promiseOf(operation: Operation, status: number, type: string): ValidateFunction | 'empty' | undefined {
  const path = `/api/v1${operation.path}`;
  let place = ['paths', path, operation.method, 'responses', String(status)];
  let response = DOCUMENT.paths[path][operation.method].responses[String(status)];
  if (response?.$ref !== undefined) {
    place = String(response.$ref).slice(2).split('/');
    response = place.reduce((value, part) => value[part], DOCUMENT);
  }
  if (response === undefined) return undefined;
  if (response.content === undefined) return 'empty';
  if (response.content[type] === undefined) return undefined;
  return ajv.getSchema(`openapi#/${pointer(...place, 'content', type, 'schema')}`);
}

function expectPromised(operation: Operation, reply: Reply, about: unknown): void {
  const type = reply.headers.get('content-type') ?? '';
  const promise = promiseOf(operation, reply.status, type);
  const what = `${operation.id} answered ${reply.status} ${type} ${reply.text.slice(0, 300)} to ${JSON.stringify(about)}`;
  expect(promise, what).toBeDefined();
  if (promise === 'empty') expect(reply.text, what).toBe('');
  else if (promise !== undefined) expect([promise(reply.body), promise.errors], what).toEqual([true, null]);
}

function send(operation: Operation, { path = {}, query = '', body }: Sample): Promise<Reply> {
  const address = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? 'none'));
  const search = query === '' ? '' : `?${query}`;
  return served.call(operation.method.toUpperCase(), `/api/v1${address}${search}`, { key, body });
}

const sampleOf = (operation: Operation): Promise<Sample> => {
  const make = samples[operation.id];
  if (make === undefined) throw new Error(`no sample of ${operation.id}`);
  return make();
};

/** Something else in the place of a value. */
const strange = fc.oneof(
  fc.constantFrom(null, '', 0, -1, 1.5, 1e308, true, [], {}, '\u0000', '\u202e', '０', 'x'.repeat(5000), '__proto__'),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
);

type Mutation = { readonly at: number; readonly how: 'replace' | 'remove' | 'add'; readonly value: unknown };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(50),
  how: fc.constantFrom('replace', 'remove', 'add'),
  value: strange,
});

/** A copy of a body with one thing in it changed, at the top or one level below. */
function mutated(body: unknown, { at, how, value }: Mutation): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return value;
  const keys = Object.keys(body);
  const chosen = keys[at % Math.max(1, keys.length)] ?? 'x';
  const copy: Record<string, unknown> = { ...body };
  const inner = copy[chosen];
  if (at % 3 === 0 && typeof inner === 'object' && inner !== null) {
    copy[chosen] = mutated(inner, { at: at + 1, how, value });
  } else if (how === 'remove') delete copy[chosen];
  else copy[how === 'add' ? `extra${at}` : chosen] = value;
  return copy;
}

const withBody = OPERATIONS.filter(({ bodySchema }) => bodySchema !== undefined);

describe('the OpenAPI document', () => {
  test('names every operation once, with a sample in these tests', () => {
    const ids = OPERATIONS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => samples[id] === undefined)).toEqual([]);
    expect(DOCUMENT.openapi).toBe('3.1.0');
  });

  test('takes no field that is not declared (ADM-2)', () => {
    const open: string[] = [];
    for (const { path, method, id } of withBody) {
      const { schema } = DOCUMENT.paths[`/api/v1${path}`][method].requestBody.content['application/json'];
      const body =
        schema.$ref === undefined ? schema : DOCUMENT.components.schemas[String(schema.$ref).split('/')[3] ?? ''];
      if (body.additionalProperties !== false) open.push(id);
    }
    expect(open).toEqual([]);
  });
});

describe.each(OPERATIONS.map((operation) => [operation.id, operation] as const))('%s', (_, operation) => {
  test('answers a valid call as it promises', async () => {
    const sample = await sampleOf(operation);
    const reply = await send(operation, sample);
    expect(reply.status, reply.text).toBeLessThan(300);
    expectPromised(operation, reply, sample);
  });

  test('answers a call for something that is not there, with a query of nobody, as it promises', async () => {
    const sample = await sampleOf(operation);
    for (const path of ['none', '%', 'x'.repeat(2000), '김 민지', "';--"]) {
      const reply = await send(operation, {
        ...sample,
        path: Object.fromEntries(Object.keys(sample.path ?? {}).map((name) => [name, path])),
      });
      expectPromised(operation, reply, path);
    }
    const reply = await send(operation, { ...sample, query: 'nobody=1' });
    expectPromised(operation, reply, 'nobody=1');
    expect(reply.status).toBe(400);
  });
});

describe.each(withBody.map((operation) => [operation.id, operation] as const))('%s', (_, operation) => {
  test('answers whatever body as it promises, and never with a fault of ours', async () => {
    const sample = await sampleOf(operation);
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        const body = mutated(sample.body, change) ?? null;
        const reply = await send(operation, { ...sample, body: JSON.stringify(body) });
        expect(reply.status, `${reply.text} to ${JSON.stringify(body)}`).toBeLessThan(500);
        expectPromised(operation, reply, body);
      }),
      { numRuns: 25 },
    );
  });
});
