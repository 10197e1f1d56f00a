import { createHash } from 'node:crypto';
import type { Schedule } from '../core/access/route.ts';
import { compileRoutes } from '../core/access/routes.ts';
import type { Policy } from '../core/policy.ts';
import { compilePages } from './branding.ts';
import { compileForwardAuth } from './compile-forward-auth.ts';
import { compileIdentity } from './compile-identity.ts';
import { compileOtp, placeRules } from './compile-otp.ts';
import { compileRadius } from './compile-radius.ts';
import { compileRouteList, type Named } from './compile-routes.ts';
import { compileServer } from './compile-server.ts';
import { compileSms } from './compile-sms.ts';
import { compileUpstream } from './compile-upstreams.ts';
import { type Context, resolveFrom, writtenAt } from './context.ts';
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
  const identity = compileIdentity(config, context);
  const named = compileNames(config, identity.profiles, context);
  const otp = compileOtp(config.otp, context);
  const rulesOf = placeRules(otp.policies, config.sms);
  const routes = compileRoutes(compileRouteList(config, named, rulesOf, context));
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
    otp,
    sessions: {
      idle: config.sessions.idle,
      max: config.sessions.max,
      cookieName: config.sessions.cookie.name,
      sameSite: config.sessions.cookie.same_site,
      concurrent: config.sessions.concurrent,
      bindTo: [...new Set(config.sessions.bind_to)],
    },
    identity,
    sms: compileSms(config.sms, config.demo, context),
    radius: compileRadius(config, named, rulesOf, context),
    forwardAuth: compileForwardAuth(config, context),
    apiCompat: config.server.api_compat ?? undefined,
    defaultRequirement: config.defaults.auth.kind === 'sign-in' ? { factors: config.defaults.auth.factors } : undefined,
    console: { listen: config.console.listen, networks: config.console.networks },
    storage: { path: resolveFrom(context, config.storage.url) },
    keys: compileKeys(config, context),
    log: config.log,
    pages: compilePages(config.pages, context),
  };
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

function compileNames(config: Configuration, profiles: ReadonlyMap<string, unknown>, context: Context): Named {
  const upstreams = Object.entries(config.upstreams).map(
    ([name, values]) => [name, compileUpstream(name, values, config.demo, context)] as const,
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
