import { execFileSync } from 'node:child_process';
import { Authority, type Issued } from '../support/pki.ts';
import { type Files, NOW, type Row } from './checking.ts';

/** Keys below `server`; the first begins on line 2 in column 11. */
const server = (keys: string, route = '') =>
  `version: 1\nserver: { ${keys} }\nroutes:\n  - { name: a, to: "http://app:80"${route} }\n`;

/** With a certificate; its file begins in column 24, its key in column 36. */
const tls = (more = '', route = '') => server(`tls: { cert: c.pem, key: { file: c.key } }${more}`, route);

/** A portal, and a cookie that browsers keep to themselves on the way back from it. */
const strictCookie = `${server('public_url: "http://127.0.0.1:8080"')}sessions: { cookie: { same_site: strict } }\n`;

const filesOf = ({ cert, key }: Pick<Issued, 'cert' | 'key'>): { readonly files: Files } => ({
  files: {
    'c.pem': { bytes: cert, mode: 0o644 },
    'c.key': { bytes: key, mode: 0o600 },
    'data/master.key': { bytes: 'k'.repeat(32), mode: 0o600 },
  },
});

/** A key of 1024 bits, which no browser accepts any more. */
function weakPair(): Pick<Issued, 'cert' | 'key'> {
  const words = ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-subj', '/CN=weak', '-days', '3650'];
  const both = execFileSync('openssl', [...words, '-addext', 'subjectAltName=DNS:a.example', '-keyout', '-'], {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const from = both.indexOf('-----BEGIN CERTIFICATE');
  return { cert: both.slice(from), key: both.slice(0, from) };
}

const DAYS = 24 * 3600 * 1000;
const day = (offset: number): string => new Date(NOW + offset * DAYS).toISOString().replace(/[-:T]|\.\d+/g, '');

/** Faults of listeners, certificates and the portal. */
export function listenerRows(): readonly Row[] {
  const authority = Authority.open();
  try {
    const valid = { notBefore: day(-10), notAfter: day(300), names: 'DNS:hr.corp.example,DNS:*.corp.example' };
    const good = authority.issue(valid);
    const late = authority.issue({ ...valid, notAfter: day(-1) });
    const early = authority.issue({ ...valid, notBefore: day(1) });
    const ending = authority.issue({ ...valid, notBefore: day(-60), notAfter: day(5.5) });
    const nameless = authority.issue({ ...valid, names: 'email:kim@corp.example' });
    return [
      ['no number of processes', server('workers: 0'), '159', '2:20'],
      ['more processes than are sensible', server('workers: 65'), '159', '2:20'],
      ['a portal with a path', server('public_url: "https://gw.example/in"'), '147', '2:23'],
      ['a portal with a password (G145)', server('public_url: "https://a:b@gw.example"'), '147', '2:23'],
      ['an unknown PROXY protocol', server('proxy_protocol: v3'), '119', '2:27'],
      ['a certificate without a key', server('tls: { cert: c.pem }'), '117', '2:16'],
      ['a literal key of a listener', server('tls: { cert: c.pem, key: MIIE }'), '140', '2:36', filesOf(good)],
      ['a certificate file that is not there', tls(), '211', '2:24'],
      ['a key file that is not there', server('tls: { cert: c.pem, key: { file: d } }'), '211', '2:44', filesOf(good)],
      ['a certificate that is none', tls(), '250', '2:24', filesOf({ ...good, cert: good.key })],
      ['a key that is none', tls(), '251', '2:36', filesOf({ ...good, key: good.cert })],
      ['the key of another certificate', tls(), '252', '2:36', filesOf({ ...good, key: late.key })],
      ['a key that nobody accepts', tls(), '253', '2:24', filesOf(weakPair())],
      ['a certificate that has ended', tls(), '254', '2:24', filesOf(late)],
      ['a certificate that has not begun', tls(), '255', '2:24', filesOf(early)],
      ['a PROXY protocol that nobody may speak', server('proxy_protocol: v2'), '256', '2:27'],
      ['a redirect to nowhere', server('redirect_from: "0.0.0.0:80"'), '257', '2:26'],
      ['a portal in clear beside TLS', tls(', public_url: "http://gw.corp.example"'), '258', '2:67', filesOf(good)],
      ['a cookie that does not come back from the portal', strictCookie, '259', '5:34'],
      ['a redirect where TLS is spoken', tls(', redirect_from: "0.0.0.0:8080"'), '223', '2:70', filesOf(good)],
      ['a certificate that ends soon', tls(), '330', '2:24', filesOf(ending)],
      ['a certificate for nobody', tls(), '331', '2:24', filesOf(nameless)],
      ['a host that no certificate names', tls('', ', host: hr.example'), '332', '4:43', filesOf(good)],
      ['hosts that no certificate names', tls('', ', host: "*.example"'), '332', '4:43', filesOf(good)],
      ['a portal in clear', server('public_url: "http://gw.example"'), '333', '2:23'],
      ['a portal whose TLS nobody speaks', server('public_url: "https://gw.example"'), '334', '2:23'],
    ];
  } finally {
    authority.close();
  }
}
