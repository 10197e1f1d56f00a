import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../../src/api/openapi.ts';
import type { Operation } from '../../../src/api/operation.ts';
import { compileOperations } from '../../../src/api/routing.ts';

/** Throws where an answer is not one that the OpenAPI document describes: another status, or another body. */
export type Documented = (method: string, path: string, status: number, type: string, body: unknown) => void;

/** Reads the document of these operations for checking answers. */
export function documentedBy(operations: readonly Operation[]): Documented {
  const document = openApiDocument(operations, '0');
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'openapi');
  const find = compileOperations(operations);
  return (method, path, status, type, body) => {
    const routed = find(method, path.split('?')[0] ?? '');
    const media = type.split(';')[0] ?? '';
    if (routed.kind !== 'operation') return;
    const { operation } = routed;
    const place = ['paths', `/api/v1${operation.path}`, operation.method, 'responses', String(status)];
    const found = placeOf(document, [...place, ...(media === '' ? [] : ['content', media, 'schema'])]);
    const said = `${operation.id} answers ${status} ${media}`;
    if (found === undefined) throw new Error(`${said}, which is not documented`);
    if (media === '') return;
    const validate = ajv.getSchema(`openapi#/${found.map(escaped).join('/')}`);
    if (validate?.(body) === true) return;
    throw new Error(`${said}: ${ajv.errorsText(validate?.errors)} in ${JSON.stringify(body)}`);
  };
}

/** Where these steps lead once references on the way are followed; undefined where they lead nowhere. */
function placeOf(document: object, steps: readonly string[]): readonly string[] | undefined {
  let place: readonly string[] = [];
  for (const step of steps) {
    const reference = valueAt(document, [...place, '$ref']);
    if (typeof reference === 'string') place = reference.split('/').slice(1);
    place = [...place, step];
    if (valueAt(document, place) === undefined) return undefined;
  }
  return place;
}

const valueAt = (document: object, place: readonly string[]): unknown =>
  place.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], document);

/** A step of a JSON pointer in a fragment (RFC 6901 §6). */
const escaped = (step: string): string => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));
