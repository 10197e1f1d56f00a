import { amrOf } from '../core/identity/factors.ts';
import { remainingTime } from '../core/session/remaining.ts';
import { SECOND } from '../core/time.ts';
import { plain } from '../http/notices.ts';
import { type Answer, json, problem } from './answer.ts';
import type { Visit } from './visit.ts';

/** `GET /session`: who is signed in, how, and for how long yet, in seconds. Looking does not extend anything. */
export async function showSession(visit: Visit): Promise<Answer> {
  const { session, policy, now } = visit;
  if (session === undefined) {
    const login = `${policy.server.reservedPath}/login`;
    return problem(visit, 401, (reader) => ({ ...plain(reader, 'sign_in_required', 'signInNeeded'), login }));
  }
  const left = remainingTime(session, policy.sessions, now);
  return json(200, {
    login: session.account.login,
    amr: amrOf(session.proofs),
    idle: Math.floor(left.idle / SECOND),
    absolute: Math.floor(left.max / SECOND),
  });
}

/** `GET /jwks.json`: every key that assertions of ours may still be signed with (RFC 7517). */
export async function showKeys(visit: Visit): Promise<Answer> {
  const keys = visit.parts.house.signer.publicKeys(visit.now);
  return json(200, keys, {
    'content-type': 'application/jwk-set+json',
    'cache-control': 'public, max-age=300',
    vary: '',
  });
}
