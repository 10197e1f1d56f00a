import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates, TLSSocket } from 'node:tls';
import type { Upstream, UpstreamTarget } from '../core/policy.ts';
import { DAY, type Instant } from '../core/time.ts';
import { upstreamContext, upstreamServerName } from '../core/upstream-tls.ts';
import type { CliTexts } from '../texts/cli/ko.ts';
import { CHECK_TIME, type Finding, type Patient } from './doctor-checks.ts';

type Texts = CliTexts['doctor'];

/** A certificate that ends within so many days is worth a warning. */
const DAYS_LEFT = 14;

/** What one look at a target found: why it cannot be used, or what it showed. */
type Look =
  | { readonly kind: 'fault'; readonly code: string; readonly names?: string | undefined }
  | {
      readonly kind: 'reached';
      readonly version: string | undefined;
      readonly certificateEnds: Instant | undefined;
      readonly status: number | undefined;
    };

type Verdict = { readonly text: string; readonly status: Finding['status'] };

/**
 * Every target of every upstream: a connection stands, its certificate can be trusted and lasts, and its health path
 * answers well where one is configured. Nothing else is asked for.
 */
export async function checkUpstreams({ wiring, policy, texts }: Patient): Promise<Finding> {
  const upstreams = [...policy.upstreams.values()];
  const now = wiring.clock.now();
  const groups = await Promise.all(
    upstreams.map((upstream) =>
      Promise.all(upstream.targets.map(async (it) => verdictOn(upstream, it, await lookAt(upstream, it), now, texts))),
    ),
  );
  const verdicts = groups.flat();
  const told = verdicts.filter(({ status, text }) => status !== 'ok' || text.includes('('));
  const detail = told.length === 0 ? texts.upstreamsFine(verdicts.length) : told.map(({ text }) => text).join(', ');
  if (verdicts.every(({ status }) => status === 'ok')) return { status: 'ok', detail };
  // Somebody who has another target is still served.
  const isLost = groups.some((group) => group.every(({ status }) => status === 'fail'));
  return { status: isLost ? 'fail' : 'warn', detail, remedy: remedyFor(verdicts, texts) };
}

const remedyFor = (verdicts: readonly Verdict[], texts: Texts): string =>
  verdicts.some(({ status }) => status === 'fail') ? texts.upstreamRemedy : texts.upstreamWarnRemedy;

function verdictOn(upstream: Upstream, target: UpstreamTarget, look: Look, now: Instant, texts: Texts): Verdict {
  const name = nameOf(upstream, target);
  if (look.kind === 'fault') return { status: 'fail', text: `${name} (${faultText(look, texts)})` };
  const days = look.certificateEnds === undefined ? undefined : Math.floor((look.certificateEnds - now) / DAY);
  const isWell = look.status === undefined || (look.status >= 200 && look.status < 400);
  const shown = [
    look.version,
    days === undefined ? undefined : texts.upstreamDays(days),
    look.status === undefined ? undefined : `${upstream.health?.path} ${look.status}`,
  ].filter((part) => part !== undefined);
  const isFine = isWell && (days === undefined || days >= DAYS_LEFT);
  return { status: isFine ? 'ok' : 'warn', text: shown.length === 0 ? name : `${name} (${shown.join(', ')})` };
}

function faultText({ code, names }: Extract<Look, { kind: 'fault' }>, texts: Texts): string {
  const { upstreamFaults } = texts;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return upstreamFaults.name(names ?? '–');
  if (code === 'CERT_HAS_EXPIRED') return upstreamFaults.expired;
  if (code === 'CERT_NOT_YET_VALID') return upstreamFaults.early;
  if (/^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)_/.test(code)) return upstreamFaults.authority;
  if (/VERSION|UNSUPPORTED_PROTOCOL|PACKET_LENGTH/.test(code)) return `${upstreamFaults.version} (${code})`;
  return code;
}

/** An upstream that a route names by its address has that address for a name. */
function nameOf({ name }: Upstream, target: UpstreamTarget): string {
  const address = target.kind === 'unix' ? `unix:${target.path}` : `${target.scheme}://${target.authority}`;
  return name.includes(':') ? address : `${name} ${address}`;
}

/** Connects as the gateway would, and asks for the health path where there is one. */
function lookAt(upstream: Upstream, target: UpstreamTarget): Promise<Look> {
  return new Promise((settle) => {
    const socket = open(upstream, target);
    const timer = setTimeout(() => end({ kind: 'fault', code: 'ETIMEDOUT' }), CHECK_TIME - 200);
    const end = (look: Look): void => {
      clearTimeout(timer);
      socket.destroy();
      settle(look);
    };
    const reached = (status?: number): void => end({ kind: 'reached', ...certificateOf(socket), status });
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      if (upstream.health === undefined) reached();
      else askHealth(socket, upstream.health.path, target.authority, reached, () => end(faultOf('ECONNRESET')));
    });
    socket.once('error', (error) => end(faultOf(error)));
  });
}

const faultOf = (error: NodeJS.ErrnoException | string): Look => {
  if (typeof error === 'string') return { kind: 'fault', code: error };
  const { cert } = error as { cert?: { subjectaltname?: string } }; // what checkServerIdentity adds
  return { kind: 'fault', code: error.code ?? error.message, names: cert?.subjectaltname };
};

function open({ tls }: Upstream, target: UpstreamTarget): Socket {
  if (target.kind === 'unix') return connect({ path: target.path });
  if (target.scheme === 'http') return connect({ host: target.host, port: target.port });
  const { ca, ...rest } = upstreamContext(tls, () => [...getCACertificates('default'), ...getCACertificates('system')]);
  const servername = upstreamServerName(target, tls);
  return connectTls({
    host: target.host,
    port: target.port,
    secureContext: createSecureContext({ ...rest, ca: [...ca] }),
    rejectUnauthorized: true,
    ...(servername === undefined ? {} : { servername }),
  });
}

function certificateOf(socket: Socket) {
  if (!(socket instanceof TLSSocket)) return { version: undefined, certificateEnds: undefined };
  return {
    version: socket.getProtocol() ?? undefined,
    certificateEnds: socket.getPeerX509Certificate()?.validToDate.getTime(),
  };
}

function askHealth(
  socket: Socket,
  path: string,
  host: string,
  answered: (status: number | undefined) => void,
  failed: () => void,
): void {
  const headers = { Host: host, 'User-Agent': 'sumun-health', Accept: '*/*', Connection: 'close' };
  const asked = request({ createConnection: () => socket, path, headers });
  asked.once('response', (response) => answered(response.statusCode));
  asked.once('error', failed);
  asked.end();
}
