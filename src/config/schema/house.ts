import { z } from 'zod';
import { err, ok } from '../../core/result.ts';
import { field, later, localTextField, nonEmpty, textField, wordField } from '../fields.ts';
import { filePathField, secretFileField } from '../secret-schema.ts';
import { type Read, show } from '../values.ts';
import { cidrField, listenField } from './server.ts';

const DEFAULT_ROLES = {
  owner: { groups: ['sumun-admins'] },
  operator: { groups: ['helpdesk'] },
  auditor: { groups: ['audit'] },
};

/** `console`: the second listener. */
export const consoleSection = z.strictObject({
  listen: listenField()
    .prefault('127.0.0.1:8081')
    .describe('Where the API (`/api/v1`), `/healthz`, `/readyz` and `/metrics` answer.'),
  tls: later(null, 'TLS for the second listener.'),
  networks: z
    .array(cidrField())
    .prefault([])
    .describe('Who may ask for anything here. Empty = whatever can reach the address.'),
  auth: later('id+pw+otp', 'Sign-in to the console.'),
  roles: later(DEFAULT_ROLES, 'Roles of the console.'),
  two_people: later([], 'Acts that need a second administrator.'),
  edit_policy: later(true, 'Editing this file in the console.'),
});

const storageUrl: Read<string> = (value) => {
  const isLater =
    (typeof value === 'object' && value !== null) || (typeof value === 'string' && /^postgres(?:ql)?:/.test(value));
  if (isLater)
    return err({ finding: 'not-in-this-version', values: { found: typeof value === 'string' ? 'postgres' : '{…}' } });
  const parts = typeof value === 'string' ? /^sqlite:(?!\/\/)([^\0?]+)$/.exec(value) : null;
  return parts === null ? err({ finding: 'bad-storage', values: { found: show(value) } }) : ok(parts[1] ?? '');
};

/** `storage`: the database. */
export const storage = z.strictObject({
  url: field(storageUrl, { type: 'string', pattern: '^sqlite:', 'x-kind': 'sqlite:PATH' })
    .prefault('sqlite:data/sumun.db')
    .describe('The database: `sqlite:` and a path.'),
});

/** `keys`: where keys are kept. */
export const keys = z.strictObject({
  master: secretFileField()
    .prefault({ file: 'data/master.key' })
    .describe('The key that seals all other keys and seeds.'),
  signing: filePathField().prefault('data/signing').describe('Folder of the keys that sign assertions.'),
});

/** `audit`: the audit trail. */
export const audit = z.strictObject({
  keep: later('400d', 'Removing old records; in this version all are kept.'),
  to: later([], 'Sending records elsewhere.'),
  webhook: later([], 'Calling others on events.'),
});

/** `log`: the log on standard error. */
export const log = z.strictObject({
  level: wordField(['debug', 'info', 'warn', 'error']).prefault('info').describe('What is written.'),
  format: wordField(['json', 'text']).prefault('json').describe('`json`: one object a line. `text`: for people.'),
  access: z.boolean().prefault(true).describe('One line for every request.'),
});

const colour: Read<string> = (value) =>
  typeof value === 'string' && /^#[0-9A-Fa-f]{6}$/.test(value)
    ? ok(value.toUpperCase())
    : err({ finding: 'bad-colour', values: { found: show(value) } });

const helpUrl: Read<string> = (value) =>
  typeof value === 'string' && /^(?:https?:\/\/[^/@\s]+\S*|mailto:[^\s?]+|tel:[+0-9-]+)$/.test(value)
    ? ok(value)
    : err({ finding: 'bad-url', values: { found: show(value), hint: 'https://…, mailto:…, tel:…' } });

/** `pages`: how our own pages look. */
export const pages = z.strictObject({
  brand: z
    .strictObject({
      name: textField(40).prefault('Sumun').describe('Name on every page.'),
      logo: filePathField().nullable().prefault(null).describe('PNG, JPEG or SVG file of at most 8 KiB.'),
      accent: field(colour, { type: 'string', pattern: '^#[0-9A-Fa-f]{6}$', 'x-kind': '"#RRGGBB"' })
        .nullable()
        .prefault(null)
        .describe('Colour of buttons. White text on it needs a contrast of 4.5:1.'),
    })
    .prefault({})
    .describe('Whose pages these are.'),
  languages: nonEmpty(wordField(['ko', 'en', 'ja']))
    .prefault(['ko', 'en', 'ja'])
    .describe('Languages offered; the first one if the browser asks for none of them.'),
  help: z
    .strictObject({
      text: localTextField(200).nullable().prefault(null).describe('Whom to call.'),
      url: field(helpUrl, { type: 'string', 'x-kind': 'URL' })
        .nullable()
        .prefault(null)
        .describe('A page, `mailto:` or `tel:`.'),
    })
    .prefault({})
    .describe('The help line at the foot of every page.'),
  id_hint: localTextField(100)
    .nullable()
    .prefault(null)
    .describe('What to type as ID: an employee number, for example.'),
});
