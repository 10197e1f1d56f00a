import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { DeliveryFault, type Outbound, type Provider, type SettingsOf } from './provider.ts';
import { escapeFor, fillTemplate, headerEscape, mentions, type TemplateValues, urlEscape } from './template.ts';

type Settings = SettingsOf<'http'>;

/**
 * A provider with a web API. Values are escaped for where they stand, so that a text cannot add a field. 2xx means that
 * it was taken over; redirects are not followed, and a certificate that does not check out is a fault. A token that no
 * template mentions is sent as bearer token.
 */
export const createHttpProvider = (settings: Settings): Provider => ({
  name: settings.name,
  send: (message) => send(settings, message),
  close: async () => undefined,
});

/** One call, ready to be made. */
type Call = {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

function callOf(settings: Settings, message: Outbound): Call {
  const values: TemplateValues = { ...message, token: settings.token?.reveal() ?? '' };
  const url = new URL(fillTemplate(settings.url, values, urlEscape));
  const headers: Record<string, string> = { accept: 'application/json, */*' };
  for (const [name, template] of Object.entries(settings.headers)) {
    headers[name.toLowerCase()] = fillTemplate(template, values, headerEscape);
  }
  const templates = [settings.url, settings.body, ...Object.values(settings.headers)];
  if (values.token !== '' && headers['authorization'] === undefined && !templates.some((one) => mentions(one, 'token')))
    headers['authorization'] = `Bearer ${headerEscape(values.token)}`;
  if (settings.method === 'GET') return { url, method: 'GET', headers, body: '' };
  const body = bodyOf(settings, values);
  headers['content-type'] = settings.contentType;
  headers['content-length'] = String(Buffer.byteLength(body));
  return { url, method: settings.method, headers, body };
}

function bodyOf({ body, contentType }: Settings, values: TemplateValues): string {
  const escaped = escapeFor(contentType);
  if (escaped === undefined) throw new DeliveryFault('content-type');
  return fillTemplate(body, values, escaped);
}

function send(settings: Settings, message: Outbound): Promise<{ readonly reference: string }> {
  const { url, method, headers, body } = callOf(settings, message);
  const signal = AbortSignal.timeout(settings.timeout);
  const start = url.protocol === 'https:' ? requestHttps : requestHttp;
  const options = { method, headers, signal, agent: false, rejectUnauthorized: true } as const;
  return new Promise((resolve, reject) => {
    const sent = start(url, options, (response) => {
      answerOf(response).then(resolve, reject);
    });
    sent.on('error', (breakage) => reject(signal.aborted ? new DeliveryFault('timeout') : breakage));
    sent.end(body);
  });
}

/** Statuses of a provider that works and refuses this very message. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422]);

async function answerOf(response: IncomingMessage): Promise<{ readonly reference: string }> {
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    response.destroy();
    throw new DeliveryFault(`http-${status}`, REFUSED.has(status) ? 'message' : 'provider');
  }
  // It was taken over: an answer that breaks off says less, but nothing else.
  const text = await readText(response).catch(() => '');
  return { reference: referenceOf(text) };
}

const LONGEST_ANSWER = 64 * 1024;

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > LONGEST_ANSWER) return '';
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Fields in which providers name a message. */
const REFERENCES = ['id', 'messageId', 'message_id', 'messageID', 'msgid', 'msg_id', 'sid', 'requestId', 'request_id'];

/** The provider's identifier of the message, from a JSON answer or an object one level down in it. */
function referenceOf(text: string): string {
  const top = asRecord(parseJson(text));
  const inner = Object.values(top).map((value) => asRecord(Array.isArray(value) ? value[0] : value));
  for (const record of [top, ...inner]) {
    for (const name of REFERENCES) {
      const value = record[name];
      if (typeof value === 'string' && /^[\x21-\x7e]{1,200}$/.test(value)) return value;
      if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
    }
  }
  return '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
