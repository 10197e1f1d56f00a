import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about listeners, certificates and the portal in English. */
export const enListeners = {
  'bad-workers': { message: 'Not a number of processes: {found}.', fix: 'Write a number from 1 to 64, or auto.' },
  'bad-certificate': {
    message: '{found} is no certificate in PEM form.',
    fix: 'The file begins with -----BEGIN CERTIFICATE-----: the certificate itself, then its authorities.',
  },
  'bad-private-key': {
    message: 'This is no private key in PEM form, or it asks for a passphrase.',
    fix: 'Remove the passphrase and protect the file with mode 0600: openssl pkey -in KEY -out NEW',
  },
  'key-mismatch': {
    message: 'The key does not belong to the certificate {found}.',
    fix: 'Name the key the certificate was made for. In a chain the certificate itself stands first.',
  },
  'certificate-refused': {
    message: 'TLS refuses the certificate {found}: {hint}.',
    fix: 'Have a new one made: an ECDSA key, or RSA of at least 2048 bits, signed with SHA-256.',
  },
  'certificate-expired': { message: 'The certificate {found} was valid until {day}.', fix: 'Put a new one there.' },
  'certificate-early': {
    message: 'The certificate {found} is not valid before {day}.',
    fix: 'Check the clock of this machine, or wait until then.',
  },
  'proxy-protocol-from-nobody': {
    message: 'proxy_protocol: {found} would refuse everybody: server.trusted_proxies is empty.',
    fix: 'Name the addresses of the load balancers in server.trusted_proxies.',
  },
  'redirect-without-tls': {
    message: 'There is no https to redirect to: server.tls is not set.',
    fix: 'Set server.tls, or leave redirect_from out.',
  },
  'portal-not-https': {
    message: 'The listeners speak TLS, and {found} is http: nobody could reach the portal.',
    fix: 'Write https.',
  },
  'strict-across-hosts': {
    message:
      'With same_site: strict a browser that comes back from {found} does not send the session cookie, and sign-in never ends.',
    fix: 'Write lax: single sign-on across hosts needs it.',
  },
  'certificate-ends': {
    message: 'The certificate {found} ends in {days} days.',
    fix: 'Replace both files; they are read again by themselves.',
  },
  'certificate-nameless': {
    message: 'The certificate {found} names no host: every browser refuses it.',
    fix: 'Have one made with the hosts as subject alternative names.',
  },
  'host-without-certificate': {
    message: 'No certificate names {found}: browsers will warn of it.',
    fix: 'Add a certificate for it to server.tls.',
  },
  'portal-in-clear': {
    message: 'People sign in on {found} in clear: whoever is on the way can take their session.',
    fix: 'Write https, with server.tls or a proxy in front that terminates TLS.',
  },
  'https-from-nowhere': {
    message: 'Nothing speaks https for {found}: server.tls is not set and nobody in front is trusted.',
    fix: 'Set server.tls, or name the proxy that terminates TLS in server.trusted_proxies.',
  },
} as const satisfies Partial<Record<FindingName, FindingText>>;
