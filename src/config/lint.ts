import type { Allow, Route } from '../core/access/route.ts';
import type { Policy } from '../core/policy.ts';
import type { SessionLimits } from '../core/session/session.ts';
import { DAY } from '../core/time.ts';

import { type Context, writtenAt } from './context.ts';
import { canApply, coveredBy, EarlierRoutes, liesUnder, routesMayOverlap } from './coverage.ts';
import type { YamlPath } from './document.ts';
import { lintOtp } from './lint-otp.ts';
import { lintRadius } from './lint-radius.ts';
import { isLoopback } from './listeners.ts';
import { nearestTo } from './nearest.ts';
import type { Configuration } from './schema/root.ts';

/** Reports what each value allows but all of them together do not mean, and settings that weaken the gate. */
export function lint(config: Configuration, policy: Policy, context: Context): void {
  const routes = policy.routes.all;
  const seen: Seen = { routes: new EarlierRoutes(), names: new Map() };
  for (const route of routes) {
    lintReach(route, seen, policy, context);
    lintAllow(route, context);
    lintStepUps(route, context);
    lintTolerance(route, routes, context);
    lintAction(route, context);
    if (route.enforce === 'report_only')
      context.report('report-only', ['routes', route.index, 'enforce'], { found: route.name });
    lintIdle(route.session, ['routes', route.index, 'session', 'idle'], context);
  }
  if (routes.length === 0) context.report('no-routes', ['routes'], {}, 'key');
  lintAsked(policy, context);
  lintSettings(policy, context);
  for (const [index, { allow }] of policy.radius.clients.entries())
    lintEmptyAllow(allow, ['radius', 'clients', index, 'allow'], context);
  lintOtp(config, policy, context);
  lintRadius(config, policy, context);
  lintUnused(config, policy, context);
}

type Seen = { readonly routes: EarlierRoutes; readonly names: Map<string, Route> };

function lintReach(route: Route, seen: Seen, policy: Policy, context: Context): void {
  const path = ['routes', route.index];
  const covering = coveredBy(route, seen.routes)?.at(-1);
  const namesake = seen.names.get(route.name);
  seen.routes.add(route);
  seen.names.set(route.name, namesake ?? route);
  if (namesake !== undefined) {
    context.report('duplicate-name', [...path, 'name'], { found: route.name, line: String(namesake.place.line) });
  }
  const { reservedPath } = policy.server;
  if (liesUnder(route, reservedPath)) context.report('reserved-path', [...path, 'path'], { found: `${reservedPath}/` });
  if (covering === undefined) return;
  context.report('unreachable-route', path, {
    found: route.name,
    line: String(covering.place.line),
    other: covering.name,
  });
}

function lintAllow(route: Route, context: Context): void {
  const path = ['routes', route.index, 'allow'];
  const { allow } = route;
  lintEmptyAllow(allow, path, context);
  if (route.auth.kind === 'sign-in') return;
  const people = {
    users: allow.users,
    groups: allow.groups,
    except_users: allow.exceptUsers,
    except_groups: allow.exceptGroups,
  };
  for (const [key, list] of Object.entries(people)) {
    if (list.length > 0) context.report('allow-without-sign-in', [...path, key], { found: key }, 'key');
  }
}

