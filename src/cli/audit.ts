import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { AuditRecord } from '../core/audit.ts';
import { foldLogin } from '../core/identity/account.ts';
import type { AuditLog, House } from '../ports.ts';
import { readCount, readMoment } from './arguments.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { printable, table } from './table.ts';
import { signOf, type Terminal } from './terminal.ts';
import { moment } from './time.ts';

type Filter = Parameters<AuditLog['read']>[0];
type SearchFlags = {
  readonly user?: string;
  readonly kind?: string;
  readonly request?: string;
  readonly from?: number;
  readonly to?: number;
  readonly number: number;
};
type ExportFlags = { readonly after: number; readonly force?: true };

/** Records read at a time where all are wanted. */
const BATCH = 1000;

/** How often `tail --follow` looks for more. */
const FOLLOW_EVERY = 500;

/** `sumun audit tail|search|show|export|verify`. */
export const addAuditCommands: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  const audit = program.command('audit').description(help.audit);
  audit
    .command('tail')
    .description(help.auditTail)
    .addOption(new Option('-n, --number <count>', help.auditNumber).argParser(readCount).default(20))
    .option('-f, --follow', help.auditFollow)
    .action(act((flags: { readonly number: number; readonly follow?: true }) => tail(terminal, flags)));
  searchFlags(audit.command('search').description(help.auditSearch), terminal).action(
    act((flags: SearchFlags) => search(terminal, flags)),
  );
  audit
    .command('show')
    .description(help.auditShow)
    .addArgument(audit.createArgument('<sequence>', help.auditSequence).argParser(readCount))
    .action(act((sequence: number) => show(terminal, sequence)));
  audit
    .command('export')
    .description(help.auditExport)
    .argument('[file]', help.auditFile)
    .addOption(new Option('--after <sequence>', help.auditAfter).argParser(readCount).default(0))
    .action(act((file: string | undefined, flags: ExportFlags) => exportAll(terminal, file, flags)));
  audit
    .command('verify')
    .description(help.auditVerify)
    .action(act(() => verify(terminal)));
};

const searchFlags = (command: Command, { texts: { help } }: Terminal): Command =>
  command
    .option('--user <login>', help.auditUser)
    .option('--kind <kind>', help.auditKind)
    .option('--request <number>', help.auditRequest)
    .addOption(new Option('--from <time>', help.auditFrom).argParser(readMoment))
    .addOption(new Option('--to <time>', help.auditTo).argParser(readMoment))
    .addOption(new Option('-n, --number <count>', help.auditNumber).argParser(readCount).default(100));

function tail(terminal: Terminal, flags: { readonly number: number; readonly follow?: true }): Promise<ExitCode> {
  return withHouse(terminal, async (house) => {
    const newest = [...(await house.audit.read({ limit: flags.number, newestFirst: true }))].reverse();
    if (flags.follow !== true) {
      showRecords(terminal, newest);
      return EXIT.fine;
    }
    const line = (record: AuditRecord): void =>
      terminal.print(terminal.flags().json ? JSON.stringify(documentOf(record)) : oneLine(record));
    for (const record of newest) line(record);
    return follow(terminal, house, newest.at(-1)?.seq ?? 0, line);
  });
}

async function follow(
  terminal: Terminal,
  house: House,
  from: number,
  line: (record: AuditRecord) => void,
): Promise<ExitCode> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  const quiet = [terminal.wiring.onSignal('SIGINT', abort), terminal.wiring.onSignal('SIGTERM', abort)];
  let after = from;
  while (!stop.signal.aborted) {
    for (const record of await house.audit.read({ after, limit: BATCH })) {
      line(record);
      after = record.seq;
    }
    await pause(FOLLOW_EVERY, stop.signal);
  }
  for (const forget of quiet) forget();
  return EXIT.fine;
}

