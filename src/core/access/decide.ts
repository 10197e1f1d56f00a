import type { Factor, Requirement } from '../identity/factors.ts';
import { isLive, isProved, missingFactors, type Session } from '../session/session.ts';
import type { Instant } from '../time.ts';
import { otpDemandOf } from '../verification/demand.ts';
import type { Address } from './cidr.ts';
import { accountBar, networksAllow, schedulesAllow } from './criteria.ts';
import type { LocalText, Place, Route, StepUp } from './route.ts';
import { matchesPath, servesMethod } from './routes.ts';
import type { Target } from './target.ts';

/** Everything a decision about access looks at. The session has already been found live or is absent. */
export type AccessFacts = {
  readonly route: Route;
  readonly target: Target;
  readonly method: string;
  readonly session: Session | undefined;
  readonly address: Address;
  readonly now: Instant;
  /** Until when a sealed code opened the route without sign-in. */
  readonly opened?: Instant | undefined;
};

export type DenyReason =
  | 'rule-denies'
  | 'user-not-allowed'
  | 'user-excepted'
  | 'group-not-allowed'
  | 'group-excepted'
  | 'network-not-allowed'
  | 'outside-schedule';

export type NeedReason = 'no-session' | 'session-expired' | 'factor-missing' | 'too-long-ago';

/** The refusal or demand that `report_only` let pass. */
export type Reported =
  | { readonly kind: 'authenticate'; readonly reason: NeedReason; readonly need: readonly Factor[] }
  | { readonly kind: 'deny'; readonly reason: DenyReason };

export type AccessDecision =
  | {
      readonly kind: 'forward';
      readonly session: Session | undefined;
      readonly reported?: Reported;
      /** It passes only because a sealed code opened the route, as nobody, until then. */
      readonly opened?: Instant;
    }
  | {
      readonly kind: 'authenticate';
      readonly need: readonly Factor[];
      readonly reason: NeedReason;
      /** Why this act asks for more, in the words of the rule; empty for the route's own requirement. */
      readonly because: LocalText;
      readonly place: Place;
    }
  | { readonly kind: 'deny'; readonly reason: DenyReason; readonly place: Place };

/**
 * Decides one request on one route. Total: every path through it ends in a decision, and the last word without a reason
 * to forward is a refusal. Networks and schedules are looked at before anybody is asked to sign in; users and groups as
 * soon as there is a session, so that nobody is asked for more factors only to be turned away.
 * A route that a sealed code opened lets pass as nobody whoever would be asked to sign in; what is denied stays denied.
 */
export function decideAccess(facts: AccessFacts): AccessDecision {
  const { route, session } = facts;
  const decision = breakGlass(facts, decideFully(facts));
  if (route.enforce === 'full' || decision.kind === 'forward') return decision;
  if (route.auth.kind === 'bypass') return { kind: 'forward', session, reported: reportOf(decision) };
  if (session !== undefined) return { kind: 'forward', session, reported: reportOf(decision) };
  if (decision.kind === 'authenticate' || route.auth.kind === 'deny') return decision;
  return authenticateAnew(route, 'no-session');
}

function decideFully(facts: AccessFacts): AccessDecision {
  const { route, session, now } = facts;
  if (route.auth.kind === 'deny') return deny(route, 'rule-denies');
  if (!networksAllow(route.allow, facts.address)) return deny(route, 'network-not-allowed');
  if (!schedulesAllow(route.allow, now)) return deny(route, 'outside-schedule');
  if (route.auth.kind === 'bypass') return { kind: 'forward', session };
  if (session === undefined) return authenticateAnew(route, 'no-session');
  const barred = accountBar(route.allow, session.account);
  if (barred !== undefined) return deny(route, barred);
  if (!isLive(session, route.session, now)) return authenticateAnew(route, 'session-expired');
  return demandOf(facts, session, route.auth.requirement) ?? { kind: 'forward', session };
}

/** An opened route asks nobody to sign in while the opening lasts, unless its own configuration forbids that. */
function breakGlass({ route, now, opened }: AccessFacts, decision: AccessDecision): AccessDecision {
  const holds = opened !== undefined && now < opened && route.breakGlass && route.auth.kind === 'sign-in';
  return holds && decision.kind === 'authenticate' ? { kind: 'forward', session: undefined, opened } : decision;
}

/** The first demand a live session does not meet: the route's own requirement, then its step-ups in order. */
function demandOf(facts: AccessFacts, session: Session, own: Requirement): AccessDecision | undefined {
  const { route, now } = facts;
  const demand = otpDemandOf(route, session.account);
  if (route.stepUp.length === 0 && isProved(own, session.proofs, now, demand)) return undefined;
  const demands = [
    { requirement: own, because: {}, place: route.place },
    ...stepUpsFor(facts).map((rule) => ({ requirement: rule.requirement, because: rule.reason, place: rule.place })),
  ];
  const unmet = demands.filter((each) => missingFactors(each.requirement, session.proofs, now, demand).length > 0);
  const last = unmet.at(-1);
  if (last === undefined) return undefined;
  const need = [...new Set(unmet.flatMap((each) => missingFactors(each.requirement, session.proofs, now, demand)))];
  const reason = need.every((factor) => session.proofs[factor] !== undefined) ? 'too-long-ago' : 'factor-missing';
  return { kind: 'authenticate', need, reason, because: last.because, place: last.place };
}

/** The step-ups of a route that hold for this method and path. A path with several readings is held to all of them. */
export const stepUpsFor = (facts: Pick<AccessFacts, 'route' | 'target' | 'method'>): readonly StepUp[] =>
  facts.route.stepUp.filter(
    (rule) =>
      servesMethod(rule.methods, facts.method) &&
      (rule.paths.length === 0 ||
        facts.target.readings.some((reading) => rule.paths.some((matcher) => matchesPath(matcher, reading)))),
  );

const deny = (route: Route, reason: DenyReason): AccessDecision => ({ kind: 'deny', reason, place: route.place });

const authenticateAnew = (route: Route, reason: NeedReason): AccessDecision => ({
  kind: 'authenticate',
  need: route.auth.kind === 'sign-in' ? route.auth.requirement.factors : [],
  reason,
  because: {},
  place: route.place,
});

const reportOf = (decision: Exclude<AccessDecision, { kind: 'forward' }>): Reported =>
  decision.kind === 'deny'
    ? { kind: 'deny', reason: decision.reason }
    : { kind: 'authenticate', reason: decision.reason, need: decision.need };
