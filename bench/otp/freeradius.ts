/** The yardstick: FreeRADIUS with a static users file, one thread, no logging. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startOn } from '../processes.ts';
import { loginOf } from './people.ts';

const BINARY = ['/usr/sbin/freeradius', '/usr/sbin/radiusd'].find((path) => existsSync(path));

/** The password of a person there. */
export const staticPasswordOf = (login: string): string => `static-${login}`;

const radiusd = (folder: string, port: number, secret: string): string => `
prefix = /usr
name = bench
raddbdir = ${folder}
logdir = ${folder}
run_dir = ${folder}
libdir = /usr/lib/freeradius
pidfile = ${folder}/pid
cleanup_delay = 0
max_request_time = 5
max_requests = 16384
log {
  destination = files
  file = ${folder}/log
  auth = no
}
security {
  max_attributes = 200
  reject_delay = 0
  status_server = no
  allow_vulnerable_openssl = no
}
thread pool {
  start_servers = 1
  max_servers = 1
  min_spare_servers = 1
  max_spare_servers = 1
  max_requests_per_server = 0
}
client bench {
  ipaddr = 127.0.0.1
  secret = ${secret}
  require_message_authenticator = yes
}
modules {
  files {
    usersfile = ${folder}/users
  }
  pap {
  }
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    files
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
}
`;

/** Starts it on a core; undefined where it is not installed. */
export async function startFreeRadius(
  folder: string,
  port: number,
  secret: string,
  people: number,
): Promise<number | undefined> {
  if (BINARY === undefined) return undefined;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const dictionary = ['/usr/share/freeradius/dictionary', '/etc/freeradius/3.0/dictionary'].find(existsSync);
  writeFileSync(join(folder, 'dictionary'), `$INCLUDE ${dictionary}\n`);
  writeFileSync(join(folder, 'radiusd.conf'), radiusd(folder, port, secret));
  const users = Array.from({ length: people }, (_, n) => loginOf(n));
  const lines = users.map((login) => `${login} Cleartext-Password := "${staticPasswordOf(login)}"\n`);
  writeFileSync(join(folder, 'users'), lines.join(''));
  const check = spawnSync(BINARY, ['-C', '-d', folder, '-n', 'radiusd'], { encoding: 'utf8' });
  if (check.status !== 0) throw new Error(`freeradius refuses its configuration: ${check.stdout}${check.stderr}`);
  const child = startOn(0, BINARY, ['-f', '-d', folder, '-n', 'radiusd']);
  await wait(1500);
  return child.pid;
}
