import { existsSync } from 'node:fs';
import { loadPolicy } from '../config/load.ts';
import type { Policy } from '../core/policy.ts';
import type { House } from '../ports.ts';
import { checkCertificates } from './doctor-certificates.ts';
import {
  CHECK_TIME,
  checkAudit,
  checkClock,
  checkDatabase,
  checkDisk,
  checkKeys,
  checkRuntime,
  type Finding,
  type Patient,
} from './doctor-checks.ts';
import { checkOpenings, checkOutage, checkRadius, checkSms } from './doctor-servers.ts';
import { checkUpstreams } from './doctor-upstreams.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { configFile } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { pad, printable } from './table.ts';
import { signOf, type Terminal } from './terminal.ts';

type CheckName = keyof Terminal['texts']['doctor']['names'];
type Result = Finding & { readonly name: CheckName };

const CHECKS: readonly (readonly [CheckName, (patient: Patient) => Promise<Finding>])[] = [
  ['clock', checkClock],
  ['database', checkDatabase],
  ['upstreams', checkUpstreams],
  ['certificates', checkCertificates],
  ['keys', checkKeys],
  ['radius', checkRadius],
  ['sms', checkSms],
  ['outage', checkOutage],
  ['openings', checkOpenings],
  ['disk', checkDisk],
  ['audit', checkAudit],
];

const SIGNS = { ok: 'good', warn: 'warn', fail: 'bad' } as const;

/** `sumun doctor`: named checks in parallel, three seconds each, every failure with a remedy. Exit 4 if one fails. */
export const addDoctorCommand: Registrar = (program, terminal, act) => {
  program
    .command('doctor')
    .description(terminal.texts.help.doctor)
    .action(act(() => doctor(terminal)));
};

async function doctor(terminal: Terminal): Promise<ExitCode> {
  const texts = terminal.texts.doctor;
  const { policy, finding } = checkConfiguration(terminal);
  const runtime: Result = { name: 'runtime', ...checkRuntime({ wiring: terminal.wiring, texts }) };
  const rest = policy === undefined ? [] : await examine(terminal, policy);
  const checks: readonly Result[] = [{ name: 'configuration', ...finding }, runtime, ...rest];
  const count = (status: Finding['status']): number => checks.filter((check) => check.status === status).length;
  const failed = count('fail');
  terminal.answer({ ok: failed === 0, checks }, () =>
    [
      ...checks.flatMap((check) => linesOf(terminal, check)),
      ...(policy === undefined ? [texts.restNotRun] : []),
      texts.summary(failed, count('warn'), count('ok')),
    ].join('\n'),
  );
  return failed > 0 ? EXIT.no : EXIT.fine;
}

function linesOf(terminal: Terminal, check: Result): string[] {
  const line = `${signOf(terminal, SIGNS[check.status])} ${pad(terminal.texts.doctor.names[check.name], 14)} ${printable(check.detail)}`;
  return check.remedy === undefined ? [line] : [line, `${' '.repeat(17)}→ ${printable(check.remedy)}`];
}

function checkConfiguration(terminal: Terminal): { readonly policy?: Policy; readonly finding: Finding } {
  const { wiring, language } = terminal;
  const texts = terminal.texts.doctor;
  try {
    const file = configFile(terminal);
    const loaded = loadPolicy(file, { language, now: wiring.clock.now(), env: wiring.env });
    if (!loaded.ok) {
      const detail = `${texts.configErrors(file, loaded.error.length)}: ${loaded.error[0]?.message ?? ''}`;
      return { finding: { status: 'fail', detail, remedy: 'sumun check' } };
    }
    const { policy, warnings } = loaded.value;
    if (warnings.length === 0) return { policy, finding: { status: 'ok', detail: texts.configFine(file) } };
    const detail = texts.configWarnings(file, warnings.length);
    return { policy, finding: { status: 'warn', detail, remedy: 'sumun check' } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { finding: { status: 'fail', detail: error.message, remedy: error.remedy ?? 'sumun init' } };
  }
}

/** Runs the checks that need a configuration side by side and closes the house when all have answered. */
async function examine(terminal: Terminal, policy: Policy): Promise<readonly Result[]> {
  const texts = terminal.texts.doctor;
  let opened: Promise<House> | undefined;
  const house = (): Promise<House> => {
    // Opening would make a database where there is none: looking must not change anything.
    if (!existsSync(policy.storage.path)) return Promise.reject(new Error(texts.databaseMissing(policy.storage.path)));
    opened ??= terminal.wiring.openHouse(policy);
    return opened;
  };
  const patient: Patient = { wiring: terminal.wiring, texts, policy, house };
  const results = await Promise.all(
    CHECKS.map(async ([name, check]) => ({ name, ...(await withinTime(terminal, () => check(patient))) })),
  );
  await opened?.then(
    (it) => it.close(),
    () => undefined,
  );
  return results;
}

async function withinTime(terminal: Terminal, check: () => Promise<Finding>): Promise<Finding> {
  const texts = terminal.texts.doctor;
  const { promise: late, resolve } = Promise.withResolvers<Finding>();
  const timer = setTimeout(
    () => resolve({ status: 'warn', detail: texts.tookLong, remedy: texts.tookLongRemedy }),
    CHECK_TIME,
  );
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    const detail = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { status: 'fail', detail, remedy: texts.unexpectedRemedy };
  } finally {
    clearTimeout(timer);
  }
}
