import type { CliRadius } from './radius-ko.ts';

/** What `radius` says, in English. */
export const radiusEn: CliRadius = {
  help: {
    radius: 'test of the RADIUS server',
    test: 'ask as a RADIUS client would and show what went to and fro; a right OTP is spent by this',
    client: 'name in radius.clients of the configuration',
    server: 'address of the server (default: the first of radius.listen)',
    passwordFile: 'file with the password (- = standard input; further lines answer what is asked next)',
  },
  clientMissing: (name, names) => `the configuration has no client '${name}' (there are: ${names || 'none'})`,
  noServer: 'the configuration has no radius.listen',
  noServerRemedy: 'give the address with --server host:port',
  serverRule: 'host:port',
  tooLong: 'a password has 128 bytes at most',
  askPassword: 'what goes into the password field (PIN and OTP, for example)',
  sent: (octets, server) => `→ ${server} Access-Request, ${octets} bytes`,
  received: (name, octets, milliseconds) => `← ${name}, ${octets} bytes, ${milliseconds} ms`,
  noAnswer: (server) => `no answer from ${server}`,
  noAnswerRemedy: (name, networks) =>
    `see that the server runs, that this machine is ${name} for it (${networks}) and that the secrets are the same; its log says radius.refused`,
  rejected: 'rejected',
  waiting: 'another answer is needed',
};
