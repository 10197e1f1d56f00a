import { z } from 'zod';
import type { TokenFileProblem } from '../../core/enrolment/token-row.ts';
import { importTokens, type TokenVerdict } from '../../flows/import-tokens.ts';
import { parseTokenFile } from '../../importing/parse-token-file.ts';
import { badRequest } from '../input.ts';
import { type Operation, operation } from '../operation.ts';
import { given, KEPT, login } from './fields.ts';
import { LARGEST_IMPORT, readContent, sourceFields } from './import-source.ts';
import { readSecret } from './token-fields.ts';

const rowSchema = z.object({
  index: z.int().meta({ description: 'Number of the row among those of the file, from 1' }),
  line: z.int(),
  serial: z.string(),
  user: z.string(),
  verdict: z.enum(['added', 'would_add', 'exists', 'no_such_user', 'refused']),
  why: z.string().nullable(),
  token: z
    .object({
      kind: z.enum(['totp', 'hotp', 'ocra']),
      algorithm: z.enum(['SHA1', 'SHA256', 'SHA512']),
      algorithm_from: z.enum(['file', 'length', 'default']).meta({ description: 'Whether the file named it' }),
      digits: z.int(),
      period: z.int(),
      suite: z.string(),
      label: z.string(),
    })
    .nullable(),
});

const body = z.strictObject({
  format: z.enum(['pskc', 'csv', 'otpauth']).optional().meta({ description: 'Absent: told from the file' }),
  ...sourceFields,
  password: z.string().min(1).max(1024).optional().meta({ description: 'Of a PSKC file (PBKDF2)', writeOnly: true }),
  preshared_key: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ description: 'Of a PSKC file, in hexadecimal', writeOnly: true }),
  user: login.optional().meta({ description: 'Whose all of them are' }),
  owners: z.record(z.string().max(64), login).optional().meta({ description: 'Logins by serial number' }),
});

/** Tokens from the file their maker delivered. */
export const importTokenOperations: readonly Operation[] = [
  operation({
    id: 'importTokens',
    method: 'post',
    path: '/imports/tokens',
    scopes: ['imports'],
    tag: 'imports',
    summary: 'Gives the tokens of a file to their owners',
    description:
      'PSKC (RFC 6030), CSV of OATH tokens, or a list of otpauth addresses. Each row is added or refused alone; a file whose MACs are wrong is refused whole. No answer holds a secret.',
    bodySchema: body,
    maxBody: LARGEST_IMPORT,
    idempotentFor: KEPT,
    answers: {
      200: {
        description: 'What became, or in a dry run would become, of every row',
        schema: z.object({ dry_run: z.boolean(), rows: z.array(rowSchema) }),
      },
    },
    handle: async ({ parts: { house }, body: asked, by }) => {
      const bytes = readContent(asked);
      if (asked.format !== undefined && asked.format !== formatOf(bytes)) {
        throw badRequest({ path: 'format', message: 'the file is of another one' });
      }
      const presharedKey = asked.preshared_key === undefined ? undefined : keyOf(asked.preshared_key);
      const rows = parseTokenFile(bytes, given({ password: asked.password, presharedKey }));
      if (!rows.ok) throw unreadable(rows.error.line, rows.error.problem);
      const bySerial = asked.owners === undefined ? undefined : new Map(Object.entries(asked.owners));
      const assign = given({ login: asked.user, bySerial });
      const verdicts = await importTokens(house, rows.value, { dryRun: asked.dry_run, assign }, by);
      return { status: 200, body: { dry_run: asked.dry_run, rows: verdicts.map(verdictView) } };
    },
  }),
];

/** What a file looks like from its beginning, as the reader of files tells it. */
function formatOf(bytes: Uint8Array): 'pskc' | 'csv' | 'otpauth' {
  const beginning = new TextDecoder().decode(bytes.subarray(0, 4096)).trimStart();
  if (beginning.startsWith('<')) return 'pskc';
  return /^(?:#[^\n]*\s+)*otpauth/i.test(beginning) ? 'otpauth' : 'csv';
}

function keyOf(text: string): Uint8Array {
  try {
    return readSecret(text, 'hex');
  } catch {
    throw badRequest({ path: 'preshared_key', message: 'not hexadecimal' });
  }
}

const verdictView = ({ index, line, serial, login: user, verdict, why, token }: TokenVerdict) => ({
  index,
  line,
  serial,
  user,
  verdict: verdict.replaceAll('-', '_'),
  why: why?.replaceAll('-', '_') ?? null,
  token:
    token === undefined
      ? null
      : {
          kind: token.kind,
          algorithm: token.algorithm,
          algorithm_from: token.hashSource,
          digits: token.digits,
          period: token.period,
          suite: token.suite,
          label: token.label,
        },
});

const PROBLEMS: Readonly<Record<TokenFileProblem, string>> = {
  'too-large': 'larger than 5 MiB',
  'too-many': 'more than 10,000 tokens',
  'not-text': 'not a text in UTF-8',
  'unknown-format': 'none of the formats that are read',
  'no-tokens': 'there is no token in it',
  'open-quote': 'a quoted cell is not closed',
  'stray-quote': 'a quote stands inside a cell that is not quoted',
  'repeated-column': 'a column stands there twice',
  'unknown-column': 'there is no such column',
  xml: 'not well-formed XML',
  'xml-doctype': 'a document type declaration is not taken',
  'xml-depth': 'too many elements inside each other',
  'not-pskc': 'not a PSKC key container (RFC 6030)',
  'pskc-version': 'not version 1 of PSKC',
  'password-needed': 'it is encrypted with a password: send `password`',
  'key-needed': 'it is encrypted with a pre-shared key: send `preshared_key`',
  'key-length': 'the pre-shared key is of another length',
  'key-wrong': 'the password or key is another one, or the file was changed',
  'mac-missing': 'encrypted without a MAC: it could have been changed',
  cipher: 'an encryption, MAC or key derivation that is not known here',
  'derivation-cost': 'more rounds of PBKDF2 than are spent here',
};

const unreadable = (line: number, problem: TokenFileProblem) =>
  badRequest({ path: 'content', message: `line ${line}: ${PROBLEMS[problem]}` });
