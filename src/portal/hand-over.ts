import { requestNumber } from '../core/request-number.ts';
import { cookieLine } from '../core/session/cookies.ts';
import { demandAt, signsInElsewhere } from '../flows/begin-sign-in.ts';
import { receiveAtPortal } from '../flows/hand-over.ts';
import { redeemHandOver } from '../flows/redeem-hand-over.ts';
import { plain, toStart } from '../http/notices.ts';
import { type Answer, browserCookie, goTo, notFound, showNotice } from './answer.ts';
import { home, portalFactors, showForm } from './login-pages.ts';
import { onlyParameter, originHere, type Visit } from './visit.ts';

/** True where people sign in on the portal and not on this host. */
export const isElsewhere = ({ policy, context }: Visit): boolean => signsInElsewhere(policy.server, context.host);

/** Sends the browser to the portal, and from there back to the list of applications of this host. */
export async function signInElsewhere(visit: Visit): Promise<Answer> {
  const { parts, policy, context, browserSecret } = visit;
  const { location, browser } = await demandAt(parts.house, policy.server, {
    browserSecret,
    host: context.host,
    origin: originHere(visit),
    route: '',
    returnTo: home(policy),
    need: portalFactors(policy, context.host),
  });
  return goTo(location, browser.isNew ? [browserCookie(visit, browser.secret)] : []);
}

/** On the portal: what a sign-in that another host waits for is answered with; undefined if none does. */
export async function receive(visit: Visit, transaction: string): Promise<Answer | undefined> {
  const { parts, policy, context, session, browserSecret, handle } = visit;
  if (policy.server.portal?.host !== context.host) return undefined;
  const { host, scheme, address } = context;
  const welcome = await receiveAtPortal(parts.house, policy, {
    transaction,
    host,
    scheme,
    address,
    session,
    browserSecret,
  });
  switch (welcome.kind) {
    case 'none':
      return undefined;
    case 'hand-over':
      return goTo(welcome.location);
    case 'ask':
      return showForm(visit, 200, welcome.transaction, welcome.browser.secret, {
        notice: handle !== undefined && session === undefined ? 'ended' : undefined,
        cookies: welcome.browser.isNew ? [browserCookie(visit, welcome.browser.secret)] : [],
      });
  }
}

/**
 * `GET /handover`: the browser is back from the portal with its one-time code. What does not hold ends on a page and not
 * in another try, so that nothing goes in circles.
 */
export async function showHandOver(visit: Visit): Promise<Answer> {
  const { parts, policy, context, names, session, browserSecret } = visit;
  if (!isElsewhere(visit)) return notFound(visit);
  const { scheme, host, address, requestId } = context;
  const back = await redeemHandOver(
    { ...parts.house, live: parts.live },
    {
      scheme,
      host,
      session,
      browserSecret,
      code: onlyParameter(visit.query, 'c'),
      address: address.text,
      request: requestNumber(requestId),
    },
  );
  if (back.kind === 'refused') return { ...refused(visit), outcome: 'hand-over refused' };
  const { sameSite } = policy.sessions;
  const cookies = [
    cookieLine(names.session, back.cookie, { scheme, sameSite }),
    browserCookie(visit, browserSecret ?? ''),
  ];
  const resume = `${policy.server.reservedPath}/resume?k=${encodeURIComponent(back.keptPost ?? '')}`;
  return goTo(back.keptPost === undefined ? back.returnTo : resume, cookies);
}

const refused = (visit: Visit): Answer =>
  showNotice(visit, 403, (reader) => ({
    ...plain(reader, 'hand_over_refused', 'handOver'),
    actions: [{ ...toStart(reader), main: true }],
  }));
