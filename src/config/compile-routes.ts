import type { Allow, Network, Rewrite, Route, RouteAction, RouteAuth, Schedule, StepUp } from '../core/access/route.ts';
import type { Factor } from '../core/identity/factors.ts';
import type { Upstream } from '../core/policy.ts';
import type { placeRules } from './compile-otp.ts';
import { upstreamAt } from './compile-upstreams.ts';
import { type Context, lineOf } from './context.ts';
import type { YamlPath } from './document.ts';
import { reportUnknown } from './references.ts';
import type { Configuration } from './schema/root.ts';
import type { TargetAddress } from './schema/upstreams.ts';
import type { AuthWord } from './values.ts';

type RouteValues = Configuration['routes'][number];

/** Everything a route may refer to by name. */
export type Named = {
  readonly networks: ReadonlyMap<string, Network>;
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly upstreams: Map<string, Upstream>; // routes with an address of their own add to it
  readonly profiles: ReadonlySet<string>;
};

type RulesOf = ReturnType<typeof placeRules>;

/** Compiles the routes in file order. Names that lead nowhere are reported. */
export const compileRouteList = (
  config: Configuration,
  named: Named,
  rulesOf: RulesOf,
  context: Context,
): readonly Route[] =>
  config.routes.map((values, index) => compileRoute(values, index, config, named, rulesOf, context));

function compileRoute(
  values: RouteValues,
  index: number,
  config: Configuration,
  named: Named,
  rulesOf: RulesOf,
  context: Context,
): Route {
  const path = ['routes', index];
  const auth = compileAuth(values, config);
  const keeps = values.keep_post && auth.kind === 'sign-in';
  if (values.identity !== 'none')
    reportUnknown(values.identity, ['identity', 'profiles'], named.profiles, [...path, 'identity'], context);
  return {
    index,
    name: values.name,
    title: values.title,
    place: { file: context.file, line: lineOf(context, path) },
    hosts: values.host ?? [],
    paths: values.path ?? [],
    methods: values.methods ?? [],
    auth,
    allow: compileAllow(values.allow ?? {}, named, [...path, 'allow'], context),
    stepUp: values.step_up.map((rule, at) => compileStepUp(rule, [...path, 'step_up', at], context)),
    otp: values.otp,
    ...rulesOf(values.name, factorsAsked(auth, values.step_up)),
    action: compileAction(values, named, path, context),
    session: {
      idle: Math.min(values.session.idle ?? Number.POSITIVE_INFINITY, config.sessions.idle),
      max: Math.min(values.session.max ?? Number.POSITIVE_INFINITY, config.sessions.max),
    },
    explain: values.explain,
    fix: values.fix,
    ...(keeps ? { keepPost: config.defaults.keep_post_body } : {}),
    enforce: values.enforce,
    rewrite: compileRewrite(values.rewrite),
    identity: values.identity === 'none' ? undefined : values.identity,
    websocket: values.websocket,
    limits: { body: values.limits.body, ...(values.limits.rate === undefined ? {} : { rate: values.limits.rate }) },
    tolerate: [...new Set(values.tolerate)],
    appLogout: values.app_logout ?? undefined,
    breakGlass: values.break_glass,
  };
}

/** Every factor a route may ask for, its step-ups included. */
const factorsAsked = (auth: RouteAuth, stepUps: RouteValues['step_up']): readonly Factor[] =>
  auth.kind === 'sign-in' ? [...auth.requirement.factors, ...stepUps.flatMap((rule) => rule.auth.factors)] : [];

/** A route that only answers is open unless it says otherwise; a route that forwards takes the default. */
function compileAuth(values: RouteValues, config: Configuration): RouteAuth {
  const own = [values.redirect, values.respond, compileMaintenance(values)];
  const answersItself = values.to === undefined && own.some((answer) => answer !== undefined);
  const word: AuthWord = values.auth ?? (answersItself ? { kind: 'bypass' } : config.defaults.auth);
  return word.kind === 'sign-in' ? { kind: 'sign-in', requirement: { factors: word.factors } } : { kind: word.kind };
}

