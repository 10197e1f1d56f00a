import type { z } from 'zod';
import type { Upstream, UpstreamTarget, UpstreamTls } from '../core/policy.ts';
import { checkPair, type PairFault, readCertificate } from './certificates.ts';
import { type Context, resolveFrom } from './context.ts';
import type { YamlPath } from './document.ts';
import { type TargetAddress, type upstream, upstreamSettings } from './schema/upstreams.ts';
import { readSecret } from './secrets.ts';

type Values = z.output<typeof upstream>;

/** Largest file of certificates that is read. */
const MAX_PEM_BYTES = 4 * 1024 * 1024;

/** An entry of `upstreams` in the words of the policy. What does not go together is reported. */
export function compileUpstream(name: string, values: Values, demo: boolean, context: Context): Upstream {
  const path = ['upstreams', name];
  const [first, ...others] = values.targets;
  if (first === undefined) throw new Error(`the schema let ${name} pass without a target`);
  checkTargets(values, path, context);
  const tls = values.tls === null ? undefined : compileTls(values.tls, [...path, 'tls'], demo, context);
  return { name, targets: [targetOf(first), ...others.map(targetOf)], ...compileSettings(values), tls };
}

/** The application of a route that names an address: everything else of it has its default. */
export const upstreamAt = (address: TargetAddress): Upstream => ({
  name: addressText(address),
  targets: [targetOf(address)],
  ...compileSettings(upstreamSettings.parse({})),
  tls: undefined,
});

const compileSettings = ({ balance, health, timeouts, retry, pool }: Omit<Values, 'targets'>) => ({
  balance,
  health: health ?? undefined,
  timeouts: { connect: timeouts.connect, firstByte: timeouts.first_byte, idle: timeouts.idle },
  retry: { times: retry.times, methods: [...new Set(retry.methods)] },
  pool,
});

/** `http://app:8080`: how an address is written, with its port. */
const addressText = (address: TargetAddress): string =>
  address.scheme === 'unix' ? `unix:${address.path}` : `${address.scheme}://${address.host}:${address.port}`;

/** An application behind a Unix socket is called `localhost`: it has no name of its own. */
function targetOf(address: TargetAddress): UpstreamTarget {
  if (address.scheme === 'unix') return { kind: 'unix', scheme: 'http', path: address.path, authority: 'localhost' };
  const { scheme, host, port } = address;
  const usual = scheme === 'https' ? 443 : 80;
  const authority = port === usual ? host : `${host}:${port}`;
  return { kind: 'tcp', scheme, host: host.replace(/^\[|\]$/g, ''), port, authority };
}

function checkTargets({ targets, tls }: Values, path: YamlPath, context: Context): void {
  const [first] = targets;
  const seen = new Set<string>();
  for (const [index, target] of targets.entries()) {
    const at = targets.length === 1 ? [...path, 'targets'] : [...path, 'targets', index];
    const found = addressText(target);
    if (target.scheme !== first?.scheme) context.report('mixed-targets', at, { found, other: first?.scheme ?? '' });
    if (seen.has(found)) context.report('target-twice', at, { found });
    seen.add(found);
  }
  if (tls !== null && first?.scheme !== 'https') context.report('tls-without-https', [...path, 'tls'], {}, 'key');
}

function compileTls(values: NonNullable<Values['tls']>, path: YamlPath, demo: boolean, context: Context): UpstreamTls {
  const { ca, server_name: serverName, min_version: minVersion } = values;
  if (minVersion === 'TLSv1' || minVersion === 'TLSv1.1')
    context.report('old-tls', [...path, 'min_version'], { found: minVersion === 'TLSv1' ? '1.0' : '1.1' });
  return {
    ca: ca === null ? undefined : readCertificates(ca, [...path, 'ca'], context),
    serverName: serverName ?? undefined,
    minVersion,
    clientCert: compileClientCert(values.client_cert, [...path, 'client_cert'], demo, context),
  };
}

function compileClientCert(
  values: NonNullable<Values['tls']>['client_cert'],
  path: YamlPath,
  demo: boolean,
  context: Context,
): UpstreamTls['clientCert'] {
  if (values === null) return undefined;
  const cert = readCertificates(values.cert, [...path, 'cert'], context);
  const key = readSecret(values.key, [...path, 'key'], demo, context);
  if (cert === undefined || key === undefined) return undefined;
  const pair = checkPair(cert, key.reveal());
  if (!pair.ok) reportPair(pair.error, values.cert, path, context);
  return { cert, key };
}

function reportPair(fault: PairFault, found: string, path: YamlPath, context: Context): void {
  if (fault === 'not-pem') context.report('bad-certificate', [...path, 'cert'], { found });
  else if (fault === 'key-not-pem') context.report('bad-private-key', [...path, 'key']);
  else if (fault === 'key-mismatch') context.report('key-mismatch', [...path, 'key'], { found });
  else context.report('certificate-refused', [...path, 'cert'], { found, hint: fault.refused });
}

/** The text of a PEM file that begins with a certificate. */
function readCertificates(name: string, path: YamlPath, context: Context): string | undefined {
  const file = resolveFrom(context, name);
  const read = context.files.read(file, MAX_PEM_BYTES);
  if (read.kind !== 'read') {
    context.report(read.kind === 'missing' ? 'secret-missing' : 'secret-unreadable', path, { found: file });
    return undefined;
  }
  const text = new TextDecoder().decode(read.bytes);
  if (readCertificate(text) === undefined) context.report('bad-certificate', path, { found: file });
  return text;
}
