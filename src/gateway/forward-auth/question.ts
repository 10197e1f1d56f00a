import { valuesOf } from '../../core/access/client-address.ts';
import { err, ok, type Result } from '../../core/result.ts';

/** The proxies that ask, each at an endpoint of its own: how one asks is never guessed from the headers. */
export type Asker = 'nginx' | 'traefik' | 'caddy' | 'envoy' | 'haproxy';

/** A sub-request as it came over the wire. */
export type SubRequest = {
  readonly method: string;
  readonly url: string;
  /** Names and values alternating, in order and case. */
  readonly rawHeaders: readonly string[];
};

/** The request that another proxy asks about, in that proxy's words. */
export type Question = {
  readonly asker: Asker;
  readonly method: string;
  /** Path and query as the browser sent them. */
  readonly target: string;
  readonly host: string;
  readonly scheme: 'http' | 'https';
  /** X-Forwarded-For; undefined where the asker does not have to send it and did not. */
  readonly chain: string | undefined;
};

export type QuestionFault = 'unknown-endpoint' | 'header-missing' | 'header-repeated' | 'header-malformed';

const ENVOY = '/auth/envoy';

/**
 * Reads what is asked, or says why it cannot be said without doubt: an endpoint that does not exist, a header that is
 * missing, that came more than once, or that contradicts itself.
 */
export function readQuestion(asked: SubRequest): Result<Question, QuestionFault> {
  const { url } = asked;
  if (url.startsWith(`${ENVOY}/`)) return readEnvoy(asked);
  // A proxy may carry the query of the request over to its question; nothing is read from there.
  switch (url.split('?', 1)[0]) {
    case '/auth/nginx':
      return readNginx(asked);
    case '/auth/traefik':
      return readForwarded('traefik', asked);
    case '/auth/caddy':
      return readForwarded('caddy', asked);
    case '/auth/haproxy':
      return readForwarded('haproxy', asked);
    default:
      return err('unknown-endpoint');
  }
}

/** `X-Original-URL` is the scheme, host, path and query in one. */
function readNginx({ rawHeaders }: SubRequest): Result<Question, QuestionFault> {
  const read = readFields(rawHeaders, ['x-original-method', 'x-original-url', 'x-forwarded-for']);
  if (!read.ok) return read;
  const [method = '', url = '', chain] = read.value;
  const parts = /^(https?):\/\/([^/?#]+)(\/.*)$/s.exec(url);
  const scheme = schemeOf(parts?.[1] ?? '');
  if (parts === null || scheme === undefined) return err('header-malformed');
  return ok({ asker: 'nginx', method, target: parts[3] ?? '', host: parts[2] ?? '', scheme, chain });
}

const FORWARDED = ['method', 'proto', 'host', 'uri', 'for'].map((name) => `x-forwarded-${name}`);

function readForwarded(asker: Asker, { rawHeaders }: SubRequest): Result<Question, QuestionFault> {
  const read = readFields(rawHeaders, FORWARDED);
  if (!read.ok) return read;
  const [method = '', proto = '', host = '', target = '', chain] = read.value;
  const scheme = schemeOf(proto);
  if (scheme === undefined || !target.startsWith('/')) return err('header-malformed');
  return ok({ asker, method, target, host, scheme, chain });
}

/** Envoy repeats the request itself, with our endpoint in front of its path; scheme and client come if it is told to. */
function readEnvoy({ method, url, rawHeaders }: SubRequest): Result<Question, QuestionFault> {
  const host = readFields(rawHeaders, ['host']);
  if (!host.ok) return host;
  const optional = ['x-forwarded-proto', 'x-forwarded-for'].filter((name) => valuesOf(rawHeaders, name).length > 0);
  const read = readFields(rawHeaders, optional);
  if (!read.ok) return read;
  const given = (name: string): string | undefined => read.value[optional.indexOf(name)];
  const scheme = schemeOf(given('x-forwarded-proto') ?? 'http');
  if (scheme === undefined) return err('header-malformed');
  const target = url.slice(ENVOY.length);
  return ok({ asker: 'envoy', method, target, host: host.value[0] ?? '', scheme, chain: given('x-forwarded-for') });
}

/** The values of fields that each have to be there once. */
function readFields(rawHeaders: readonly string[], names: readonly string[]): Result<readonly string[], QuestionFault> {
  const values: string[] = [];
  for (const name of names) {
    const [value = '', ...more] = valuesOf(rawHeaders, name);
    if (more.length > 0) return err('header-repeated');
    if (value === '') return err('header-missing');
    values.push(value);
  }
  return ok(values);
}

/** A proxy may call the scheme of a WebSocket by its own name. */
function schemeOf(text: string): 'http' | 'https' | undefined {
  switch (text.toLowerCase()) {
    case 'http':
    case 'ws':
      return 'http';
    case 'https':
    case 'wss':
      return 'https';
    default:
      return undefined;
  }
}