/** An allow that names nobody lets everybody pass, which is hardly what its author thought. */
function lintEmptyAllow(allow: Allow, path: YamlPath, context: Context): void {
  const positive = ['users', 'groups', 'networks', 'schedules'] as const;
  const emptyLists = positive.filter((key) => isEmptyList(writtenAt(context.document, [...path, key])));
  const asksNothing =
    positive.every((key) => allow[key].length === 0) && allow.exceptUsers.length + allow.exceptGroups.length === 0;
  if (emptyLists[0] !== undefined && asksNothing) context.report('allows-everyone', [...path, emptyLists[0]]);
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

function lintStepUps(route: Route, context: Context): void {
  for (const [at, rule] of route.stepUp.entries()) {
    const path = ['routes', route.index, 'step_up', at];
    if (route.auth.kind !== 'sign-in') {
      context.report('step-up-without-sign-in', path);
      continue;
    }
    const own = route.auth.requirement.factors;
    const addsFactor = rule.requirement.factors.some((factor) => !own.includes(factor));
    if (!addsFactor && rule.requirement.maxAge === undefined) context.report('step-up-adds-nothing', path);
    if (!canApply(rule, route)) context.report('unreachable-step-up', path);
  }
}

/** An ambiguous path must not be able to lead to a route that asks for nothing. */
function lintTolerance(route: Route, routes: readonly Route[], context: Context): void {
  if (route.tolerate.length === 0) return;
  const isOpen = (other: Route) => (other.auth.kind === 'bypass') !== (route.auth.kind === 'bypass');
  const beside = routes.find((other) => other !== route && isOpen(other) && routesMayOverlap(route, other));
  if (beside === undefined) return;
  context.report('tolerate-beside-open', ['routes', route.index, 'tolerate'], {
    other: beside.name,
    line: String(beside.place.line),
  });
}

/** Keys that only mean something where requests are forwarded. */
function lintAction(route: Route, context: Context): void {
  const { kind } = route.action;
  if (kind === 'maintenance')
    context.report('in-maintenance', ['routes', route.index, 'maintenance'], { found: route.name });
  if (route.appLogout !== undefined && route.auth.kind !== 'sign-in')
    context.report('allow-without-sign-in', ['routes', route.index, 'app_logout'], { found: 'app_logout' }, 'key');
  // What stands beside `maintenance` is there for when it is over.
  if (kind === 'proxy' || kind === 'maintenance') return;
  const others = kind === 'forward_auth' ? ['maintenance'] : ['identity', 'websocket', 'tolerate'];
  for (const key of ['rewrite', 'app_logout', ...others]) {
    const path = ['routes', route.index, key];
    if (writtenAt(context.document, path) !== undefined)
      context.report('action-without-upstream', path, { found: key }, 'key');
  }
}

/** Routes of another proxy's that it has nowhere to ask about: their applications would be closed to everybody. */
function lintAsked({ routes, forwardAuth }: Policy, context: Context): void {
  const asked = routes.all.find((route) => route.action.kind === 'forward_auth');
  if (asked === undefined || forwardAuth.listen !== undefined) return;
  context.report('forward-auth-nowhere', ['routes', asked.index, 'mode'], { found: asked.name });
}

function lintSettings(policy: Policy, context: Context): void {
  const { otp, sessions, console: health } = policy;
  if (otp.lockout.failures > 10)
    context.report('weak-lockout', ['otp', 'lockout', 'failures'], { found: String(otp.lockout.failures) });
  if (otp.totp.window > 2) {
    const codes = String(2 * otp.totp.window + 1);
    context.report('wide-window', ['otp', 'totp', 'window'], { found: String(otp.totp.window), codes });
  }
  if (sessions.max > DAY) context.report('long-session', ['sessions', 'max']);
  lintIdle(sessions, ['sessions', 'idle'], context);
  if (!isLoopback(health.listen) && health.networks.length === 0) {
    context.report('public-health', ['console', 'listen'], { found: `${health.listen.host}:${health.listen.port}` });
  }
}

/** A short `max` alone is fine; a longer `idle` that somebody wrote beside it is a misunderstanding. */
function lintIdle(limits: SessionLimits, path: YamlPath, context: Context): void {
  if (limits.idle > limits.max && writtenAt(context.document, path) !== undefined)
    context.report('idle-beyond-max', path);
}

function lintUnused(config: Configuration, policy: Policy, context: Context): void {
  const routes = policy.routes.all;
  const allows = [...routes, ...policy.radius.clients].map(({ allow }) => allow);
  const used = {
    networks: allows.flatMap((allow) => allow.networks.map((network) => network.name)),
    schedules: allows.flatMap((allow) => allow.schedules.map((schedule) => schedule.name)),
    upstreams: config.routes.flatMap(({ to }) => (to?.kind === 'name' ? [to.name] : [])),
  };
  for (const section of ['networks', 'schedules', 'upstreams'] as const) {
    const unused = Object.keys(config[section]).filter((name) => !used[section].includes(name));
    for (const name of unused) context.report('name-unused', [section, name], { found: name, section }, 'key');
  }
  lintProfiles(config, policy, context);
}

/** A mistyped `standard` would be a profile of its own, and every route would go on with the built-in one. */
function lintProfiles(config: Configuration, policy: Policy, context: Context): void {
  const used = new Set(['standard', ...policy.routes.all.map((route) => route.identity)]);
  for (const name of Object.keys(config.identity.profiles)) {
    if (used.has(name)) continue;
    const path = ['identity', 'profiles', name];
    const suggestion = nearestTo(name, ['standard']);
    if (suggestion === undefined)
      context.report('name-unused', path, { found: name, section: 'identity.profiles' }, 'key');
    else context.report('mistyped-profile', path, { found: name, suggestion }, 'key');
  }
}
