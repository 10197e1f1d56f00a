import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { annotatedSchema, jsonSchema, type SchemaNode } from '../../src/config/json-schema.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { renderFindingCatalogue, renderReference } from '../../src/config/reference.ts';
import { configuration } from '../../src/config/schema/root.ts';
import { runTests } from '../../src/config/tests.ts';
import { NOW, TWELVE_LINES } from './checking.ts';

const root = new URL('../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');
const example = read('config.example.yaml');

describe('what is generated is up to date (npm run generate)', () => {
  test.each([
    ['config.schema.json', () => `${JSON.stringify(jsonSchema(), null, 2)}\n`],
    ['docs/configuration.md', renderReference],
    ['docs/findings.md', renderFindingCatalogue],
  ])('%s', (name, render) => {
    expect(read(name)).toBe(render());
  });
});

describe('config.schema.json', () => {
  const validate = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }).compile(jsonSchema());

  test('is a schema that accepts the example and the smallest file', () => {
    expect(validate(parse(example)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate(parse(TWELVE_LINES)), JSON.stringify(validate.errors)).toBe(true);
  });

  test.each([
    ['an unknown key', 'version: 1\nlgo: {}'],
    ['a later key', 'version: 1\nserver: { http2: true }'],
    ['a wrong word', 'version: 1\nroutes: [ { name: a, to: "http://x", auth: id+opt } ]'],
  ])('refuses %s', (_what, text) => {
    expect(validate(parse(text))).toBe(false);
  });
});

describe('config.example.yaml', () => {
  const loaded = loadPolicy(fileURLToPath(new URL('config.example.yaml', root)), { language: 'en', now: NOW, env: {} });

  test('begins with the schema for editors', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./config.schema.json');
  });

  test('has no finding but that its keys are not made yet', () => {
    const findings = loaded.ok ? loaded.value.warnings : loaded.error;
    expect(findings.map((each) => each.code).filter((code) => code !== 'SUMUN-309')).toEqual([]);
    expect(loaded.ok).toBe(true);
  });

  test('passes its own tests', () => {
    const results = loaded.ok ? runTests(loaded.value.policy, loaded.value.tests) : [];
    expect(results.map((each) => `${each.expected} / ${each.got}`)).toEqual(
      results.map((each) => `${each.expected} / ${each.expected}`),
    );
    expect(results.length).toBeGreaterThan(5);
  });

  test('shows the defaults', () => {
    const { profiles, ...identity } = parsed(example).identity;
    const defaults = parsed('version: 1');
    const sections = [
      'demo',
      'server',
      'defaults',
      'users',
      'otp',
      'sms',
      'radius',
      'sessions',
      'console',
      'storage',
      'keys',
      'audit',
      'log',
      'pages',
    ] as const;
    for (const section of sections)
      expect(JSON.stringify(parsed(example)[section], stringify), section).toBe(
        JSON.stringify(defaults[section], stringify),
      );
    expect({ ...identity, profiles: {} }).toEqual(defaults.identity);
    expect(profiles).toEqual(parsed('version: 1\nidentity: { profiles: { standard: {} } }').identity.profiles);
  });

  test('documents every key of this version', () => {
    const missing = keysOf(annotatedSchema()).filter((key) => !new RegExp(`\\b${key}\\b`).test(example));
    expect(missing.filter((key) => !['put', 'patch', 'delete', 'head', 'options'].includes(key))).toEqual([]);
  });
});

const parsed = (text: string) => configuration.parse(parse(text));
const stringify = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

/** Every key of this version, wherever it stands. */
function keysOf(node: SchemaNode): readonly string[] {
  const children = [
    ...(node.anyOf ?? []),
    ...(node.items === undefined ? [] : [node.items]),
    ...(node.additionalProperties ? [node.additionalProperties] : []),
  ];
  const own = Object.entries(node.properties ?? {}).filter(([, child]) => child['x-later'] !== true);
  return [...children.flatMap(keysOf), ...own.flatMap(([key, child]) => [key, ...keysOf(child)])];
}
