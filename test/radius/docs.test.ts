import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/load.ts';
import { SECRET_TEXT } from './parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'sumun-radius-docs-'));
for (const name of ['secrets', 'tls']) mkdirSync(join(folder, name), { mode: 0o700 });
const PEM = '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n';
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const blocks = readdirSync('docs/radius').flatMap((page) =>
  readFileSync(join('docs/radius', page), 'utf8')
    .split('```yaml\n')
    .slice(1)
    .map((rest, index) => [page, index + 1, rest.split('```')[0] ?? ''] as const),
);

/** The client a block says, as the loader compiles it. */
function load(page: string, yaml: string) {
  for (const [, name] of yaml.matchAll(/file: secrets\/(\S+) /g)) {
    writeFileSync(join(folder, 'secrets', name ?? ''), `${SECRET_TEXT}\n`, { mode: 0o600 });
  }
  for (const name of ['server.pem', 'server.key', 'ca.pem'])
    writeFileSync(join(folder, 'tls', name), PEM, { mode: 0o600 });
  const file = join(folder, `${page}.yaml`);
  writeFileSync(file, `version: 1\n${yaml}`);
  return loadPolicy(file, { language: 'en', now: 0, env: {} });
}

describe('the configurations of docs/radius are ones', () => {
  test('there are some on every page', () => {
    const pages = new Set(blocks.map(([page]) => page));
    expect(readdirSync('docs/radius').filter((page) => !pages.has(page))).toEqual([]);
  });

  test.each(blocks)('%s, block %i', (page, _, yaml) => {
    const loaded = load(page, yaml);
    expect(loaded.ok ? [] : loaded.error.map(({ message }) => message)).toEqual([]);
  });

  test.each([
    ['fortigate', 'challenge', 'Fortinet-Group-Name'],
    ['paloalto', 'challenge', 'PaloAlto-User-Group'],
    ['cisco', 'challenge', 'Class'],
    ['juniper', 'challenge', 'Filter-Id'],
    ['f5', 'challenge', 'Class'],
    ['citrix', 'challenge', 'Citrix-User-Groups'],
    ['axgate', 'one_field', 'Class'],
    ['secui', 'one_field', 'Class'],
  ])('%s.md says what its template does', (page, mode, attribute) => {
    const text = readFileSync(`docs/radius/${page}.md`, 'utf8');
    const loaded = load(page, blocks.find(([name]) => name === `${page}.md`)?.[2] ?? '');
    const client = loaded.ok ? loaded.value.policy.radius.clients[0] : undefined;
    expect(client?.mode).toBe(mode);
    expect(client?.reply.flatMap(({ attributes }) => attributes.map(({ name }) => name))).toEqual([attribute]);
    expect(text).toContain(`\`${attribute}\``);
    expect(text).toContain(mode === 'challenge' ? 'by Access-Challenge' : 'in one field');
  });
});
