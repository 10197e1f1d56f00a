import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SmsProvider } from '../../src/core/policy.ts';
import type { Log } from '../../src/ports.ts';

/** A log that keeps what it is told. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (event: string, fields?: object) =>
    void lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

export type Received = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

/** A provider of text messages over HTTP, as a customer might run one, on a loopback port. */
export class HttpCentre {
  readonly received: Received[] = [];
  /** How it answers; replaced by a test. */
  answer: (request: Received, response: ServerResponse) => void = (_, response) => response.writeHead(200).end('{}');
  #server: Server = createServer();
  #port = 0;

  async start(): Promise<this> {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = '', url = '', headers } = request;
      const received = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
      this.received.push(received);
      this.answer(received, response);
    });
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Stops listening; `start` listens on the same port again. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  settings(changes: Partial<Extract<SmsProvider, { type: 'http' }>> = {}): Extract<SmsProvider, { type: 'http' }> {
    return {
      type: 'http',
      name: 'web',
      url: `${this.url}/send`,
      method: 'POST',
      headers: {},
      body: '{"to":"{to}","text":"{text}","ref":"{id}"}',
      contentType: 'application/json',
      token: undefined,
      timeout: 500,
      ...changes,
    };
  }
}

/** A secret as the configuration hands it over. */
export const secret = (value: string): { reveal(): string } => ({ reveal: () => value });

/** Waits until something holds, looking every few milliseconds; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A certificate for 127.0.0.1 that nobody vouches for. */
export function selfSigned(): { readonly key: Buffer; readonly cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', [...made, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return pair;
}
