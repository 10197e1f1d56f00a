import { createCipheriv, createHmac, randomBytes } from 'node:crypto';

export const K20 = '12345678901234567890';

const NAMESPACES = [
  'xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc"',
  'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"',
  'xmlns:xenc11="http://www.w3.org/2009/xmlenc11#"',
  'xmlns:pkcs5="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#"',
  'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"',
].join(' ');
export const AES128 = 'http://www.w3.org/2001/04/xmlenc#aes128-cbc';
export const HMAC_SHA1 = 'http://www.w3.org/2000/09/xmldsig#hmac-sha1';

/** A container of key packages, with what stands before them. */
export const container = (packages: string, before = '', version = '1.0'): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<pskc:KeyContainer Version="${version}" ${NAMESPACES}>\n${before}\n${packages}\n</pskc:KeyContainer>\n`;

export type KeyParts = {
  readonly algorithm?: string;
  readonly device?: string;
  readonly format?: string;
  readonly suite?: string;
  readonly secret?: string;
  readonly data?: string;
  readonly more?: string;
};

/** The plain value of an element. */
export const plain = (value: string): string => `<pskc:PlainValue>${value}</pskc:PlainValue>`;

/** One key package in the shape of RFC 6030 Figure 3; HOTP with K20 unless told otherwise. */
export function keyPackage(serial: string, parts: KeyParts = {}): string {
  const {
    algorithm = 'urn:ietf:params:xml:ns:keyprov:pskc:hotp',
    device = '',
    format = '<pskc:ResponseFormat Length="6" Encoding="DECIMAL"/>',
    suite = '',
    secret = plain(Buffer.from(K20).toString('base64')),
    data = '',
    more = '',
  } = parts;
  const suiteElement = suite === '' ? '' : `<pskc:Suite>${suite}</pskc:Suite>`;
  return `<pskc:KeyPackage>
  <pskc:DeviceInfo><pskc:Manufacturer>Maker</pskc:Manufacturer><pskc:SerialNo>${serial}</pskc:SerialNo>${device}</pskc:DeviceInfo>
  <pskc:Key Id="key-${serial}" Algorithm="${algorithm}">
    <pskc:Issuer>Issuer-A</pskc:Issuer>
    <pskc:AlgorithmParameters>${suiteElement}${format}</pskc:AlgorithmParameters>
    <pskc:Data><pskc:Secret>${secret}</pskc:Secret>${data}</pskc:Data>${more}
  </pskc:Key>
</pskc:KeyPackage>`;
}

export const PRESHARED = '<pskc:EncryptionKey><ds:KeyName>Pre-shared-key</ds:KeyName></pskc:EncryptionKey>';

/** `MACMethod` with its encrypted key. */
export const macMethod = (cipherValue: string, cipher = AES128, algorithm = HMAC_SHA1): string =>
  `<pskc:MACMethod Algorithm="${algorithm}"><pskc:MACKey><xenc:EncryptionMethod Algorithm="${cipher}"/><xenc:CipherData><xenc:CipherValue>${cipherValue}</xenc:CipherValue></xenc:CipherData></pskc:MACKey></pskc:MACMethod>`;

/** An encrypted value with its MAC. */
export const encrypted = (cipherValue: string, mac: string | undefined, cipher = AES128): string =>
  `<pskc:EncryptedValue><xenc:EncryptionMethod Algorithm="${cipher}"/><xenc:CipherData><xenc:CipherValue>${cipherValue}</xenc:CipherValue></xenc:CipherData></pskc:EncryptedValue>${mac === undefined ? '' : `<pskc:ValueMAC>${mac}</pskc:ValueMAC>`}`;

/** `EncryptionKey` derived from a password. */
export const pbkdf2 = (rounds = '1000', length = '16', prf = '<PRF/>', salt = 'Ej7/PEpyEpw='): string =>
  `<pskc:EncryptionKey><xenc11:DerivedKey><xenc11:KeyDerivationMethod Algorithm="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2"><pkcs5:PBKDF2-params><Salt><Specified>${salt}</Specified></Salt><IterationCount>${rounds}</IterationCount><KeyLength>${length}</KeyLength>${prf}</pkcs5:PBKDF2-params></xenc11:KeyDerivationMethod><xenc11:MasterKeyName>My Password 1</xenc11:MasterKeyName></xenc11:DerivedKey></pskc:EncryptionKey>`;

/** RFC 6030 Figure 6: AES-128-CBC under the pre-shared key 12345678901234567890123456789012 (hex). */
export const FIGURE_6 = container(
  keyPackage('987654321', {
    format: '<pskc:ResponseFormat Length="8" Encoding="DECIMAL"/>',
    secret: encrypted(
      'AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv',
      'Su+NvtQfmvfJzF6bmQiJqoLRExc=',
    ),
    data: `<pskc:Counter>${plain('0')}</pskc:Counter>`,
  }),
  `${PRESHARED}${macMethod('ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX')}`,
);
export const FIGURE_6_KEY = Buffer.from('12345678901234567890123456789012', 'hex');

/** RFC 6030 Figure 7: a key derived from the password `qwerty`. */
export const FIGURE_7 = container(
  keyPackage('987654321', {
    format: '<pskc:ResponseFormat Length="8" Encoding="DECIMAL"/>',
    secret: encrypted(
      'oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f',
      'LP6xMvjtypbfT9PdkJhBZ+D6O4w=',
    ),
  }),
  `${pbkdf2()}${macMethod('2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx')}`,
);

/** Encrypts as XML Encryption does: IV before the ciphertext, arbitrary padding with its length at the end. */
export function encryptCbc(key: Uint8Array, bytes: Uint8Array): Buffer {
  const iv = randomBytes(16);
  const padding = 16 - (bytes.length % 16);
  const filled = Buffer.concat([bytes, randomBytes(padding - 1), Uint8Array.of(padding)]);
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false);
  return Buffer.concat([iv, cipher.update(filled), cipher.final()]);
}

/** A container of seeds encrypted under a pre-shared key of 128, 192 or 256 bits. */
export function sealedContainer(
  key: Uint8Array,
  seeds: readonly Uint8Array[],
  hash: 'sha1' | 'sha256' = 'sha1',
): string {
  const cipher = `http://www.w3.org/2001/04/xmlenc#aes${key.length * 8}-cbc`;
  const algorithm = hash === 'sha1' ? HMAC_SHA1 : 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256';
  const macKey = randomBytes(20);
  const packages = seeds.map((seed, index) => {
    const value = encryptCbc(key, seed);
    const mac = createHmac(hash, macKey).update(value).digest('base64');
    return keyPackage(`S${index}`, { secret: encrypted(value.toString('base64'), mac, cipher) });
  });
  const before = `${PRESHARED}${macMethod(encryptCbc(key, macKey).toString('base64'), cipher, algorithm)}`;
  return container(packages.join('\n'), before);
}
