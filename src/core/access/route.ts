import type { Requirement } from '../identity/factors.ts';
import type { SessionLimits } from '../session/session.ts';
import type { Instant, Milliseconds } from '../time.ts';
import type { OtpMethod, OtpRule, SmsFallback } from '../verification/demand.ts';
import type { Cidr } from './cidr.ts';

/** A text in the languages it was written in; Korean is the fallback, then whatever there is. */
export type LocalText = { readonly ko?: string; readonly en?: string; readonly ja?: string };

/** Where a rule stands in the configuration file, for `explain`, the log and the audit record. */
export type Place = { readonly file: string; readonly line: number };

/** One way a route's `path` may match. Patterns come from a linear-time engine and are handed in ready to call. */
export type PathMatcher =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly path: string }
  | { readonly kind: 'pattern'; readonly source: string; readonly test: (path: string) => boolean };

/** One way a route's `host` may match: exactly, or any name below a suffix (`*.corp.example`). */
export type HostMatcher =
  | { readonly kind: 'exact'; readonly host: string }
  | { readonly kind: 'suffix'; readonly suffix: string };

/** A weekly window in a time zone, with whole days excepted. Times are minutes since midnight; `to` may be 1440. */
export type Schedule = {
  readonly name: string;
  readonly timezone: string;
  readonly days: readonly number[]; // 0 = Sunday
  readonly from: number;
  readonly to: number;
  readonly exceptDates: readonly string[]; // YYYY-MM-DD in the schedule's zone
};

/** A named list of networks. */
export type Network = { readonly name: string; readonly cidrs: readonly Cidr[] };

/** Who may pass: keys are AND, values in a list are OR, `except…` are NOT. An empty list asks nothing. */
export type Allow = {
  readonly users: readonly string[]; // folded logins
  readonly groups: readonly string[];
  readonly networks: readonly Network[];
  readonly schedules: readonly Schedule[];
  readonly exceptUsers: readonly string[];
  readonly exceptGroups: readonly string[];
};

/** A stricter requirement for some methods or paths of a route. It can only add to what the route asks for. */
export type StepUp = {
  readonly methods: readonly string[]; // empty = all
  readonly paths: readonly PathMatcher[]; // empty = all
  readonly requirement: Requirement;
  readonly reason: LocalText;
  readonly place: Place;
};

export type Tolerance = 'encoded_slash' | 'double_slash' | 'double_encoding' | 'legacy_encoding';

/** What answers a request that was let through. */
export type RouteAction =
  | { readonly kind: 'proxy'; readonly upstream: string }
  | { readonly kind: 'redirect'; readonly location: string; readonly status: 301 | 302 | 303 | 307 | 308 }
  | { readonly kind: 'respond'; readonly status: number; readonly body: string; readonly contentType: string }
  /** The application is closed for a while: a page of ours says so, with 503. */
  | { readonly kind: 'maintenance'; readonly text: LocalText; readonly until: Instant | undefined }
  /** `mode: forward_auth`: another proxy has the application and asks us. Nothing is served on our own listener. */
  | { readonly kind: 'forward_auth' };

/** Signing out of an application and of the gateway together. */
export type AppLogout = {
  /** Requests of the application's own sign-out, after which the session here ends too. */
  readonly watch: readonly PathMatcher[];
  /** Path called at the application, with its cookies, when somebody signs out here. */
  readonly call: string | undefined;
  /** Cookies of the application that end with the session. */
  readonly clearCookies: readonly string[];
};

/** How a route is entered: without sign-in, never, or by proving factors. */
export type RouteAuth =
  | { readonly kind: 'bypass' }
  | { readonly kind: 'deny' }
  | { readonly kind: 'sign-in'; readonly requirement: Requirement };

/** A name an application uses for itself. No port stands for the usual ones, 80 and 443. */
export type OwnName = { readonly host: string; readonly port: number | undefined };

/** What is changed between the browser's view and the application's. */
export type Rewrite = {
  /** `keep` sends the browser's Host, `upstream` the target's own, anything else is sent as it is written. */
  readonly host: string;
  readonly stripPrefix: string;
  readonly addPrefix: string;
  readonly location: 'auto' | 'keep';
  /** What the application calls itself besides its targets, each with a port or for the two usual ones. */
  readonly names: readonly OwnName[];
  readonly cookies: {
    readonly domain: 'auto' | 'keep';
    readonly path: 'auto' | 'keep';
    readonly add: readonly ('Secure' | 'HttpOnly')[];
    readonly sameSite: 'keep' | 'lax' | 'strict' | 'none';
  };
};

export type RouteLimits = {
  /** Largest request body in bytes; 0 = no limit of the route's own. */
  readonly body: number;
  /** Requests allowed in a period for one person (or one address, without sign-in); absent = no limit. */
  readonly rate?: { readonly count: number; readonly per: Milliseconds };
};

/** One compiled route. The order in the table is the order in the file: the first match wins. */
export type Route = {
  readonly index: number;
  readonly name: string;
  readonly title: LocalText;
  readonly place: Place;
  readonly hosts: readonly HostMatcher[]; // empty = any host
  readonly paths: readonly PathMatcher[]; // empty = every path
  readonly methods: readonly string[]; // empty = every method; HEAD follows GET
  readonly auth: RouteAuth;
  readonly allow: Allow;
  readonly stepUp: readonly StepUp[];
  /** Which kind of OTP is accepted here. */
  readonly otp: OtpMethod;
  /** Entries of `otp.policies` that may hold here, in order. */
  readonly otpRules: readonly OtpRule[];
  /** Whether a code by SMS stands in for an OTP here. */
  readonly smsFallback: SmsFallback | undefined;
  readonly action: RouteAction;
  readonly session: SessionLimits;
  readonly explain: LocalText;
  readonly fix: LocalText;
  /** How a form POST without a session is kept; absent = it is not. */
  readonly keepPost?: { readonly max: number; readonly for: Milliseconds };
  readonly enforce: 'full' | 'report_only';
  readonly rewrite: Rewrite;
  /** Name of the identity profile, or undefined for none. */
  readonly identity: string | undefined;
  readonly websocket: { readonly allow: boolean; readonly idle: Milliseconds };
  readonly limits: RouteLimits;
  readonly tolerate: readonly Tolerance[];
  readonly appLogout: AppLogout | undefined;
  /** Whether a sealed code may open it without sign-in for a while. */
  readonly breakGlass: boolean;
};
