import type { Factor } from '../identity/factors.ts';
import { missingFactors, type Session } from '../session/session.ts';
import type { Instant } from '../time.ts';
import { otpDemandOf } from '../verification/demand.ts';
import type { Address } from './cidr.ts';
import { accountBar, networksAllow, schedulesAllow } from './criteria.ts';
import { type AccessDecision, decideAccess, type Reported, stepUpsFor } from './decide.ts';
import type { Place, Route } from './route.ts';
import { matchRoute, type RouteTable, servesHost, servesMethod, servesPath } from './routes.ts';
import { canonicalise, type RawTarget, type Target } from './target.ts';

/** What became of one criterion of one rule. */
export type Verdict = 'hit' | 'miss' | 'not-looked-at' | 'depends-on-sign-in';

export const CRITERIA = ['host', 'path', 'method', 'network', 'schedule', 'user', 'group', 'factors'] as const;
export type Criterion = (typeof CRITERIA)[number];

/** One route of the table and how far the request got with it. */
export type TraceRow = {
  readonly route: string;
  readonly place: Place;
  readonly decided: boolean;
  readonly criteria: Readonly<Record<Criterion, Verdict>>;
};

/** The decision on a request, in words that the command line, the tests of a configuration and the API share. */
export type Explanation = {
  readonly decision: 'allow' | 'need' | 'deny' | 'redirect' | 'respond' | 'refuse';
  readonly status: number;
  readonly route: Route | undefined;
  readonly target: Target | undefined;
  readonly need: readonly Factor[];
  readonly reason: string;
  readonly place: Place | undefined;
  readonly reported: Reported | undefined;
  readonly trace: readonly TraceRow[];
};

export type ExplainFacts = {
  readonly table: RouteTable;
  readonly raw: RawTarget;
  /** A person without any proof is a session with no proofs: users and groups are known, factors are missing. */
  readonly session: Session | undefined;
  readonly address: Address;
  readonly now: Instant;
  /** Routes that a sealed code opened, and until when. */
  readonly opened?: ReadonlyMap<string, Instant>;
};

/**
 * Decides a request with the very functions the gateway calls and says which rule decided and what every rule before
 * and after it made of the request.
 */
export function explainAccess(facts: ExplainFacts): Explanation {
  const nothing = { route: undefined, target: undefined, need: [], place: undefined, reported: undefined, trace: [] };
  const read = canonicalise(facts.raw);
  if (!read.ok) return { ...nothing, decision: 'refuse', status: read.error.status, reason: read.error.code };
  const target = read.value;
  const { method } = facts.raw;
  const match = matchRoute(facts.table, target, method);
  if (match.kind !== 'route') {
    const status = { 'no-route': 404, 'unknown-host': 421, ambiguous: 400 }[match.kind];
    const trace = traceOf(facts, target, undefined);
    return { ...nothing, decision: 'refuse', status, target, reason: match.kind, trace };
  }
  const { route } = match;
  const { session, address, now } = facts;
  const opened = facts.opened?.get(route.name);
  const decision = decideAccess({ route, target, method, session, address, now, opened });
  const trace = traceOf(facts, target, route);
  return { route, target, trace, ...verdictOf(route, decision) };
}

function verdictOf(
  route: Route,
  decision: AccessDecision,
): Pick<Explanation, 'decision' | 'status' | 'need' | 'reason' | 'place' | 'reported'> {
  const plain = { need: [], place: route.place, reported: undefined };
  // Nobody is asked to sign in only to read that the application is closed.
  if (route.action.kind === 'maintenance' && decision.kind !== 'deny') {
    return { ...plain, decision: 'respond', status: 503, reason: 'maintenance' };
  }
  switch (decision.kind) {
    case 'deny':
      return { ...plain, decision: 'deny', status: 403, reason: decision.reason };
    case 'authenticate':
      return {
        ...plain,
        decision: 'need',
        status: 303,
        need: decision.need,
        reason: decision.reason,
        place: decision.place,
      };
    case 'forward': {
      const reported = decision.reported;
      const reason = forwardReason(route, decision);
      const { action } = route;
      if (action.kind === 'redirect')
        return { ...plain, decision: 'redirect', status: action.status, reason, reported };
      if (action.kind === 'respond') return { ...plain, decision: 'respond', status: action.status, reason, reported };
      return { ...plain, decision: 'allow', status: 200, reason, reported };
    }
  }
}