function compileAction(values: RouteValues, named: Named, path: YamlPath, context: Context): RouteAction {
  const actions = (['to', 'redirect', 'respond'] as const).filter((key) => values[key] !== undefined);
  const { to } = values;
  const closed = compileMaintenance(values);
  if (closed !== undefined && values.mode !== 'forward_auth') {
    compileTo(to, named, path, context);
    if (actions.length > 1) context.report('one-action', path, { found: actions.join(', ') });
    return closed;
  }
  if (values.mode === 'forward_auth') return compileAsked(values, named, path, context);
  if (actions.length !== 1) context.report('one-action', path, { found: actions.join(', ') || '0' });
  const upstream = compileTo(to, named, path, context);
  if (upstream !== undefined) return { kind: 'proxy', upstream };
  if (values.redirect !== undefined) return { kind: 'redirect', location: values.redirect, status: 302 };
  const { status = 404, body = '', content_type: contentType = 'text/plain; charset=utf-8' } = values.respond ?? {};
  return { kind: 'respond', status, body, contentType };
}

/** Name of the upstream that `to` means; undefined where there is no `to`. */
function compileTo(to: RouteValues['to'], named: Named, path: YamlPath, context: Context): string | undefined {
  if (to?.kind === 'address') return anonymousUpstream(to.address, named);
  if (to?.kind === 'name')
    reportUnknown(to.name, ['upstreams'], new Set(named.upstreams.keys()), [...path, 'to'], context);
  return to?.name;
}

function compileMaintenance({ maintenance }: RouteValues): RouteAction | undefined {
  if (maintenance === undefined || maintenance === false) return undefined;
  if (maintenance === true) return { kind: 'maintenance', text: {}, until: undefined };
  return { kind: 'maintenance', text: maintenance.text, until: maintenance.until };
}

/** A route of an application that another proxy has. `to` may say where it is; nothing is sent there. */
function compileAsked(values: RouteValues, named: Named, path: YamlPath, context: Context): RouteAction {
  const { to, redirect, respond } = values;
  if (redirect !== undefined || respond !== undefined) context.report('one-action', path, { found: 'forward_auth' });
  if (to?.kind === 'name')
    reportUnknown(to.name, ['upstreams'], new Set(named.upstreams.keys()), [...path, 'to'], context);
  return { kind: 'forward_auth' };
}

/** An application that has no entry of its own goes by its address; no entry can have such a name. */
function anonymousUpstream(address: TargetAddress, named: Named): string {
  const upstream = upstreamAt(address);
  if (!named.upstreams.has(upstream.name)) named.upstreams.set(upstream.name, upstream);
  return upstream.name;
}

/** Who may pass. Names that lead nowhere are reported. */
export function compileAllow(
  allow: NonNullable<RouteValues['allow']>,
  named: Named,
  path: YamlPath,
  context: Context,
): Allow {
  const find = <T>(key: 'networks' | 'schedules', known: ReadonlyMap<string, T>): readonly T[] =>
    (allow[key] ?? []).flatMap((name, at) => {
      reportUnknown(name, [key], new Set(known.keys()), [...path, key, at], context);
      const found = known.get(name);
      return found === undefined ? [] : [found];
    });
  return {
    users: allow.users ?? [],
    groups: allow.groups ?? [],
    networks: find('networks', named.networks),
    schedules: find('schedules', named.schedules),
    exceptUsers: allow.except_users ?? [],
    exceptGroups: allow.except_groups ?? [],
  };
}

const compileStepUp = (rule: RouteValues['step_up'][number], path: YamlPath, context: Context): StepUp => ({
  methods: rule.methods ?? [],
  paths: rule.path ?? [],
  requirement: { factors: rule.auth.factors, ...(rule.max_age === undefined ? {} : { maxAge: rule.max_age }) },
  reason: rule.reason,
  place: { file: context.file, line: lineOf(context, path) },
});

const compileRewrite = (rewrite: RouteValues['rewrite']): Rewrite => ({
  host: rewrite.host,
  stripPrefix: rewrite.strip_prefix,
  addPrefix: rewrite.add_prefix,
  location: rewrite.location,
  names: rewrite.names,
  cookies: {
    domain: rewrite.cookies.domain,
    path: rewrite.cookies.path,
    add: [...new Set(rewrite.cookies.add)],
    sameSite: rewrite.cookies.same_site,
  },
});
