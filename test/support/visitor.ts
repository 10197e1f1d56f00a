import { createHmac } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { counterBytes, truncate } from '../../src/core/verification/hotp.ts';

/** An answer with its whole body. */
export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
};

export type Submission = { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer };

export type Credentials = {
  readonly login: string;
  readonly password?: string;
  readonly pin?: string;
  readonly otpauth: string;
};

/** A browser without scripts: keeps cookies of one host, sends what a browser sends, and posts forms. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #port: number;
  readonly #host: string;
  readonly #agent: Agent;
  readonly #scheme: 'http' | 'https';

  /** Speaks TLS where the authority of the server's certificate is given. */
  constructor(port: number, host = `localhost:${port}`, ca?: string) {
    this.#port = port;
    this.#host = host;
    this.#scheme = ca === undefined ? 'http' : 'https';
    const kept = { keepAlive: true, maxSockets: 1 };
    const servername = host.split(':')[0] ?? '';
    this.#agent = ca === undefined ? new Agent(kept) : new SecureAgent({ ...kept, ca, servername });
  }

  /** One request; redirects are answered, not followed. */
  send(method: string, path: string, submission: Submission = {}): Promise<Answer> {
    const headers = {
      Host: this.#host,
      Accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
      'Accept-Language': 'en',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Site': 'same-origin',
      ...(method === 'GET' ? {} : { Origin: `${this.#scheme}://${this.#host}` }),
      ...(this.cookies.size > 0
        ? { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
        : {}),
      ...(submission.body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(submission.body)) }),
      ...submission.headers,
    };
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const send = this.#scheme === 'https' ? secureRequest : request;
    const outgoing = send({ host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('error', reject);
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        for (const line of incoming.headers['set-cookie'] ?? []) this.#remember(line);
        const body = Buffer.concat(chunks);
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body, text: body.toString('utf8') });
      });
    });
    outgoing.end(submission.body);
    return promise;
  }

  /** GET, following redirects on this host. */
  async open(path: string, submission: Submission = {}): Promise<Answer> {
    let answer = await this.send('GET', path, submission);
    for (let hops = 0; answer.status >= 300 && answer.status < 400 && hops < 10; hops += 1) {
      answer = await this.send('GET', pathOf(answer.headers.location ?? '/'));
    }
    return answer;
  }

  /** Posts fields as a form of the page would. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    return this.send('POST', path, {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
  }

  /** Opens a protected page, fills in what the sign-in form it leads to asks for, and follows it back to the page. */
  async signIn(path: string, credentials: Credentials, now = Date.now()): Promise<Answer> {
    const form = await this.open(path);
    const filled = { ...credentials, otp: totpAt(credentials.otpauth, now) };
    const visible = (['login', 'password', 'pin', 'otp'] as const).filter((name) =>
      form.text.includes(`name="${name}"`),
    );
    const answer = await this.post('/_sumun/login', {
      ...hiddenFields(form.text),
      ...Object.fromEntries(visible.map((name) => [name, filled[name] ?? ''])),
    });
    if (answer.status !== 303) return answer;
    return this.open(pathOf(answer.headers.location ?? '/'));
  }

  close(): void {
    this.#agent.destroy();
  }

  #remember(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    const ended =
      attributes.some((attribute) => /^\s*max-age\s*=\s*0\s*$/i.test(attribute)) ||
      /expires=Thu, 01 Jan 1970/i.test(line);
    if (ended) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(at + 1).trim());
  }
}

/** Names and values of the hidden fields of a page. */
export function hiddenFields(html: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [tag] of html.matchAll(/<input\b[^>]*>/gi)) {
    if (!/type="?hidden/i.test(tag)) continue;
    const name = /\bname="([^"]*)"/i.exec(tag)?.[1];
    if (name !== undefined) fields[name] = unescapeHtml(/\bvalue="([^"]*)"/i.exec(tag)?.[1] ?? '');
  }
  return fields;
}

/** The code of an `otpauth://totp/` address at a moment (RFC 6238). */
export function totpAt(otpauth: string, now: number): string {
  const { searchParams } = new URL(otpauth);
  const period = Number(searchParams.get('period') ?? 30);
  const algorithm = (searchParams.get('algorithm') ?? 'SHA1').toLowerCase();
  const seed = decodeBase32(searchParams.get('secret') ?? '');
  const mac = createHmac(algorithm, seed)
    .update(counterBytes(Math.floor(now / 1000 / period)))
    .digest();
  return truncate(mac, searchParams.get('digits') === '8' ? 8 : 6);
}

const pathOf = (location: string): string => {
  const url = new URL(location, 'http://localhost');
  return url.pathname + url.search;
};

const unescapeHtml = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

function decodeBase32(text: string): Buffer {
  const bits = [...text.toUpperCase().replaceAll('=', '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}
