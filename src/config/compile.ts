import { createHash } from 'node:crypto';
import { contains, readAddress } from '../core/access/cidr.ts';
import type { Schedule } from '../core/access/route.ts';
import { compileRoutes } from '../core/access/routes.ts';
import type { ListenAddress, OtpSettings, Policy, ServerSettings } from '../core/policy.ts';
import { compilePages } from './branding.ts';
import { compileIdentity } from './compile-identity.ts';
import { compileRouteList, makeUpstream, type Named } from './compile-routes.ts';
import { type Context, resolveFrom, writtenAt } from './context.ts';
import type { YamlPath } from './document.ts';
import { freeze } from './freeze.ts';
import type { Configuration } from './schema/root.ts';
import { warnIfOpen } from './secrets.ts';
import { name as readName } from './values.ts';

/**
 * Makes the policy from the values of the file: names become what they name, secrets are read, all of it is frozen.
 * What cannot be connected is reported; a policy with reported errors is never run.
 */
export function compile(config: Configuration, bytes: Uint8Array, context: Context): Policy {
  for (const section of [['networks'], ['schedules'], ['upstreams'], ['identity', 'profiles']] as const)
    checkNames(section, context);
  const identity = compileIdentity(config.identity, config.demo, context);
  const named = compileNames(config, identity.profiles);
  const routes = compileRoutes(compileRouteList(config, named, context));
  const policy: Policy = {
    file: context.file,
    digest: createHash('sha256').update(bytes).digest('hex'),
    demo: config.demo,
    server: compileServer(config, context),
    upstreams: named.upstreams,
    routes,
    users: {
      password: { minLength: config.users.password.min_length },
      pin: { ...config.users.pin.length, forbid: config.users.pin.forbid },
    },
    otp: compileOtp(config.otp),
    sessions: {
      idle: config.sessions.idle,
      max: config.sessions.max,
      cookieName: config.sessions.cookie.name,
      sameSite: config.sessions.cookie.same_site,
      concurrent: config.sessions.concurrent,
      bindTo: [...new Set(config.sessions.bind_to)],
    },
    identity,
    console: { listen: config.console.listen, networks: config.console.networks },
    storage: { path: resolveFrom(context, config.storage.url) },
    keys: compileKeys(config, context),
    log: config.log,
    pages: compilePages(config.pages, context),
  };
  if (config.demo) checkLoopback(config, context);
  return freeze(policy);
}

function checkNames(section: readonly string[], context: Context): void {
  const entries = writtenAt(context.document, section);
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) return;
  for (const entry of Object.keys(entries)) {
    const read = readName(entry);
    if (!read.ok) context.report(read.error.finding, [...section, entry], read.error.values, 'key');
  }
}

function compileNames(config: Configuration, profiles: ReadonlyMap<string, unknown>): Named {
  const upstreams = Object.entries(config.upstreams).map(
    ([name, values]) => [name, makeUpstream(name, values.targets, values.timeouts, values.pool)] as const,
  );
  const schedules = Object.entries(config.schedules).map(([name, values]): readonly [string, Schedule] => [
    name,
    {
      name,
      timezone: values.timezone,
      days: [...new Set(values.days)],
      ...values.hours,
      exceptDates: values.except_dates,
    },
  ]);
  return {
    networks: new Map(Object.entries(config.networks).map(([name, cidrs]) => [name, { name, cidrs }])),
    schedules: new Map(schedules),
    upstreams: new Map(upstreams),
    profiles: new Set(profiles.keys()),
  };
}

function compileServer(config: Configuration, context: Context): ServerSettings {
  const { server } = config;
  const { limits } = server;
  for (const [index, cidr] of server.trusted_proxies.entries()) {
    if (cidr.bits === 0) context.report('trusts-everyone', ['server', 'trusted_proxies', index], { found: cidr.text });
  }
  const taken = new Map<string, Listener>();
  for (const listener of listenersOf(config, context)) {
    const found = `${listener.address.host}:${listener.address.port}`;
    const path = listener.path ?? taken.get(found)?.path ?? [];
    if (listener.address.port !== 0 && taken.has(found)) context.report('same-address', path, { found });
    taken.set(found, listener);
  }
  return {
    listen: server.listen,
    reservedPath: server.reserved_path,
    trustedProxies: server.trusted_proxies,
    limits: {
      headerBytes: limits.header_bytes,
      headerTime: limits.header_time,
      body: limits.body,
      idle: limits.idle,
      connections: limits.connections,
      perAddress: limits.per_address,
    },
    drain: server.shutdown.drain,
  };
}

const compileOtp = (otp: Configuration['otp']): OtpSettings => ({
  totp: otp.totp,
  foreignApps: otp.foreign_apps,
  hotp: { digits: otp.hotp.digits, lookAhead: otp.hotp.look_ahead },
  lockout: { failures: otp.lockout.failures, lockFor: otp.lockout.for },
  clock: otp.clock,
});

/** A master key that was there once must be there: without it nothing in the database can be opened. */
function compileKeys(config: Configuration, context: Context): Policy['keys'] {
  const masterFile = resolveFrom(context, config.keys.master);
  const path = ['keys', 'master', 'file'];
  const read = context.files.read(masterFile, 64 * 1024);
  const isFresh = !context.files.exists(resolveFrom(context, config.storage.url));
  if (read.kind === 'missing')
    context.report(isFresh ? 'no-master-key' : 'secret-missing', path, { found: masterFile });
  else if (read.kind !== 'read') context.report('secret-unreadable', path, { found: masterFile });
  else if (read.bytes.length === 0) context.report('secret-empty', path, { found: masterFile });
  else warnIfOpen(masterFile, read.mode, path, context);
  return { masterFile, signingFolder: resolveFrom(context, config.keys.signing) };
}

/** Literal secrets are for this machine only. */
function checkLoopback(config: Configuration, context: Context): void {
  for (const { address, path } of listenersOf(config, context)) {
    const found = `${address.host}:${address.port}`;
    if (!isLoopback(address)) context.report('demo-not-loopback', path ?? ['demo'], { found });
  }
}

type Listener = { readonly address: ListenAddress; readonly path: YamlPath | undefined };

/** Every address listened on and where it is written, if it is. */
function listenersOf({ server, console }: Configuration, context: Context): readonly Listener[] {
  const isWritten = (path: YamlPath) => writtenAt(context.document, path) !== undefined;
  const gateway = server.listen.map((address, index) => ({ address, path: ['server', 'listen', index] }));
  const all = [...gateway, { address: console.listen, path: ['console', 'listen'] }];
  return all.map(({ address, path }) => ({ address, path: isWritten(path.slice(0, 2)) ? path : undefined }));
}

/** True if only this machine reaches the address. */
export function isLoopback({ host }: ListenAddress): boolean {
  if (host === 'localhost') return true;
  const address = readAddress(host);
  const loopback = { family: 4, base: 127n << 24n, bits: 8, text: '127.0.0.0/8' } as const;
  return address !== undefined && (contains(loopback, address) || (address.family === 6 && address.value === 1n));
}
