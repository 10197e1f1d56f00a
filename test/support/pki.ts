import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate with its key, PEM and where the files lie. */
export type Issued = {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
};

export type IssueOptions = {
  /** `DNS:` and `IP:` entries. */
  readonly names?: string;
  /** Validity as OpenSSL writes times; the default is from yesterday for a year. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** With an RSA key of 2048 bits instead of one on P-256. */
  readonly rsa?: boolean;
};

/** A private certificate authority, made with the `openssl` of this machine. */
export class Authority {
  readonly folder: string;
  readonly ca: string;
  readonly caFile: string;
  #serial = 1;

  private constructor(folder: string) {
    this.folder = folder;
    this.caFile = join(folder, 'ca.pem');
    this.ca = readFileSync(this.caFile, 'latin1');
  }

  static open(name = 'Test CA'): Authority {
    const folder = mkdtempSync(join(tmpdir(), 'sumun-pki-'));
    const files = ['-keyout', join(folder, 'ca.key'), '-out', join(folder, 'ca.pem')];
    openssl('req', '-x509', ...NEW_KEY, ...files, '-days', '3650', '-subj', `/CN=${name}`);
    return new Authority(folder);
  }

  /** Issues a certificate for these names. */
  issue({ names = 'DNS:app.example,IP:127.0.0.1', notBefore, notAfter, rsa = false }: IssueOptions = {}): Issued {
    const at = (suffix: string): string => join(this.folder, `${this.#serial}.${suffix}`);
    this.#serial += 1;
    const [keyFile, request, certFile, extensions] = [at('key'), at('csr'), at('pem'), at('ext')];
    openssl('req', ...(rsa ? NEW_RSA_KEY : NEW_KEY), '-keyout', keyFile, '-out', request, '-subj', '/CN=ignored');
    writeFileSync(extensions, `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    writeFileSync(join(this.folder, 'index.txt'), '');
    const config = join(this.folder, 'ca.cnf');
    writeFileSync(config, caConfig(this.folder));
    const year = 365 * 24 * 3600 * 1000;
    const from = notBefore ?? timeText(Date.now() - 24 * 3600 * 1000);
    const until = notAfter ?? timeText(Date.now() + year);
    const when = ['-startdate', from, '-enddate', until];
    openssl(
      'ca',
      '-batch',
      '-config',
      config,
      '-in',
      request,
      '-out',
      certFile,
      '-extfile',
      extensions,
      '-notext',
      ...when,
    );
    return { cert: readFileSync(certFile, 'latin1'), key: readFileSync(keyFile, 'latin1'), certFile, keyFile };
  }

  /** A certificate that vouches for itself. */
  selfSigned(names = 'DNS:app.example,IP:127.0.0.1'): Issued {
    const [keyFile, certFile] = [join(this.folder, 'self.key'), join(this.folder, 'self.pem')];
    const what = ['-days', '30', '-subj', '/CN=app.example', '-addext', `subjectAltName=${names}`];
    openssl('req', '-x509', ...NEW_KEY, '-keyout', keyFile, '-out', certFile, ...what);
    return { cert: readFileSync(certFile, 'latin1'), key: readFileSync(keyFile, 'latin1'), certFile, keyFile };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const NEW_RSA_KEY = ['-newkey', 'rsa:2048', '-nodes'];

const openssl = (...words: readonly string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' });

/** `20261123000000Z` */
const timeText = (moment: number): string => new Date(moment).toISOString().replace(/[-:T]|\.\d+/g, '');

const caConfig = (folder: string): string => `[ca]
default_ca = own
[own]
database = ${join(folder, 'index.txt')}
new_certs_dir = ${folder}
certificate = ${join(folder, 'ca.pem')}
private_key = ${join(folder, 'ca.key')}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
`;