function forwardReason(route: Route, decision: Extract<AccessDecision, { kind: 'forward' }>): string {
  if (decision.reported !== undefined) return 'report-only';
  if (decision.opened !== undefined) return 'break-glass';
  return route.auth.kind === 'bypass' ? 'bypass' : 'allowed';
}

function traceOf(facts: ExplainFacts, target: Target, decided: Route | undefined): readonly TraceRow[] {
  return facts.table.all.map((route) => {
    const row = { route: route.name, place: route.place, decided: route === decided };
    if (decided !== undefined && route.index > decided.index) return { ...row, criteria: verdicts({}) };
    const host = servesHost(route, target.host);
    const path = target.readings.every((reading) => servesPath(route, reading));
    const method = servesMethod(route.methods, facts.raw.method);
    const asked = {
      host: hitOrMiss(host),
      path: host ? hitOrMiss(path) : undefined,
      method: host && path ? hitOrMiss(method) : undefined,
    };
    return {
      ...row,
      criteria: verdicts(route === decided ? { ...asked, ...criteriaOf(facts, target, route) } : asked),
    };
  });
}

/** What the criteria behind the match say, each on its own, so that all that stands in the way is seen at once. */
function criteriaOf(facts: ExplainFacts, target: Target, route: Route): Partial<Record<Criterion, Verdict>> {
  const { session, address, now } = facts;
  const { allow, auth } = route;
  if (auth.kind === 'deny') return {};
  const place = {
    ...(allow.networks.length > 0 && { network: hitOrMiss(networksAllow(allow, address)) }),
    ...(allow.schedules.length > 0 && { schedule: hitOrMiss(schedulesAllow(allow, now)) }),
  };
  if (auth.kind === 'bypass') return place;
  const asksUser = allow.users.length + allow.exceptUsers.length > 0;
  const asksGroup = allow.groups.length + allow.exceptGroups.length > 0;
  if (session === undefined) {
    const later = 'depends-on-sign-in' as const;
    return { ...place, ...(asksUser && { user: later }), ...(asksGroup && { group: later }), factors: 'miss' };
  }
  const onlyUsers = accountBar({ ...allow, groups: [], exceptGroups: [] }, session.account);
  const onlyGroups = accountBar({ ...allow, users: [], exceptUsers: [] }, session.account);
  const asked = [
    auth.requirement,
    ...stepUpsFor({ route, target, method: facts.raw.method }).map((rule) => rule.requirement),
  ];
  const demand = otpDemandOf(route, session.account);
  const proved = asked.every((requirement) => missingFactors(requirement, session.proofs, now, demand).length === 0);
  return {
    ...place,
    ...(asksUser && { user: hitOrMiss(onlyUsers === undefined) }),
    ...(asksGroup && { group: hitOrMiss(onlyGroups === undefined) }),
    factors: hitOrMiss(proved),
  };
}

const hitOrMiss = (held: boolean): Verdict => (held ? 'hit' : 'miss');

const verdicts = (known: Partial<Record<Criterion, Verdict | undefined>>): Readonly<Record<Criterion, Verdict>> => ({
  host: known.host ?? 'not-looked-at',
  path: known.path ?? 'not-looked-at',
  method: known.method ?? 'not-looked-at',
  network: known.network ?? 'not-looked-at',
  schedule: known.schedule ?? 'not-looked-at',
  user: known.user ?? 'not-looked-at',
  group: known.group ?? 'not-looked-at',
  factors: known.factors ?? 'not-looked-at',
});
