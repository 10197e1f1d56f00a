import { execFileSync, spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SealingCipher } from '../../src/core/policy.ts';
import { deriveKey, PURPOSES } from '../../src/crypto/derive.ts';
import { createDigests } from '../../src/crypto/digests.ts';
import { KeyError, masterKeyOf } from '../../src/crypto/keys.ts';
import { systemRandom } from '../../src/crypto/random.ts';
import { bindGcm } from '../../src/crypto/seal.ts';
import { bindSeedCbcHmac, encryptSeedCbc } from '../../src/crypto/seed-cbc.ts';
import { createVault } from '../../src/crypto/vault.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const CIPHERS: readonly SealingCipher[] = ['aes-256-gcm', 'aria-256-gcm', 'seed-cbc-hmac-sha256'];
const master = masterKeyOf(systemRandom.bytes(32));
const vault = createVault(master, systemRandom);

describe.each(CIPHERS)('a seed sealed with %s', (cipher) => {
  const key = vault.newDataKey(cipher);
  const sealer = vault.openDataKeys([key], key.id);
  const seed = Buffer.from('12345678901234567890');
  const sealed = sealer.seal(seed, 'authenticator|1|seed');

  test('opens in its place', () => {
    expect(Buffer.from(sealer.open(sealed, 'authenticator|1|seed'))).toEqual(seed);
    expect(key.cipher).toBe(cipher);
  });

  test('G093 does not open in another row, and no two seals are alike', () => {
    expect(() => sealer.open(sealed, 'authenticator|2|seed')).toThrow(/do not open/);
    // Beyond the IV nothing is random in a seal: as many IVs as seals.
    const count = cipher === 'seed-cbc-hmac-sha256' ? 2_000 : 10_000;
    const ivs = Array.from({ length: count }, () => Buffer.from(sealer.seal(seed, 'a')).toString('hex', 9, 21));
    expect(new Set(ivs).size).toBe(count);
  });

  test('does not open after a change of any bit', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => sealer.open(changed, 'authenticator|1|seed')).toThrow();
    }
  });

  test('does not open when cut or lengthened', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(() => sealer.open(sealed.subarray(0, length), 'authenticator|1|seed')).toThrow();
    }
    for (const more of [1, 16, 32]) {
      const longer = Buffer.concat([sealed, new Uint8Array(more)]);
      expect(() => sealer.open(longer, 'authenticator|1|seed')).toThrow();
    }
  });

  test('of any length comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.string(), (plain, context) =>
        Buffer.from(sealer.open(sealer.seal(plain, context), context)).equals(plain),
      ),
    );
  });

  test('does not open under a data key whose cipher was renamed', () => {
    for (const other of CIPHERS.filter((each) => each !== cipher)) {
      expect(() => vault.openDataKeys([{ ...key, cipher: other }], key.id)).toThrow(KeyError);
    }
    const unknown = { ...key, cipher: 'rot13' as SealingCipher };
    expect(() => vault.openDataKeys([unknown], key.id)).toThrow(/'rot13', which this version does not know/);
  });

  test('does not open under another master key', () => {
    const other = createVault(masterKeyOf(systemRandom.bytes(32)), systemRandom);
    expect(() => other.openDataKeys([key], key.id)).toThrow(/does not open this database/);
  });
});

test('seals of every cipher are readable side by side, whichever is active', () => {
  const keys = CIPHERS.map((cipher) => vault.newDataKey(cipher));
  const seals = keys.map((key) => vault.openDataKeys([key], key.id).seal(Buffer.from(key.cipher), 'row'));
  for (const active of keys) {
    const sealer = vault.openDataKeys(keys, active.id);
    expect(seals.map((sealed) => Buffer.from(sealer.open(sealed, 'row')).toString())).toEqual(CIPHERS);
  }
});

test('a seal does not open as one of another data key of the same cipher', () => {
  for (const cipher of CIPHERS) {
    const [first, second] = [vault.newDataKey(cipher), vault.newDataKey(cipher)];
    const sealer = vault.openDataKeys([first, second], first.id);
    const renamed = Buffer.concat([Uint8Array.of(1), hex(second.id), sealer.seal(Buffer.from('x'), 'row').subarray(9)]);
    expect(() => sealer.open(renamed, 'row')).toThrow(/do not open/);
  }
});

