import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hiddenFields, Visitor } from '../support/visitor.ts';

const WIKI = '/usr/share/dokuwiki';
const isThere = existsSync(WIKI) && spawnSync('php', ['--version']).status === 0;
if (!isThere)
  console.warn(
    'skipped: the DokuWiki recipe needs php-cli, php-xml and dokuwiki (apt-get install php-cli php-xml dokuwiki)',
  );

const recipe = readFileSync('docs/recipes/dokuwiki.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'sumun-dokuwiki-'));
const running: ChildProcess[] = [];
let wikiPort = 0;
let visitor: Visitor;
let admin: { readonly login: string; readonly otpauth: string };

describe.skipIf(!isThere)('DokuWiki behind the gateway, as docs/recipes/dokuwiki.md says', () => {
  beforeAll(async () => {
    wikiPort = await freePort();
    installWiki();
    start('php', ['-S', `127.0.0.1:${wikiPort}`, '-t', join(folder, 'wiki')], { PHP_CLI_SERVER_WORKERS: '4' });
    const gatePort = await installGate();
    start(process.execPath, ['src/main.ts', 'run', '-c', join(folder, 'gate/config.yaml')]);
    await Promise.all([untilListening(wikiPort), untilListening(gatePort)]);
    visitor = new Visitor(gatePort, 'wiki.corp.example');
  }, 60_000);
  afterAll(async () => {
    visitor?.close();
    await Promise.all(running.map(stop));
    rmSync(folder, { recursive: true, force: true });
  });

  test('nobody gets in without signing in', async () => {
    const answer = await visitor.send('GET', '/doku.php?id=start');
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toContain('/_sumun/login?t=');
  });

  test('signing in leads back to the page that was asked for, and the wiki knows the name', async () => {
    const page = await visitor.signIn('/doku.php?id=start', admin);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`<bdi>${admin.login}</bdi>`);
  });

  test('a page is written and read again', async () => {
    const form = await visitor.open('/doku.php?id=notes&do=edit');
    const saved = await visitor.post('/doku.php?id=notes', {
      ...hiddenFields(form.text.slice(form.text.indexOf('dw__editform'))),
      wikitext: '====== 회의록 ======\n수문장 시험 문장입니다.',
      summary: '처음',
      'do[save]': '1',
    });
    expect(saved.status).toBe(302);
    const page = await visitor.open('/doku.php?id=notes');
    expect(page.text).toContain('수문장 시험 문장입니다.');
    expect(readFileSync(join(folder, 'wiki/data/meta/notes.changes'), 'utf8')).toContain(`\t${admin.login}\t`);
  });

  test('a file is uploaded and comes back byte for byte', async () => {
    const file = randomBytes(300_000);
    const { sectok = '' } = hiddenFields((await visitor.open('/lib/exe/mediamanager.php?ns=')).text);
    const boundary = '----sumun-recipe';
    const body = Buffer.concat([
      ...Object.entries({ sectok, ns: '', mediaid: 'report.zip' }).map(([name, value]) =>
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
      ),
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="upload"; filename="report.zip"\r\nContent-Type: application/zip\r\n\r\n`,
      ),
      file,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const sent = await visitor.send('POST', '/lib/exe/mediamanager.php', {
      headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
      body,
    });
    expect(sent.status).toBe(200);
    const fetched = await visitor.open('/lib/exe/fetch.php?media=report.zip');
    expect(fetched.body.equals(file)).toBe(true);
  });

  test('a client cannot name itself', async () => {
    const stranger = new Visitor(wikiPort);
    const claimed = await stranger.send('GET', '/doku.php', { headers: { 'X-Sumun-User': 'mallory' } });
    stranger.close();
    expect(claimed.text).toContain('mallory'); // so the header would count, if it got through
    const page = await visitor.open('/doku.php?id=start', {
      headers: { 'X-Sumun-User': 'mallory', X_Sumun_User: 'mallory' },
    });
    expect(page.text).not.toContain('mallory');
    expect(page.text).toContain(`<bdi>${admin.login}</bdi>`);
  });

  test('signing out ends it', async () => {
    const asks = await visitor.open('/_sumun/logout');
    const ended = await visitor.post('/_sumun/logout', hiddenFields(asks.text));
    expect(ended.status).toBeLessThan(400);
    expect((await visitor.send('GET', '/doku.php?id=notes')).status).toBe(303);
  });
});

/** A wiki of the distribution's files with its own configuration and data. */
function installWiki(): void {
  const wiki = join(folder, 'wiki');
  cpSync(WIKI, wiki, { recursive: true, dereference: true });
  rmSync(join(wiki, 'inc/preload.php'), { force: true }); // points to the distribution's own configuration
  const kinds = [
    'attic',
    'cache',
    'index',
    'locks',
    'log',
    'media',
    'media_attic',
    'media_meta',
    'meta',
    'pages',
    'tmp',
  ];
  for (const kind of kinds) mkdirSync(join(wiki, 'data', kind), { recursive: true });
  const kept = (path: string) => !/\.auth\.php$|local\.php$/.test(path);
  cpSync('/etc/dokuwiki', join(wiki, 'conf'), { recursive: true, dereference: true, filter: kept });
  cpSync('docs/recipes/dokuwiki/authsumun', join(wiki, 'lib/plugins/authsumun'), { recursive: true });
  // The distribution's defaults point to its own data.
  const local = `${block('php', "$conf['title']")}$conf['savedir'] = './data';\n`;
  writeFileSync(join(wiki, 'conf/local.php'), local);
  writeFileSync(join(wiki, 'conf/acl.auth.php'), block('', '@ALL'));
}

/** Keys and the first person by `init`, then the recipe's own configuration with this run's ports. */
async function installGate(): Promise<number> {
  const gate = join(folder, 'gate');
  const upstream = `http://127.0.0.1:${wikiPort}`;
  const flags = [
    '--host',
    'wiki.corp.example',
    '--upstream',
    upstream,
    '--auth',
    'id+otp',
    '--admin',
    'kim',
    '--json',
    '--yes',
  ];
  const made = spawnSync(process.execPath, [resolve('src/main.ts'), 'init', 'gate', ...flags], {
    encoding: 'utf8',
    cwd: folder,
  });
  expect(made.status, made.stderr).toBe(0);
  admin = { login: 'kim', otpauth: /otpauth:\/\/[^"\s]+/.exec(made.stdout)?.[0] ?? '' };
  const [port, health] = [await freePort(), await freePort()];
  const config = block('yaml', 'name: wiki')
    .replace('http://127.0.0.1:8082', upstream)
    .replace('0.0.0.0:8080', `127.0.0.1:${port}`);
  writeFileSync(join(gate, 'config.yaml'), `${config}console: { listen: "127.0.0.1:${health}" }\n`);
  return port;
}

/** The recipe's code block of a language that holds a text. */
function block(language: string, holds: string): string {
  const found = [...recipe.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].find(
    ([, name, text]) => name === language && text?.includes(holds),
  );
  return found?.[2] ?? '';
}

function start(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  running.push(spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } }));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(forced);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    socket.destroy();
    if (isOpen) return;
    await wait(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
