import { readFileSync } from 'node:fs';
import { readCertificate } from '../config/certificates.ts';
import { endsSoon } from '../core/access/certificate.ts';
import type { Policy } from '../core/policy.ts';
import { DAY } from '../core/time.ts';
import type { Finding, Patient } from './doctor-checks.ts';

/** Certificates that are shown to others, of the listeners and of RADIUS: whom they name and how many days they have left. */
export async function checkCertificates({ wiring, policy, texts }: Patient): Promise<Finding> {
  const files = certificateFiles(policy);
  if (files.length === 0) return { status: 'ok', detail: texts.notSetUp };
  const now = wiring.clock.now();
  const read = files.map((file) => ({ file, facts: factsOf(file) }));
  const days = (until: number): number => Math.floor((until - now) / DAY);
  const bad = read.filter(({ facts }) => facts === undefined || facts.until <= now || facts.from > now);
  const detailOf = ({ file, facts }: (typeof read)[number]): string =>
    facts === undefined
      ? texts.certificateUnreadable(file)
      : texts.certificateDays(facts.names.join(', ') || file, days(facts.until));
  if (bad.length > 0) return { status: 'fail', detail: bad.map(detailOf).join('; '), remedy: texts.certificateRemedy };
  const ending = read.filter(({ facts }) => facts !== undefined && endsSoon(facts, now));
  if (ending.length > 0)
    return { status: 'warn', detail: ending.map(detailOf).join('; '), remedy: texts.certificateRemedy };
  return { status: 'ok', detail: read.map(detailOf).join('; ') };
}

const certificateFiles = ({ server, radius }: Policy): readonly string[] => [
  ...server.tls.map(({ cert }) => cert),
  ...(radius.tls === undefined ? [] : [radius.tls.cert]),
];

function factsOf(file: string) {
  try {
    return readCertificate(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
