import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ArchiveBroken, createArchive, describeArchive } from '../../src/crypto/archive.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { createMasterKey, KeyError, loadMasterKey, masterKeyOf } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { createVault } from '../../src/crypto/vault.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sumun-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const master = masterKeyOf(systemRandom.bytes(32));

describe('the master key file', () => {
  test('is made once, for its owner only, and read back', () => {
    const file = join(folder, 'made', 'master.key');
    const made = createMasterKey(file, systemRandom);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'made')).mode & 0o777).toBe(0o700);
    expect(loadMasterKey(file).reveal()).toEqual(made.reveal());
    const before = readFileSync(file);
    expect(() => createMasterKey(file, systemRandom)).toThrow(/never overwritten/);
    expect(readFileSync(file)).toEqual(before);
    expect(JSON.stringify({ made })).toBe('{"made":"[sealed]"}');
  });

  test.each([
    ['missing', undefined, 0o600, /is missing; put it back/],
    ['readable by its group', `${Buffer.alloc(32, 1).toString('base64')}\n`, 0o640, /chmod 600/],
    ['readable by all', `${Buffer.alloc(32, 1).toString('base64')}\n`, 0o604, /chmod 600/],
    ['empty', '', 0o600, /not a master key/],
    ['too short', `${Buffer.alloc(31, 1).toString('base64')}\n`, 0o600, /not a master key/],
    ['not base64', `${'*'.repeat(43)}=\n`, 0o600, /not a master key/],
  ])('is refused when %s', (name, content, mode, message) => {
    const file = join(folder, `${name}.key`);
    if (content !== undefined) {
      writeFileSync(file, content, { mode });
      chmodSync(file, mode);
    }
    expect(() => loadMasterKey(file)).toThrow(KeyError);
    expect(() => loadMasterKey(file)).toThrow(message);
  });
});

describe('sealing', () => {
  const vault = createVault(master, systemRandom);
  const first = vault.newDataKey('aes-256-gcm');
  const second = vault.newDataKey('aes-256-gcm');

  test('opens what it sealed, under the active key and under older ones', () => {
    const before = vault.openDataKeys([first], first.id).seal(Buffer.from('seed'), 'a');
    const after = vault.openDataKeys([first, second], second.id);
    expect(Buffer.from(after.open(before, 'a')).toString()).toBe('seed');
    expect(after.seal(Buffer.from('seed'), 'a')).not.toEqual(after.seal(Buffer.from('seed'), 'a'));
    expect(() => vault.openDataKeys([first], first.id).open(after.seal(Buffer.from('seed'), 'a'), 'a')).toThrow(
      /no data key/,
    );
  });

  test('does not open in another place, nor after any change of a bit', () => {
    const sealer = vault.openDataKeys([first], first.id);
    const sealed = sealer.seal(Buffer.from('12345678901234567890'), 'authenticator|1|seed');
    expect(() => sealer.open(sealed, 'authenticator|2|seed')).toThrow();
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => sealer.open(changed, 'authenticator|1|seed')).toThrow();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => sealer.open(sealed.subarray(0, length), 'authenticator|1|seed')).toThrow();
    }
  });

  test('a wrong master key opens no data key', () => {
    const other = createVault(masterKeyOf(systemRandom.bytes(32)), systemRandom);
    expect(() => other.openDataKeys([first], first.id)).toThrow(/does not open this database/);
    expect(() => vault.openDataKeys([{ ...first, id: second.id }], second.id)).toThrow(KeyError);
  });
});

describe('digests', () => {
  const digests = createDigests(master, systemRandom);

  test('of one text differ by purpose and by master key', () => {
    const other = createDigests(masterKeyOf(systemRandom.bytes(32)), systemRandom);
    const values = [digests.mac('csrf', 'a'), digests.mac('kept-post', 'a'), other.mac('csrf', 'a'), digests.hash('a')];
    expect(new Set(values).size).toBe(4);
    expect(digests.mac('csrf', 'a')).toBe(digests.mac('csrf', 'a'));
  });

  test('compare texts by value', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => digests.equal(a, b) === (a === b) && digests.equal(a, a)),
    );
  });

  test('seal for one browser only', () => {
    const sealed = digests.sealFor('secret', Buffer.from('body'), 'post|1');
    expect(Buffer.from(digests.openFor('secret', sealed, 'post|1')).toString()).toBe('body');
    expect(() => digests.openFor('other', sealed, 'post|1')).toThrow();
    expect(() => digests.openFor('secret', sealed, 'post|2')).toThrow();
  });
});

describe('an archive', () => {
  const entries = [
    { name: 'a', content: Buffer.from('first') },
    { name: 'b', content: systemRandom.bytes(200_000) },
    { name: 'c', content: new Uint8Array() },
  ];

  test.each([
    ['the master key', createArchive({ master }, systemRandom)],
    ['a pass-phrase', createArchive({ passphrase: 'correct horse' }, systemRandom)],
  ])('opens with %s and says what it is without', (_, archive) => {
    const bytes = archive.seal(entries, { schema: 1 });
    expect(describeArchive(bytes).about).toEqual({ schema: 1 });
    const opened = archive.open(bytes);
    expect(opened.entries.map(({ name, content }) => [name, Buffer.from(content)])).toEqual(
      entries.map(({ name, content }) => [name, Buffer.from(content)]),
    );
  });

  test('does not open with another key, when cut, or after a change of any byte', () => {
    const archive = createArchive({ master }, systemRandom);
    const bytes = archive.seal(entries, { schema: 1 });
    const other = createArchive({ master: masterKeyOf(systemRandom.bytes(32)) }, systemRandom);
    expect(() => other.open(bytes)).toThrow(ArchiveBroken);
    expect(() => createArchive({ passphrase: 'x' }, systemRandom).open(bytes)).toThrow(
      /master key of its installation/,
    );
    const chunk = 65_536 + 16;
    const head = bytes.indexOf(0x0a, 20) + 1;
    for (const length of [0, 10, head, head + 5, head + chunk, head + 2 * chunk, bytes.length - 1]) {
      expect(() => archive.open(bytes.subarray(0, length))).toThrow();
    }
    for (let index = 0; index < bytes.length; index += index < head ? 1 : 997) {
      const changed = Uint8Array.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => archive.open(changed)).toThrow();
    }
    const swapped = Buffer.concat([
      bytes.subarray(0, head),
      bytes.subarray(head + chunk, head + 2 * chunk),
      bytes.subarray(head, head + chunk),
      bytes.subarray(head + 2 * chunk),
    ]);
    expect(() => archive.open(swapped)).toThrow(ArchiveBroken);
  });
});
