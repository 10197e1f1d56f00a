/** Behaviours that show what arrived: headers, form fields, cookies, and a redirect to an address of the inside. */
import iconv from 'iconv-lite';
import { legacyEcho, sendLegacyPage } from './legacy-pages.ts';
import type { Visit } from './legacy-visit.ts';

/** Longest body that is kept in memory to be echoed. */
const ECHO_LIMIT = 8 * 1024 * 1024;

/** Everything the application saw of the request, as JSON; `rawHeaders` keeps order, case and repeats. */
export function sendHeaders(visit: Visit): void {
  const { method, url, httpVersion, headers, rawHeaders } = visit.request;
  sendJson(visit, { method, url, httpVersion, headers, rawHeaders });
}

/** The body that was received: a page for a browser, JSON for whoever does not ask for HTML. */
export async function echoForm(visit: Visit): Promise<void> {
  const body = await readBody(visit);
  const contentType = visit.request.headers['content-type'] ?? '';
  const fields = contentType.startsWith('application/x-www-form-urlencoded') ? readFields(body) : [];
  const { method, url } = visit.request;
  if ((visit.request.headers.accept ?? '').includes('text/html')) {
    sendLegacyPage(visit, 200, legacyEcho(visit, { bytes: body.length, contentType, fields, body: decodeText(body) }));
    return;
  }
  sendJson(visit, { method, url, contentType, bytes: body.length, fields, body: decodeText(body) });
}

/** Sets cookies as an application behind an internal name does, and lists those that came back. */
export function sendCookies(visit: Visit): void {
  visit.response.setHeader('Set-Cookie', [
    'WASID=A1B2C3D4; Domain=groupware.internal; Path=/; HttpOnly',
    `lastmenu=notice; Path=${visit.prefix}`,
    'theme=classic; Domain=127.0.0.1; Path=/; Expires=Thu, 31 Dec 2099 23:59:59 GMT',
  ]);
  sendJson(visit, { received: visit.request.headers.cookie ?? null });
}

/** Sends the browser to this application's own inside address, as software that was never behind a proxy does. */
export function sendRedirect(visit: Visit): void {
  const { localPort } = visit.request.socket;
  const target = `http://127.0.0.1:${localPort ?? 80}${visit.prefix}${visit.query.has('to') ? 'headers' : ''}`;
  visit.response.writeHead(302, { Location: target, 'Content-Length': 0 }).end();
}

/** Answers with a JSON document. */
export function sendJson(visit: Visit, document: unknown): void {
  const body = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  visit.response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length });
  visit.response.end(visit.request.method === 'HEAD' ? undefined : body);
}

async function readBody(visit: Visit): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of visit.request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ECHO_LIMIT) throw new RangeError('the body is too long to be echoed');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Old pages post EUC-KR, new ones UTF-8, and neither says so: what is valid UTF-8 is taken as that. */
function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return iconv.decode(bytes, 'euc-kr');
  }
}

function readFields(body: Buffer): readonly (readonly [string, string])[] {
  return body
    .toString('latin1')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return [
        unescapeField(at < 0 ? pair : pair.slice(0, at)),
        unescapeField(at < 0 ? '' : pair.slice(at + 1)),
      ] as const;
    });
}

function unescapeField(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeText(Buffer.from(bytes, 'latin1'));
}
