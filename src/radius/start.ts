import type { Policy } from '../core/policy.ts';
import { authenticate } from '../flows/authenticate.ts';
import type { House } from '../ports.ts';
import { openRadius, type RadiusServer } from './server.ts';

export type StartRadius = { readonly policy: () => Policy; readonly house: House };

/** Starts the RADIUS server of a house: the same verifier, limits and audit trail as every other door. */
export const startRadius = ({ policy, house }: StartRadius): Promise<RadiusServer> =>
  openRadius({
    policy,
    verifier: {
      authenticate: (request) => authenticate(house, policy(), request),
      waiting: async (id, now) => {
        const verification = await house.pending.find(id, now);
        if (verification === undefined) return undefined;
        const { challengeId } = verification;
        const challenge = challengeId === undefined ? undefined : await house.challenges.find(challengeId);
        return { verification, asks: challenge?.method };
      },
    },
    audit: house.audit,
    clock: house.clock,
    random: house.random,
    log: house.log,
  });
