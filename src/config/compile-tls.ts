import { type CertificateFacts, coversHost, endsSoon } from '../core/access/certificate.ts';
import type { TlsCertificate } from '../core/policy.ts';
import { DAY } from '../core/time.ts';
import { checkPair, type PairFault } from './certificates.ts';
import { type Context, resolveFrom, writtenAt } from './context.ts';
import type { YamlPath } from './document.ts';
import type { Configuration } from './schema/root.ts';
import { readSecret } from './secrets.ts';

/** Largest certificate chain that is read. */
const MAX_PEM_BYTES = 1024 * 1024;

/** `server.tls`: certificates whose files are there, belong together and are valid now. What is not is reported. */
export function compileCertificates(
  { server, routes, demo }: Configuration,
  context: Context,
): readonly TlsCertificate[] {
  const base = ['server', 'tls'];
  const isList = Array.isArray(writtenAt(context.document, base));
  const names: string[] = [];
  const certificates = server.tls.flatMap(({ cert, key: source }, index) => {
    const path = isList ? [...base, index] : base;
    const file = resolveFrom(context, cert);
    const chain = readChain(file, [...path, 'cert'], context);
    const key = readSecret(source, [...path, 'key'], demo, context);
    if (chain === undefined || key === undefined) return [];
    const pair = checkPair(chain, key.reveal());
    if (pair.ok) checkTimes(pair.value, file, [...path, 'cert'], context);
    else reportPair(pair.error, file, path, context);
    names.push(...(pair.ok ? pair.value.names : []));
    return [{ cert: file, key, keyFile: source.kind === 'file' ? resolveFrom(context, source.path) : undefined }];
  });
  if (names.length > 0) checkHosts(routes, names, context);
  return certificates;
}

/** A host that no certificate names is served with the first one, and every browser warns of it. */
function checkHosts(routes: Configuration['routes'], names: readonly string[], context: Context): void {
  const seen = new Set<string>();
  for (const [index, { host }] of routes.entries()) {
    for (const matcher of host ?? []) {
      const found = matcher.kind === 'exact' ? matcher.host : `*${matcher.suffix}`;
      const isNamed = matcher.kind === 'exact' ? coversHost(names, found) : names.includes(found);
      if (!isNamed && !seen.has(found))
        context.report('host-without-certificate', ['routes', index, 'host'], { found });
      seen.add(found);
    }
  }
}

function readChain(file: string, path: YamlPath, context: Context): string | undefined {
  const read = context.files.read(file, MAX_PEM_BYTES);
  if (read.kind === 'read') return new TextDecoder().decode(read.bytes);
  context.report(read.kind === 'missing' ? 'secret-missing' : 'secret-unreadable', path, { found: file });
  return undefined;
}

function reportPair(fault: PairFault, found: string, path: YamlPath, context: Context): void {
  if (fault === 'not-pem') context.report('bad-certificate', [...path, 'cert'], { found });
  else if (fault === 'key-not-pem') context.report('bad-private-key', [...path, 'key']);
  else if (fault === 'key-mismatch') context.report('key-mismatch', [...path, 'key'], { found });
  else context.report('certificate-refused', [...path, 'cert'], { found, hint: fault.refused });
}

function checkTimes(facts: CertificateFacts, found: string, path: YamlPath, context: Context): void {
  const { now } = context;
  const dayOf = (moment: number): string => new Date(moment).toISOString().slice(0, 10);
  if (now >= facts.until) context.report('certificate-expired', path, { found, day: dayOf(facts.until) });
  else if (now < facts.from) context.report('certificate-early', path, { found, day: dayOf(facts.from) });
  else if (endsSoon(facts, now))
    context.report('certificate-ends', path, { found, days: String(Math.floor((facts.until - now) / DAY)) });
  if (facts.names.length === 0) context.report('certificate-nameless', path, { found });
}
