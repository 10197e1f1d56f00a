import type { Policy } from '../core/policy.ts';
import { LiveSessions } from '../flows/live-sessions.ts';
import type { ConnectionCensus } from '../gateway/connection-caps.ts';
import { listenForForwardAuth } from '../gateway/forward-auth/listener.ts';
import { Gate } from '../gateway/gate.ts';
import { type Listeners, listen } from '../gateway/listener.ts';
import type { Rates } from '../gateway/rate.ts';
import { tellApplications } from '../gateway/tell-applications.ts';
import { createPages } from '../http/pages.ts';
import { createPortal } from '../portal/app.ts';
import type { House } from '../ports.ts';

/** What the workers of one server have in common; absent where there is one process. */
export type SharedLimits = { readonly rates: Rates; readonly census: ConnectionCensus };

/** The live sessions of this process. Its clock counts from the newest record of the audit trail at least. */
export async function openLive(policy: () => Policy, house: House): Promise<LiveSessions> {
  const [newest] = await house.audit.read({ limit: 1, newestFirst: true });
  return new LiveSessions(house, policy, { notBefore: newest?.at ?? 0 });
}

/** Everything that requests go through, not listening yet. */
export function openGate(policy: () => Policy, house: House, live: LiveSessions, shared?: SharedLimits): Gate {
  const pages = createPages(policy);
  const portal = createPortal({
    policy,
    house,
    live,
    pages,
    tellApplications: (leaving) => tellApplications(gate, leaving),
  });
  const gate = new Gate({ policy, house, live, pages, portal, ...shared });
  return gate;
}

/** Opens every listener that requests come in through, or none. The gateway's own addresses come first. */
export async function openGateListeners(gate: Gate): Promise<Listeners> {
  const listening = await listen(gate);
  try {
    const asked = await listenForForwardAuth(gate);
    return {
      addresses: listening.addresses,
      ...(listening.redirects === undefined ? {} : { redirects: listening.redirects }),
      close: async () => {
        await asked?.close();
        await listening.close();
      },
      cut: () => {
        asked?.cut?.();
        listening.cut?.();
      },
    };
  } catch (breakage) {
    await listening.close();
    throw breakage;
  }
}
