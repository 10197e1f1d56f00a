import type { CliClient } from './client-ko.ts';

/** What `client` says, in English. */
export const clientEn: CliClient = {
  help: {
    client: 'programs that call the API, and their keys',
    add: 'add a program and show its key once',
    name: 'name (stands in the audit trail and in statistics)',
    scope: 'what it may do, joined by commas (default: verify)',
    app: 'verify for this application only (default: any)',
    network: 'network it may be used from (repeatable; default: anywhere)',
    expires: 'how long it may be used, 90d for example (default: without end)',
    list: 'list programs and keys',
    rotate: 'give a new key; the old one is taken a while longer',
    overlap: 'how long the old key is still taken',
    revoke: 'end every key at once',
  },
  headings: ['name', 'key', 'status', 'scopes', 'app', 'ends', 'last used'],
  none: 'there are no API clients',
  nameInvalid: (name) => `'${name}' cannot be a name`,
  nameRule: 'letters, digits, _ . - and 64 characters at most',
  exists: (name) => `'${name}' exists already`,
  existsRemedy: (name) => `for a new key: sumun client rotate ${name}`,
  missing: (name) => `there is no '${name}' with a key that counts`,
  added: (name) => `added ${name}. The key is not shown again: put it where it belongs now`,
  rotated: (name, until) => `this is the new key of ${name}. The old one is taken until ${until}`,
  revoked: (name) => `ended every key of ${name}`,
  revokeWarning: (name) => `Every key of ${name} ends; programs that use one stop at once`,
  states: { active: 'active', ended: 'ended', revoked: 'revoked' },
};
