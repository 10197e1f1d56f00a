import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Person } from '../support/gate.ts';
import { SECRET_TEXT } from './parts.ts';
import { clientYaml, freePort, type Product, startProduct } from './product.ts';
import {
  freeradius,
  makeCertificates,
  openssl,
  pamRadius,
  python,
  radclient,
  radclientSend,
  run,
  skipped,
  startFreeradius,
} from './programs.ts';

/** The block of a page that is fenced as `language`, with its addresses, ports and secrets replaced. */
function blockOf(page: string, language: string, replacements: readonly (readonly [string, string])[]): string {
  const text = readFileSync(`docs/radius/${page}.md`, 'utf8').split(`\`\`\`${language}\n`)[1]?.split('```')[0];
  if (text === undefined) throw new Error(`${page} has no ${language}`);
  return replacements.reduce((sum, [from, to]) => {
    if (!sum.includes(from)) throw new Error(`${page} does not say ${from}`);
    return sum.replace(from, to);
  }, text);
}

describe.skipIf(skipped(radclient === undefined, 'radclient (freeradius-utils)'))('radclient', () => {
  let products: Readonly<Record<'field' | 'challenge' | 'chap', Product>>;
  let people: Readonly<Record<'field' | 'challenge' | 'chap', Person>>;
  beforeAll(async () => {
    const [field, challenge, chap] = await Promise.all([
      startProduct(clientYaml('auth: id+otp+pin\nreply: { Class: "{user.groups}" }')),
      startProduct(clientYaml('auth: id+pw+otp\nmode: challenge')),
      startProduct(clientYaml('auth: id+otp\nchap: true')),
    ]);
    products = { field, challenge, chap };
    people = {
      field: await field.person('kim'),
      challenge: await challenge.person('kim'),
      chap: await chap.person('kim'),
    };
  });
  afterAll(async () => {
    for (const product of Object.values(products)) await product.stop();
  });
  const send = (which: keyof typeof products, attributes: string, secret = SECRET_TEXT) =>
    radclientSend(products[which].radiusPort, 'auth', secret, `${attributes}, Message-Authenticator=0x00`);

  test('PAP: accepted once, then rejected', async () => {
    const { pin, otp } = people.field;
    const attributes = `User-Name=kim, User-Password="${pin}${otp()}"`;
    const accepted = await send('field', attributes);
    expect(accepted).toContain('Received Access-Accept');
    expect(accepted).toContain(`Class = 0x${Buffer.from('staff').toString('hex')}`);
    expect(await send('field', attributes)).toContain('Received Access-Reject');
  });

  test('CHAP proves an OTP', async () => {
    expect(await send('chap', `User-Name=kim, CHAP-Password="${people.chap.otp()}"`)).toContain(
      'Received Access-Accept',
    );
    expect(await send('chap', 'User-Name=kim, CHAP-Password="000000"')).toContain('Received Access-Reject');
  });

  test('Access-Challenge is answered with its State', async () => {
    const { password, otp } = people.challenge;
    const challenge = await send('challenge', `User-Name=kim, User-Password="${password}"`);
    expect(challenge).toContain('Received Access-Challenge');
    expect(challenge).toContain('Prompt = No-Echo');
    const state = /State = (0x[0-9a-f]{32})/.exec(challenge)?.[1];
    const answer = `User-Name=kim, User-Password="${otp()}", State=${state}`;
    expect(await send('challenge', answer)).toContain('Received Access-Accept');
  });

  test('Status-Server is answered', async () => {
    const { radiusPort } = products.field;
    const said = await radclientSend(radiusPort, 'status', SECRET_TEXT, 'Message-Authenticator=0x00');
    expect(said).toContain('Received Access-Accept');
  });

  test('a wrong secret and a missing Message-Authenticator get no answer', async () => {
    const attributes = 'User-Name=kim, User-Password="739152000000"';
    const said = await Promise.all([
      send('field', attributes, 'not-the-shared-secret-at-all'),
      radclientSend(products.field.radiusPort, 'auth', SECRET_TEXT, attributes),
    ]);
    expect(said).toEqual([expect.stringContaining('No reply'), expect.stringContaining('No reply')]);
  });
});

const withProxy = freeradius !== undefined && radclient !== undefined;

describe.skipIf(skipped(!withProxy, 'freeradius and freeradius-utils'))('docs/radius/openvpn.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sumun-freeradius-'));
  const localSecret = 'the-secret-between-pam-and-proxy';
  let product: Product;
  let proxy: Awaited<ReturnType<typeof startFreeradius>>;
  let port: number;
  beforeAll(async () => {
    product = await startProduct(clientYaml('auth: id+otp+pin\nmode: challenge', 'openvpn'));
    port = await freePort();
    const configuration = blockOf('openvpn', 'freeradius', [
      ['raddbdir = /etc/freeradius/3.0', `raddbdir = ${folder}`],
      ['logdir = /var/log/freeradius', `logdir = ${folder}`],
      ['run_dir = /run/freeradius', `run_dir = ${folder}`],
      ['ipaddr = 10.0.9.1', 'ipaddr = 127.0.0.1'],
      ['port = 1812', `port = ${product.radiusPort}`],
      ['<the secret of openvpn>', SECRET_TEXT],
      ['<the secret of pam>', localSecret],
      ['    port = 1812', `    port = ${port}`],
    ]);
    writeFileSync(join(folder, 'radiusd.conf'), configuration, { mode: 0o600 });
    proxy = await startFreeradius(folder);
  });
  afterAll(async () => {
    await proxy.stop();
    await product.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('FreeRADIUS forwards, with Message-Authenticator and Proxy-State, and takes our replies', async () => {
    const kim = await product.person('kim');
    const first = await radclientSend(port, 'auth', localSecret, `User-Name=kim, User-Password="${kim.pin}"`);
    expect(first).toContain('Received Access-Challenge');
    const state = /State = (0x[0-9a-f]{32})/.exec(first)?.[1];
    const answer = `User-Name=kim, User-Password="${kim.otp()}", State=${state}`;
    expect(await radclientSend(port, 'auth', localSecret, answer)).toContain('Received Access-Accept');
    const forwarded = proxy.output().split('Sent Access-Request')[1]?.split('Received Access-Challenge')[0];
    expect(forwarded).toMatch(/Message-Authenticator :?= 0x.*Proxy-State = 0x/s);
  });

  test.skipIf(skipped(pamRadius === undefined || python === undefined, 'libpam-radius-auth and python3'))(
    'PAM asks FreeRADIUS, FreeRADIUS asks us',
    async () => {
      const lee = await product.person('lee');
      const login = pamLogin('openvpn', folder, [
        ['127.0.0.1:1812', `127.0.0.1:${port}`],
        ['<the secret of pam>', localSecret],
      ]);
      expect(await login('lee', lee.pin, lee.otp())).toMatch(/result 0$/);
      expect(await login('lee', lee.pin, '000000')).not.toMatch(/result 0$/);
    },
  );
});

