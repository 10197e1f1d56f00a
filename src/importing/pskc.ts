import type { TokenFileFault, TokenRow, TokenRowFault, TokenSpec } from '../core/enrolment/token-row.ts';
import { err, ok, type Result } from '../core/result.ts';
import { describeToken, type RawToken, rowOf } from './describe-token.ts';
import { type FileKeys, valueOpener } from './pskc-values.ts';
import { below, readXml, textBelow, type XmlElement } from './xml.ts';

/** Reads a Portable Symmetric Key Container (RFC 6030). A value that does not open stops the whole file. */
export function readPskc(text: string, keys: FileKeys, most: number): Result<readonly TokenRow[], TokenFileFault> {
  const document = readXml(text);
  if (!document.ok) return document;
  const container = document.value;
  if (container.name !== 'KeyContainer') return err({ line: container.line, problem: 'not-pskc' });
  const version = container.attributes.get('Version') ?? '';
  if (!/^1(?:\.\d+)?$/.test(version)) return err({ line: container.line, problem: 'pskc-version' });
  const packages = container.children.filter(({ name }) => name === 'KeyPackage');
  if (packages.length > most) return err({ line: packages[most]?.line ?? 1, problem: 'too-many' });
  const open = valueOpener(container, keys);
  const rows: TokenRow[] = [];
  for (const each of packages) {
    const key = below(each, 'Key');
    const secret = open(below(key, 'Data', 'Secret'));
    if (!secret.ok) return err({ line: each.line, problem: secret.error });
    rows.push(rowOf(placeOf(each, key, rows.length + 1), describeKey(key, secret.value ?? 'missing')));
  }
  return ok(rows);
}

function placeOf(keyPackage: XmlElement, key: XmlElement | undefined, index: number) {
  const device = below(keyPackage, 'DeviceInfo');
  const user = textBelow(key, 'UserId') || textBelow(device, 'UserId');
  return {
    index,
    line: keyPackage.line,
    serial: textBelow(device, 'SerialNo') || (key?.attributes.get('Id') ?? ''),
    login: user === '' ? undefined : loginOf(user),
  };
}

/** A user is a distinguished name (RFC 6030 §4.1, RFC 4514) such as `UID=kim,DC=example`, in some files a plain login. */
function loginOf(user: string): string {
  const uid = /(?:^|,)\s*(?:UID|CN)\s*=\s*([^,]+)/i.exec(user)?.[1];
  return (uid ?? user).trim();
}

function describeKey(key: XmlElement | undefined, seed: RawToken['seed']): Result<TokenSpec, TokenRowFault> {
  const parameters = below(key, 'AlgorithmParameters');
  const fault = formatFault(below(parameters, 'ResponseFormat')) ?? policyFault(below(key, 'Policy'));
  if (fault !== undefined) return err(fault);
  const data = below(key, 'Data');
  const start = textBelow(data, 'Time', 'PlainValue');
  if (!/^0*$/.test(start)) return err('start-time');
  // An encrypted counter is not read: left out it would be taken for 0.
  if (below(data, 'Counter', 'EncryptedValue') !== undefined) return err('counter');
  const kind = kindOf(key?.attributes.get('Algorithm') ?? '');
  const suite = textBelow(parameters, 'Suite') || (key?.attributes.get('AlgorithmSuite') ?? '');
  return describeToken({
    kind,
    hash: kind === 'ocra' ? '' : suite,
    hashDefault: 'standard',
    digits: below(parameters, 'ResponseFormat')?.attributes.get('Length') ?? '',
    period: textBelow(data, 'TimeInterval', 'PlainValue'),
    counter: textBelow(data, 'Counter', 'PlainValue'),
    suite,
    label: textBelow(key, 'FriendlyName'),
    seed,
  });
}

/** `urn:ietf:params:xml:ns:keyprov:pskc:hotp` → `hotp`. Some files write the hash or the whole suite behind it. */
function kindOf(algorithm: string): string {
  const name = (/[^#/:]*$/.exec(algorithm)?.[0] ?? '').toLowerCase();
  return /ocra-1:/i.test(algorithm) ? 'ocra' : name;
}

function formatFault(format: XmlElement | undefined): TokenRowFault | undefined {
  const encoding = format?.attributes.get('Encoding') ?? 'DECIMAL';
  const check = format?.attributes.get('CheckDigits') ?? 'false';
  return encoding.toUpperCase() !== 'DECIMAL' || !['false', '0'].includes(check) ? 'encoding' : undefined;
}

/**
 * A condition that cannot be kept must refuse the key (RFC 6030 §5). What is kept by itself: the use for one-time
 * passwords and responses, and a PIN that the device checks.
 */
function policyFault(policy: XmlElement | undefined): TokenRowFault | undefined {
  const kept = (policy?.children ?? []).every((condition) => {
    if (condition.name === 'KeyUsage') return true;
    return condition.name === 'PINPolicy' && condition.attributes.get('PINUsageMode') === 'Local';
  });
  const usages = (policy?.children ?? []).filter(({ name }) => name === 'KeyUsage').map(({ text }) => text);
  const usable = usages.length === 0 || usages.some((usage) => ['OTP', 'CR'].includes(usage));
  return kept && usable ? undefined : 'policy';
}
