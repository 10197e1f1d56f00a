/** Starts programs on one core and reads what they cost from /proc. Linux only. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** Everything that was started, in order, for `stopAll`. */
const started: ChildProcess[] = [];

/** Runs a program on the given core until `stopAll`. Its complaints go to this program's stderr. */
export function startOn(
  core: number | string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  started.push(child);
  return child;
}

/** A script at work: what it will print, and a way to tell it that it is enough. */
export type RunningScript = { readonly printed: Promise<unknown>; stop(): void };

/** Starts a script of this folder on a core. What it prints is one line of JSON. */
export function startScript(core: number, script: string, settings: object): RunningScript {
  const child = spawn('taskset', ['-c', String(core), process.execPath, script, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  const printed = once(child, 'close').then((): unknown => {
    if (child.exitCode !== 0) throw new Error(`${script} ended with ${child.exitCode ?? child.signalCode}`);
    return JSON.parse(output);
  });
  return { printed, stop: () => child.kill('SIGTERM') };
}

/** Runs a script of this folder on a core and answers what it printed. */
export const runScript = (core: number, script: string, settings: object): Promise<unknown> =>
  startScript(core, script, settings).printed;

/** Keeps this process itself off the core of the proxy under test. */
export function stayOn(core: number): void {
  spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' });
}

/** True if the program is on the PATH. */
export const isInstalled = (program: string): boolean => spawnSync('which', [program]).status === 0;

/** Ends what was started when this process itself is told to end. */
export function stopOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void stopAll().finally(() => process.exit(1));
    });
  }
}

/** Ends what `startOn` started, last first. */
export async function stopAll(): Promise<void> {
  for (const child of started.splice(0).reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(forced);
  }
}

/** The process and all its descendants. */
export function familyOf(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
  return [pid, ...children.flatMap((child) => familyOf(child))];
}

/** User and system time of the processes so far, in microseconds (a clock tick is 10 ms). */
export function cpuMicroseconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces; utime and stime are the 12th and 13th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each, 0) * 10_000;
}

/** Resident memory of the processes, in bytes. */
export const residentBytes = (pids: readonly number[]): number =>
  pids
    .map((pid) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024)
    .reduce((sum, each) => sum + each, 0);

/** Open file descriptors of the processes. */
export const openFiles = (pids: readonly number[]): number =>
  pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length).reduce((sum, each) => sum + each, 0);

/** How many files this process and whatever it starts may have open (`ulimit -n`). */
export const openFilesAllowed = (): number =>
  Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}

/** Waits until somebody listens on the port; throws when the seconds are over. */
export async function untilListening(port: number, seconds = 30): Promise<void> {
  for (let tries = 0; tries < seconds * 20; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const { promise, resolve } = Promise.withResolvers<boolean>();
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    const isOpen = await promise;
    socket.destroy();
    if (isOpen) return;
    await wait(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
