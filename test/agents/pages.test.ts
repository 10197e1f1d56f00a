import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../../src/sdk/agent.ts';
import { type GateFixture, type Person, startGate } from '../support/gate.ts';

const SECRET = 'N0t-guessed-by-anybody-in-a-while';

/** The first code block of a page in a language. */
const codeOf = (page: string, language: string): string =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(readFileSync(`docs/agents/${page}.md`, 'utf8'))?.[1] ?? '';

const folder = mkdtempSync(join(tmpdir(), 'sumun-agents-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An application that answers with the login it believes, started on a port. */
type Application = { readonly name: string; readonly isThere: boolean; start(port: number): () => void };

const child = (command: string, args: readonly string[]): (() => void) => {
  const running: ChildProcess = spawn(command, args, { env: { ...process.env, SUMUN_HMAC: `${SECRET}\n` } });
  return () => running.kill('SIGKILL');
};

const applications: readonly Application[] = [
  {
    name: 'php',
    isThere: spawnSync('php', ['--version']).status === 0,
    start: (port) => {
      const file = join(folder, 'index.php');
      writeFileSync(file, `${codeOf('php', 'php')}\necho $login;\n`);
      return child('php', ['-S', `127.0.0.1:${port}`, file]);
    },
  },
  {
    name: 'python',
    isThere: spawnSync('python3', ['--version']).status === 0,
    start: (port) => {
      const server = `
from wsgiref.simple_server import WSGIRequestHandler, make_server

class Handler(WSGIRequestHandler):
    def get_environ(self):
        return {**super().get_environ(), "REQUEST_URI": self.path}

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["REMOTE_USER"].encode()]

make_server("127.0.0.1", ${port}, Sumun(application), handler_class=Handler).serve_forever()
`;
      const file = join(folder, 'application.py');
      writeFileSync(file, `${codeOf('python', 'python')}\n${server}`);
      return child('python3', [file]);
    },
  },
];

/** Between gateway and application: keeps the head of the last request, so that it can be sent again. */
type Tap = { readonly port: number; head: string; close(): void };

async function tapTo(port: number): Promise<Tap> {
  const tap = { port: 0, head: '', close: () => undefined as unknown };
  const server = createServer((incoming, response) => {
    const lines = [];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2)
      lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    tap.head = [`${incoming.method} ${incoming.url} HTTP/1.1`, ...lines].join('\r\n');
    const { method = '', url: path = '', rawHeaders: headers } = incoming;
    incoming.pipe(
      request({ host: '127.0.0.1', port, method, path, headers, setHost: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  tap.close = () => server.close();
  return Object.assign(tap, { port: (server.address() as AddressInfo).port });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilListening(port: number): Promise<void> {
  for (let tried = 0; tried < 200; tried++) {
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.end());
    });
    if (reached) return;
    await wait(50);
  }
  throw new Error(`nothing listens on ${port}`);
}

/** Sends a head as it is and answers status and body. */
function sendHead(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${head.replace(/\r\nConnection: [^\r]*/i, '')}\r\nConnection: close\r\n\r\n`),
    );
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

const statusOf = (answer: string): number => Number(answer.slice(9, 12));

describe.each(applications)('the code of docs/agents/$name.md', ({ name, isThere, start }) => {
  if (!isThere) console.warn(`skipped: the page of ${name} needs its interpreter (apt-get install php-cli python3)`);
  let gate: GateFixture;
  let person: Person;
  let tap: Tap;
  let port = 0;
  let stop = () => {};
  let good = '';

  beforeAll(async () => {
    if (!isThere) return;
    port = await freePort();
    stop = start(port);
    await untilListening(port);
    tap = await tapTo(port);
    writeFileSync(join(folder, `${name}.hmac`), `${SECRET}\n`, { mode: 0o600 });
    gate = await startGate(`
identity:
  profiles:
    standard: { hmac: { header: X-Sumun-Signature, secret: { file: ${join(folder, `${name}.hmac`)} } } }
routes:
  - { name: app, to: "http://127.0.0.1:${tap.port}", auth: id+otp }
`);
    person = await gate.tokenOnly('kim');
    const cookie = await gate.signIn(person, '/page?q=1');
    const browser = gate.visitor();
    const answer = await browser.send('GET', '/page?q=1&r=%ED%95%9C', { headers: { Cookie: cookie } });
    expect([answer.status, answer.text]).toEqual([200, 'kim']);
    good = tap.head;
  }, 30_000);
  afterAll(async () => {
    stop();
    tap?.close();
    await gate?.stop();
  });

  test.skipIf(!isThere)('believes the gateway, and the same request once more within its minute', async () => {
    expect(statusOf(await sendHead(port, good))).toBe(200);
  });

  test.skipIf(!isThere).each([
    ['without a signature', (head: string) => head.replace(/\r\nX-Sumun-Signature: [^\r]*/i, '')],
    ['of another person', (head: string) => head.replace(/(\r\nX-Sumun-User: )[^\r]*/i, '$1root')],
    ['with another group', (head: string) => head.replace(/(\r\nX-Sumun-Groups: )[^\r]*/i, '$1admin')],
    ['for another path', (head: string) => head.replace('/page?q=1', '/admin?q=1')],
    ['with another method', (head: string) => head.replace('GET', 'DELETE')],
    ['for another host', (head: string) => head.replace(/(\r\nHost: )[^\r]*/i, '$1evil.example')],
    ['without the person', (head: string) => head.replace(/\r\nX-Sumun-User: [^\r]*/i, '')],
    ['of another time', (head: string) => head.replace(/t=\d+/, (time) => `t=${Number(time.slice(2)) - 90}`)],
    ['with a signature of zeros', (head: string) => head.replace(/v1=[0-9a-f]+/, `v1=${'0'.repeat(64)}`)],
  ] as const)('answers 401 to a request %s', async (_, change) => {
    const changed = change(good);
    expect(changed).not.toBe(good);
    expect(statusOf(await sendHead(port, changed))).toBe(401);
  });
});

test('the agent of docs/agents/node.md believes the gateway with the keys it publishes', async () => {
  let identified = (): void => {};
  const options = { issuer: '', keys: '', audience: 'app' };
  const application = createServer((incoming, response) => {
    createAgent(options).http((_, answer, who) => {
      identified();
      answer.end(`${who.login} ${who.amr.join(' ')}`);
    })(incoming, response);
  });
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  const { port } = application.address() as AddressInfo;
  const gate = await startGate(`routes:\n  - { name: app, to: "http://127.0.0.1:${port}", auth: id+otp }\n`);
  try {
    options.issuer = `http://localhost:${gate.port}`;
    options.keys = `http://localhost:${gate.port}/_sumun/jwks.json`;
    const person = await gate.tokenOnly('kim');
    const cookie = await gate.signIn(person, '/');
    const answer = await gate.visitor().send('GET', '/', { headers: { Cookie: cookie } });
    expect([answer.status, answer.text]).toEqual([200, 'kim otp']);
    identified = () => expect.unreachable();
    expect((await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-sumun-user': 'kim' } })).status).toBe(401);
  } finally {
    await gate.stop();
    application.close();
  }
});
