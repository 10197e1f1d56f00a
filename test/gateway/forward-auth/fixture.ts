import type { Route } from '../../../src/core/access/route.ts';
import type { Policy } from '../../../src/core/policy.ts';
import { listenForForwardAuth } from '../../../src/gateway/forward-auth/listener.ts';
import { type RawResponse, rawRequest } from '../../support/raw-client.ts';
import { type Gateway, HOST, openGateway } from '../fixture.ts';

const LOOPBACK = { family: 4, base: 127n << 24n, bits: 8, text: '127.0.0.0/8' } as const;

/** A route of an application that another proxy has. */
export const asked = (changes: Partial<Route>): Partial<Route> => ({
  hosts: [{ kind: 'exact', host: HOST }],
  action: { kind: 'forward_auth' },
  ...changes,
});

export const OPEN = asked({ name: 'open', paths: [{ kind: 'prefix', path: '/open/' }], auth: { kind: 'bypass' } });
export const CLOSED = asked({ name: 'hr' });

export type Door = Gateway & {
  readonly asks: number;
  /** One question about a request to the protected host. `fields` are whole lines of the browser's. */
  ask(about: Question): Promise<RawResponse>;
};

export type Question = {
  readonly asker?: 'nginx' | 'traefik' | 'caddy' | 'envoy' | 'haproxy';
  readonly path?: string;
  readonly method?: string;
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  readonly from?: string;
  readonly fields?: readonly string[];
};

/** The gateway and its listener for sub-requests. */
export async function openDoor(
  routes: readonly Partial<Route>[] = [OPEN, CLOSED],
  policy: Partial<Policy> = {},
): Promise<Door> {
  const forwardAuth = { listen: { host: '127.0.0.1', port: 0 }, clients: [LOOPBACK] };
  const gateway = await openGateway({ routes, policy: { forwardAuth, ...policy } });
  const listeners = await listenForForwardAuth(gateway.gate);
  const asks = listeners?.addresses[0]?.port ?? 0;
  return {
    ...gateway,
    asks,
    ask: (about) => rawRequest(asks, questionText(about)),
    stop: async () => {
      await listeners?.close();
      await gateway.stop();
    },
  };
}

/** The sub-request as the recipe of the proxy writes it. */
export function questionText(about: Question): string {
  const { asker = 'traefik', path = '/', method = 'GET', scheme = 'http', host = HOST, from = '192.0.2.7' } = about;
  const own = {
    nginx: [`X-Original-Method: ${method}`, `X-Original-URL: ${scheme}://${host}${path}`],
    envoy: [`X-Forwarded-Proto: ${scheme}`],
    forwarded: [
      ...[`X-Forwarded-Method: ${method}`, `X-Forwarded-Proto: ${scheme}`],
      ...[`X-Forwarded-Host: ${host}`, `X-Forwarded-Uri: ${path}`],
    ],
  }[asker === 'nginx' || asker === 'envoy' ? asker : 'forwarded'];
  const line = asker === 'envoy' ? `${method} /auth/envoy${path}` : `GET /auth/${asker}`;
  const lines = [
    `Host: ${asker === 'envoy' ? host : '127.0.0.1'}`,
    ...own,
    `X-Forwarded-For: ${from}`,
    ...(about.fields ?? []),
  ];
  return `${line} HTTP/1.1\r\n${lines.map((each) => `${each}\r\n`).join('')}\r\n`;
}
