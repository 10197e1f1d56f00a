import type { CliDoctor } from './doctor-ko.ts';

const plural = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`;

/** What `doctor` says, in English. */
export const doctorEn: CliDoctor = {
  names: {
    configuration: 'configuration',
    runtime: 'runtime',
    clock: 'clock',
    database: 'database',
    upstreams: 'upstreams',
    keys: 'keys',
    disk: 'disk',
    audit: 'audit chain',
  },
  configFine: (file) => `${file}, no errors`,
  configWarnings: (file, count) => `${file}, ${plural(count, 'warning')}`,
  configErrors: (file, count) => `${file}, ${plural(count, 'error')}`,
  clockAlone: (now) => `${now}; no audit record to compare with yet, and no time server is asked`,
  clockCompared: (now, newest) => `${now}, newest audit record ${newest} (no time server is asked)`,
  clockRemedy: 'the clock is behind the newest record: check time synchronisation (NTP)',
  databaseMissing: (path) => `${path} does not exist yet`,
  databaseMissingRemedy: 'it is made at first use: sumun user add',
  databaseReadOnly: (path) => `${path} cannot be written`,
  databaseDamaged: (problem) => `the file is damaged: ${problem}`,
  databaseRemedy: 'restore a backup with sumun restore',
  databaseFine: (path, size, sqlite) => `${path} intact, ${size}, SQLite ${sqlite}`,
  permissionRemedy: 'check owner and mode of the file and its folder',
  upstreamsFine: (count) => `${count} reachable`,
  upstreamRemedy: 'check that the server runs and that no firewall is in between',
  keyMissing: (file) => `${file} is missing`,
  keyMissingRemedy: 'restore it from a backup, or run sumun init if this is new',
  keyReadable: (file) => `${file} can be read by other users`,
  keysFine: (sealing, signing) =>
    `master key fits, ${plural(sealing, 'sealing key')}, ${plural(signing, 'signing key')}`,
  diskFree: (size, folder) => `${size} free at ${folder}`,
  diskRemedy: 'free some space or move storage.url',
  auditFine: (count) => `chain of ${plural(count, 'record')} intact`,
  auditBroken: (sequence, problem) => `broken at record ${sequence}: ${problem}`,
  auditRemedy: 'keep the files as they are and compare them with a backup',
  runtimeOld: (version, floor) => `Node.js ${version} is older than ${floor}, which has known security fixes`,
  runtimeRemedy: (floor) => `update to Node.js ${floor} or newer`,
  tookLong: 'not done within 3 seconds',
  tookLongRemedy: 'run it on its own (such as sumun audit verify)',
  unexpectedRemedy: 'remove the cause and look again',
  restNotRun: 'the configuration cannot be read, so nothing else was checked',
  summary: (failed, warned, passed) => `${failed} failed, ${plural(warned, 'warning')}, ${passed} passed`,
};
