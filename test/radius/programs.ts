import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

const folders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'];
const pathOf = (name: string): string | undefined =>
  folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));

export const radclient = pathOf('radclient');
export const freeradius = pathOf('freeradius') ?? pathOf('radiusd');
export const python = pathOf('python3');
export const openssl = pathOf('openssl');
export const pamRadius = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/lib64', '/usr/lib64']
  .map((folder) => `${folder}/security/pam_radius_auth.so`)
  .find((path) => existsSync(path));

/** Says in one line what is not run because a program is missing. */
export function skipped(missing: boolean, what: string): boolean {
  if (missing) process.stderr.write(`not installed, its tests are skipped: ${what}\n`);
  return missing;
}

/** Runs a program with text on its standard input; answers what it wrote, whatever its exit code. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 30_000 }, (_, stdout, stderr) => resolve(stdout + stderr));
    child.stdin?.end(input);
  });
}

/** An authority and certificates of `server` and `nas` made by it, as PEM files in a folder. */
export function makeCertificates(folder: string): void {
  const make = (...args: readonly string[]) => execFileSync(openssl ?? '', args, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  make('req', '-x509', ...key, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test-ca');
  for (const name of ['server', 'nas']) {
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-out', `${name}.pem`];
    make('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    make('x509', '-req', '-in', `${name}.csr`, ...signed);
  }
}

/** Sends one packet with `radclient`, once; answers what it wrote. */
export const radclientSend = (
  port: number,
  what: 'auth' | 'status',
  secret: string,
  attributes: string,
  ...more: readonly string[]
) => run(radclient ?? '', ['-x', '-r', '1', '-t', '2', ...more, `127.0.0.1:${port}`, what, secret], attributes);

/** A FreeRADIUS in the foreground with its configuration in `folder`. */
export async function startFreeradius(folder: string): Promise<{ output(): string; stop(): Promise<void> }> {
  const child = spawn(freeradius ?? '', ['-X', '-d', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const deadline = Date.now() + 15_000;
  while (!output.includes('Ready to process requests')) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`FreeRADIUS did not start:\n${output.slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    output: () => output,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