describe('SEED', () => {
  test.each([
    ['00000000000000000000000000000000', '000102030405060708090A0B0C0D0E0F', '5EBAC6E0054E166819AFF1CC6D346CDB'],
    ['000102030405060708090A0B0C0D0E0F', '00000000000000000000000000000000', 'C11F22F20140505084483597E4370F43'],
    ['4706480851E61BE85D74BFB3FD956185', '83A2F8A288641FB9A4E9A5CC2F131C7D', 'EE54D13EBCAE706D226BC3142CD40D4A'],
    ['28DBC3BC49FFD87DCFA509B11D422BE7', 'B41E6BE2EBA84A148E2EED84593C5EC7', '9B9B7BFCD1813CB95D0B3618F40F5122'],
  ])('with key %s makes %s into %s (RFC 4269 Appendix B)', (key, plain, ciphertext) => {
    const sealed = encryptSeedCbc(hex(key), new Uint8Array(16), hex(plain));
    expect(Buffer.from(sealed.subarray(0, 16))).toEqual(Buffer.from(hex(ciphertext)));
  });

  const OPENSSL = '/usr/bin/openssl';
  const flags = ['enc', '-seed-cbc', '-provider', 'legacy', '-provider', 'default', '-nosalt'];
  const keyed = (key: Uint8Array, iv: Uint8Array) => [
    ...flags,
    '-K',
    Buffer.from(key).toString('hex'),
    '-iv',
    Buffer.from(iv).toString('hex'),
  ];
  const hasOracle =
    existsSync(OPENSSL) &&
    spawnSync(OPENSSL, keyed(new Uint8Array(16), new Uint8Array(16)), { input: 'x' }).status === 0;

  test.skipIf(!hasOracle)('in CBC mode is what OpenSSL makes, for every length around the block', () => {
    for (let length = 0; length <= 49; length += 7) {
      const [key, iv, plain] = [systemRandom.bytes(16), systemRandom.bytes(16), systemRandom.bytes(length)];
      const theirs = execFileSync(OPENSSL, keyed(key, iv), { input: plain });
      expect(Buffer.from(encryptSeedCbc(key, iv, plain))).toEqual(theirs);
    }
  });

  test('is opened only under a MAC that was made here, whatever the bytes', () => {
    const bound = bindSeedCbcHmac(systemRandom.bytes(32));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => {
        expect(() => bound.open(bytes, 'row')).toThrow(/sealed bytes/);
      }),
    );
  });

  test('does not let the border of context and ciphertext move', () => {
    const bound = bindSeedCbcHmac(systemRandom.bytes(32));
    const sealed = bound.seal(new Uint8Array(20), 'row', systemRandom);
    const moved = Buffer.concat([sealed.subarray(0, 48), sealed.subarray(64)]);
    expect(() => bound.open(moved, 'row')).toThrow();
    expect(() => bound.open(sealed, `row${Buffer.from(sealed.subarray(0, 1)).toString('latin1')}`)).toThrow();
  });
});

describe('ARIA', () => {
  const key = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
  const block = (plain: Uint8Array): Buffer => {
    const cipher = createCipheriv('aria-256-ecb', key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(plain), cipher.final()]);
  };

  test('is the cipher of RFC 5794 Appendix A.3', () => {
    expect(block(hex('00112233445566778899aabbccddeeff')).toString('hex')).toBe('f92bd7c79fb72e2f2b8f80c1972d24fc');
  });

  test('in Galois/Counter Mode makes its key stream of IV and counter (NIST SP 800-38D §7.1)', () => {
    const plain = Buffer.from('exactly 16 bytes');
    const sealed = bindGcm('aria-256-gcm', key).seal(plain, 'row', systemRandom);
    const stream = block(Buffer.concat([sealed.subarray(0, 12), Uint8Array.of(0, 0, 0, 2)]));
    expect(Buffer.from(sealed.subarray(28)).map((byte, index) => byte ^ (stream[index] ?? 0))).toEqual(plain);
  });
});

describe('keys are kept apart', () => {
  test('no purpose stands twice and no two purposes share a key', () => {
    expect(new Set(PURPOSES).size).toBe(PURPOSES.length);
    const keys = PURPOSES.map((purpose) => Buffer.from(deriveKey(master.reveal(), purpose)).toString('hex'));
    const backup = Buffer.from(deriveKey(master.reveal(), 'backup/')).toString('hex');
    const raw = Buffer.from(master.reveal()).toString('hex');
    expect(new Set([...keys, backup, raw]).size).toBe(PURPOSES.length + 2);
  });

  test('the master key is derived from in one way only', () => {
    const files = readdirSync('src/crypto').map((name) => [name, readFileSync(`src/crypto/${name}`, 'utf8')] as const);
    const revealing = files.flatMap(([name, text]) =>
      text
        .split('\n')
        .filter((line) => line.includes('.reveal()'))
        .map((line) => [name, line] as const),
    );
    expect(revealing.filter(([, line]) => !line.includes('deriveKey('))).toEqual([]);
    expect(files.filter(([, text]) => text.includes('hkdfSync(')).map(([name]) => name)).toEqual(['derive.ts']);
  });

  test('every keyed digest of one text differs', () => {
    const digests = createDigests(master, systemRandom);
    const made = [
      ...(['csrf', 'kept-post', 'api-key', 'lookup-code', 'cursor'] as const).map((purpose) =>
        digests.mac(purpose, 'a'),
      ),
      ...(['attempt', 'audit-head', 'message-number'] as const).map((purpose) => vault.mac(purpose, 'a')),
      digests.hash('a'),
    ];
    expect(new Set(made).size).toBe(9);
  });
});

describe('the digits derived from a text', () => {
  const digests = createDigests(master, systemRandom);

  test.each([6, 8] as const)('are %i, the same each time, others for another text or master key', (digits) => {
    const other = createDigests(masterKeyOf(systemRandom.bytes(32)), systemRandom);
    expect(digests.code('a', digits)).toMatch(new RegExp(`^\\d{${digits}}$`));
    expect(digests.code('a', digits)).toBe(digests.code('a', digits));
    const codes = (which: typeof digests) => Array.from({ length: 20 }, (_, index) => which.code(`${index}`, digits));
    expect(codes(digests)).not.toEqual(codes(other));
    expect(new Set(codes(digests)).size).toBeGreaterThan(15);
  });

  test('G079 fall evenly on every digit in every place', () => {
    const fixed = createDigests(masterKeyOf(new Uint8Array(32).fill(7)), systemRandom);
    const counts = Array.from({ length: 60 }, () => 0);
    for (let index = 0; index < 10_000; index++) {
      [...fixed.code(`sms|${index}`, 6)].forEach((digit, place) => {
        const cell = 10 * place + Number(digit);
        counts[cell] = (counts[cell] ?? 0) + 1;
      });
    }
    // Chi-square over 6 places of 10 digits: 54 degrees of freedom, 99.99 % below 99.
    expect(counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(99);
  });
});