/** Waits, or until the signal is given. */
function pause(time: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function search(terminal: Terminal, flags: SearchFlags): Promise<ExitCode> {
  const login = flags.user === undefined ? undefined : (foldLogin(flags.user) ?? flags.user);
  const wanted = {
    ...(login !== undefined && { login }),
    ...(flags.kind !== undefined && { kind: flags.kind }),
    ...(flags.request !== undefined && { request: flags.request.toUpperCase() }),
  };
  const within = ({ at }: AuditRecord): boolean => (flags.from ?? at) <= at && at <= (flags.to ?? at);
  return withHouse(terminal, async (house) => {
    const found: AuditRecord[] = [];
    for await (const record of every(house, { ...wanted, limit: BATCH })) {
      if (within(record)) found.push(record);
      if (found.length > flags.number) found.shift();
    }
    showRecords(terminal, found);
    return EXIT.fine;
  });
}

function show(terminal: Terminal, sequence: number): Promise<ExitCode> {
  return withHouse(terminal, async (house) => {
    const [record] = await house.audit.read({ after: sequence - 1, limit: 1 });
    if (record?.seq !== sequence) throw new Refusal(EXIT.no, 'record-missing', terminal.texts.recordMissing(sequence));
    const document = documentOf(record);
    terminal.answer(document, () =>
      Object.entries(document)
        .map(
          ([key, value]) =>
            `${key.padEnd(9)} ${printable(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
        )
        .join('\n'),
    );
    return EXIT.fine;
  });
}

/** JSON Lines, one record a line, to a new file or stdout; with `--json` one document. */
function exportAll(terminal: Terminal, file: string | undefined, flags: ExportFlags): Promise<ExitCode> {
  const { wiring, texts } = terminal;
  return withHouse(terminal, async (house) => {
    // Exclusive: an export never replaces a file. 0600: it names people and addresses.
    const target = file === undefined || file === '-' ? undefined : openSync(resolve(wiring.folder, file), 'wx', 0o600);
    const collected: unknown[] = [];
    let count = 0;
    for await (const record of every(house, { after: flags.after, limit: BATCH })) {
      count++;
      const document = documentOf(record);
      if (target !== undefined) writeSync(target, `${JSON.stringify(document)}\n`);
      else if (terminal.flags().json) collected.push(document);
      else terminal.print(JSON.stringify(document));
    }
    if (target !== undefined) closeSync(target);
    if (target !== undefined) terminal.done({ file, records: count }, texts.auditExported(count, file ?? ''));
    else if (terminal.flags().json) terminal.print(JSON.stringify({ records: collected }));
    return EXIT.fine;
  });
}

function verify(terminal: Terminal): Promise<ExitCode> {
  const { texts } = terminal;
  return withHouse(terminal, async (house) => {
    const result = await house.audit.verify();
    terminal.answer(result, () =>
      result.ok
        ? `${signOf(terminal, 'good')} ${texts.auditIntact(result.records)}`
        : `${signOf(terminal, 'bad')} ${texts.auditBroken(result.seq, result.problem)}`,
    );
    return result.ok ? EXIT.fine : EXIT.no;
  });
}

async function* every(house: House, filter: Filter): AsyncGenerator<AuditRecord> {
  let after = filter.after ?? 0;
  for (;;) {
    const batch = await house.audit.read({ ...filter, after });
    yield* batch;
    const last = batch.at(-1);
    if (last === undefined || batch.length < filter.limit) return;
    after = last.seq;
  }
}

const documentOf = (record: AuditRecord): Readonly<Record<string, unknown>> => ({ ...record, at: moment(record.at) });

function showRecords(terminal: Terminal, records: readonly AuditRecord[]): void {
  const { texts } = terminal;
  terminal.answer({ records: records.map(documentOf) }, () =>
    records.length === 0
      ? texts.noRecords
      : table(
          texts.auditHeadings,
          records.map((it) => [String(it.seq), moment(it.at), it.kind, it.login, it.reason, it.actor]),
        ),
  );
}

const oneLine = (record: AuditRecord): string =>
  printable(
    [record.seq, moment(record.at), record.kind, record.login || '-', record.reason || '-', record.actor].join('  '),
  );
