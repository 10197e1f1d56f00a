/**
 * The demo's old application: one plain HTTP server that behaves as software of the 1990s does. It knows nothing of
 * sign-in; whoever reaches it may do everything. Every behaviour is named by the last segment of the path, so the same
 * application stands below any prefix: `/notice/headers`, `/payroll/headers`, `/headers`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { echoForm, sendCookies, sendHeaders, sendRedirect } from './legacy-echoes.ts';
import { legacyError, legacyForm, legacyIndex, legacyText, sendLegacyPage } from './legacy-pages.ts';
import { receiveUpload, sendDownload, sendEvents, sendSlowly } from './legacy-streams.ts';
import type { Visit } from './legacy-visit.ts';
import { acceptWebSocket } from './legacy-websocket.ts';

/** A running legacy application. `url` has no trailing slash. */
export type LegacyApplication = {
  readonly url: string;
  readonly port: number;
  /** Closes the listener and every connection, streams and WebSockets included. */
  close(): Promise<void>;
};

type Behaviour = (visit: Visit) => void | Promise<void>;

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  headers: sendHeaders,
  form: (visit) => (isRead(visit) ? sendLegacyPage(visit, 200, legacyForm(visit)) : echoForm(visit)),
  echo: echoForm,
  euckr: (visit) => sendLegacyPage(visit, 200, legacyText(visit)),
  cookies: sendCookies,
  redirect: sendRedirect,
  slow: sendSlowly,
  events: sendEvents,
  download: sendDownload,
  upload: receiveUpload,
  ws: (visit) => {
    visit.response.setHeader('Upgrade', 'websocket');
    sendLegacyPage(visit, 426, legacyError(426));
  },
};

/**
 * Starts the application on loopback. With `port` taken by something else it listens on a free one: the caller reads
 * the port from the answer.
 */
export async function startLegacy(port = 0): Promise<LegacyApplication> {
  const server = createServer({ requestTimeout: 0 }, (request, response) => void serve(request, response));
  const upgraded = acceptWebSocket(server);
  await listen(server, port).catch(() => listen(server, 0));
  const bound = server.address() as AddressInfo; // TCP, so an object once it listens
  return {
    url: `http://127.0.0.1:${bound.port}`,
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of upgraded) socket.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const visit = readVisit(request, response);
  try {
    await behaviourOf(visit)(visit);
  } catch {
    // The browser went away in the middle of a body, or sent one that is too long: old software just hangs up.
    response.destroy();
  }
}

function readVisit(request: IncomingMessage, response: ServerResponse): Visit {
  const [path = '/', query = ''] = splitOnce(request.url ?? '/', '?');
  return { request, response, prefix: path.slice(0, path.lastIndexOf('/') + 1), query: new URLSearchParams(query) };
}

function behaviourOf(visit: Visit): Behaviour {
  const [path = '/'] = splitOnce(visit.request.url ?? '/', '?');
  const name = path.slice(visit.prefix.length);
  const known = Object.hasOwn(BEHAVIOURS, name) ? BEHAVIOURS[name] : undefined;
  if (known !== undefined) return known;
  if (!isRead(visit)) return echoForm;
  if (name === '' || name === 'index.html') return (v) => sendLegacyPage(v, 200, legacyIndex(v));
  return (v) => sendLegacyPage(v, 404, legacyError(404));
}

const isRead = (visit: Visit): boolean => visit.request.method === 'GET' || visit.request.method === 'HEAD';

function splitOnce(text: string, at: string): readonly string[] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
