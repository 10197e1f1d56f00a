import type { Allow, HostMatcher, PathMatcher, Route, RouteAuth } from '../../core/access/route.ts';
import type { Requirement } from '../../core/identity/factors.ts';
import type { Policy, RadiusClient } from '../../core/policy.ts';
import { SECOND } from '../../core/time.ts';

/**
 * What is shown of the running configuration: what is asked of whom, where. Built field by field, so that a setting that
 * is added later is not shown until somebody says so. No secret, no address of an upstream or a provider, no file.
 */
export const policyView = (policy: Policy) => ({
  digest: policy.digest,
  demo: policy.demo,
  routes: policy.routes.all.map(routeView),
  default_auth: policy.defaultRequirement === undefined ? null : wordOf(policy.defaultRequirement),
  otp: otpView(policy.otp),
  passwords: { min_length: policy.users.password.minLength },
  pins: {
    min_length: policy.users.pin.minLength,
    max_length: policy.users.pin.maxLength,
    forbid: [...policy.users.pin.forbid],
  },
  sms: {
    providers: policy.sms.providers.map(({ name, type }) => ({ name, type })),
    digits: policy.sms.code.digits,
    ttl: policy.sms.code.ttl / SECOND,
    tries: policy.sms.code.tries,
  },
  sessions: {
    idle: policy.sessions.idle / SECOND,
    max: policy.sessions.max / SECOND,
    concurrent: { max: policy.sessions.concurrent.max, beyond: policy.sessions.concurrent.then },
    bind_to: [...policy.sessions.bindTo],
  },
  radius: policy.radius.clients.map(radiusView),
  api: { compat: policy.apiCompat ?? null, networks: policy.console.networks.map(({ text }) => text) },
});

const otpView = (otp: Policy['otp']) => ({
  totp: { ...otp.totp },
  foreign_apps: { ...otp.foreignApps },
  hotp: { digits: otp.hotp.digits, look_ahead: otp.hotp.lookAhead },
  server: { digits: otp.server.digits, ttl: otp.server.ttl / SECOND },
  policies: otp.policies.map(({ groups, routes, mode, methods, when }) => ({
    groups: [...groups],
    apps: [...routes],
    mode,
    methods: [...methods],
    when: [...when],
  })),
  sealing: otp.sealing,
  lockout: { failures: otp.lockout.failures, for: otp.lockout.lockFor.map((time) => time / SECOND) },
});

const routeView = (route: Route) => ({
  name: route.name,
  title: route.title,
  line: route.place.line,
  hosts: route.hosts.map(hostText),
  paths: route.paths.map(pathText),
  methods: [...route.methods],
  auth: authText(route.auth),
  allow: allowView(route.allow),
  step_up: route.stepUp.map((rule) => ({
    methods: [...rule.methods],
    paths: rule.paths.map(pathText),
    auth: wordOf(rule.requirement),
    max_age: rule.requirement.maxAge === undefined ? null : rule.requirement.maxAge / SECOND,
  })),
  otp: route.otp,
  sms_fallback: route.smsFallback === undefined ? null : route.smsFallback.when,
  action: route.action.kind,
  enforce: route.enforce,
});

const radiusView = (client: RadiusClient) => ({
  name: client.name,
  networks: client.networks.map(({ text }) => text),
  auth: wordOf(client.requirement),
  allow: allowView(client.allow),
  otp: client.otp,
  mode: client.mode,
  concat: client.concat,
  require_message_authenticator: client.requireMessageAuthenticator,
});

const allowView = (allow: Allow) => ({
  users: [...allow.users],
  groups: [...allow.groups],
  networks: allow.networks.map(({ name }) => name),
  schedules: allow.schedules.map(({ name }) => name),
  except_users: [...allow.exceptUsers],
  except_groups: [...allow.exceptGroups],
});

/** The word of the configuration: `id+pw+otp`. */
const wordOf = ({ factors }: Requirement): string => ['id', ...factors].join('+');

const authText = (auth: RouteAuth): string => (auth.kind === 'sign-in' ? wordOf(auth.requirement) : auth.kind);

const hostText = (host: HostMatcher): string => (host.kind === 'exact' ? host.host : `*${host.suffix}`);

const pathText = (path: PathMatcher): string => (path.kind === 'pattern' ? `re:${path.source}` : path.path);