describe.skipIf(!withProxy || openssl === undefined)('RADIUS over TLS', () => {
  test('FreeRADIUS forwards with a certificate, as docs/radius/README.md says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sumun-radsec-'));
    makeCertificates(folder);
    chmodSync(join(folder, 'server.key'), 0o600);
    const tls = `  tls: { listen: "127.0.0.1:0", cert: ${folder}/server.pem, key: { file: ${folder}/server.key }, ca: ${folder}/ca.pem }\n`;
    const product = await startProduct(clientYaml('auth: id+otp+pin').replace('  clients:', `${tls}  clients:`));
    const home = product.served.radius.find(({ transport }) => transport === 'tls')?.port;
    const port = await freePort();
    const configuration = blockOf('openvpn', 'freeradius', [
      ['raddbdir = /etc/freeradius/3.0', `raddbdir = ${folder}`],
      ['logdir = /var/log/freeradius', `logdir = ${folder}`],
      ['run_dir = /run/freeradius', `run_dir = ${folder}`],
      ['ipaddr = 10.0.9.1', 'ipaddr = 127.0.0.1'],
      ['port = 1812', `port = ${home}`],
      ['<the secret of openvpn>', 'radsec'],
      [
        'status_check = status-server',
        blockOf('README', 'freeradius', []).replaceAll('/etc/freeradius/3.0/certs', folder),
      ],
      ['<the secret of pam>', SECRET_TEXT],
      ['    port = 1812', `    port = ${port}`],
    ]);
    writeFileSync(join(folder, 'radiusd.conf'), configuration, { mode: 0o600 });
    const proxy = await startFreeradius(folder);
    const kim = await product.person('kim');
    const attributes = `User-Name=kim, User-Password="${kim.pin}${kim.otp()}"`;
    const said = await radclientSend(port, 'auth', SECRET_TEXT, attributes);
    const again = await radclientSend(port, 'auth', SECRET_TEXT, attributes);
    await proxy.stop();
    await product.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(said).toContain('Received Access-Accept');
    expect(again).toContain('Received Access-Reject');
  });
});

/** Logs in with the two files of a page. */
function pamLogin(page: string, folder: string, replacements: readonly (readonly [string, string])[]) {
  const file = join(folder, 'pam_radius_auth.conf');
  const services = join(folder, 'pam.d');
  mkdirSync(services, { recursive: true });
  writeFileSync(file, blockOf(page, 'pam-radius', replacements), { mode: 0o600 });
  writeFileSync(join(services, page), blockOf(page, 'pam', [['/etc/pam_radius_auth.conf', file]]));
  return async (login: string, ...answers: readonly string[]) =>
    (await run(python ?? '', ['test/radius/pam-login.py', services, page, login, ...answers])).trim();
}

describe.skipIf(skipped(pamRadius === undefined || python === undefined, 'libpam-radius-auth and python3'))(
  'docs/radius/pam.md',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sumun-pam-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const login = (product: Product) =>
      pamLogin('pam', folder, [
        ['10.0.9.1:1812', `127.0.0.1:${product.radiusPort}`],
        ['<the secret>', SECRET_TEXT],
      ]);

    test('PIN, then code, which is not echoed', async () => {
      const product = await startProduct(
        clientYaml('auth: id+otp+pin\nmode: challenge\nrequire_message_authenticator: false', 'linux'),
      );
      const kim = await product.person('kim');
      const said = await login(product)('kim', kim.pin, kim.otp());
      expect(said).toMatch(/^1 PIN: \n1 .*OTP.*\nresult 0$/);
      expect(await login(product)('kim', kim.pin, '000000')).not.toMatch(/result 0$/);
      expect(await login(product)('nobody', kim.pin)).not.toMatch(/result 0$/);
      await product.stop();
    });

    test('PIN and code in one field', async () => {
      const product = await startProduct(clientYaml('auth: id+otp+pin\nrequire_message_authenticator: false', 'linux'));
      const kim = await product.person('kim');
      expect(await login(product)('kim', kim.pin + kim.otp())).toMatch(/result 0$/);
      await product.stop();
    });
  },
);

test('every page of docs/radius is listed in its README', () => {
  const readme = readFileSync('docs/radius/README.md', 'utf8');
  const pages = readdirSync('docs/radius').filter((name) => name !== 'README.md');
  expect(pages.filter((page) => !readme.includes(`(${page})`))).toEqual([]);
});
