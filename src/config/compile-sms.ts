import type { SmsProvider, SmsSettings } from '../core/policy.ts';
import { type Context, resolveFrom } from './context.ts';
import type { YamlPath } from './document.ts';
import type { Configuration } from './schema/root.ts';
import { readSecret } from './secrets.ts';
import { contentTypeOf, fitsContentType, unknownPlaceholders } from './sms-template.ts';
import { removableHeader } from './templates.ts';

type ProviderValues = Configuration['sms']['providers'][number];
type HttpValues = Extract<ProviderValues, { type: 'http' }>;

/** `sms`, with secrets read in. A provider whose secret is missing is reported and left out. */
export function compileSms(sms: Configuration['sms'], demo: boolean, context: Context): SmsSettings {
  const names = namesOf(sms.providers, context);
  const { code } = sms;
  return {
    providers: sms.providers.flatMap((values, index) => {
      const path = ['sms', 'providers', index];
      return compileProvider(values, names[index] ?? '', path, demo, context) ?? [];
    }),
    code: {
      digits: code.digits,
      ttl: code.ttl,
      tries: code.tries,
      resend: code.resend,
      perNumber: code.per_number,
      perUser: code.per_user,
      perAddress: code.per_address,
      perDay: code.per_day,
      budget: code.budget,
      prefixes: [...new Set(code.prefixes)],
    },
  };
}

/** Receipts and the audit trail tell providers apart by name. */
function namesOf(providers: readonly ProviderValues[], context: Context): readonly string[] {
  const taken = new Set(providers.flatMap(({ name }) => name ?? []));
  const seen = new Set<string>();
  return providers.map(({ type, name }, index) => {
    if (name !== undefined) {
      if (seen.has(name)) context.report('provider-twice', ['sms', 'providers', index, 'name'], { found: name });
      seen.add(name);
      return name;
    }
    let free: string = type;
    for (let number = 2; taken.has(free); number++) free = `${type}-${number}`;
    taken.add(free);
    return free;
  });
}

function compileProvider(
  values: ProviderValues,
  name: string,
  path: YamlPath,
  demo: boolean,
  context: Context,
): SmsProvider | undefined {
  switch (values.type) {
    case 'http':
      return compileHttp(values, name, path, demo, context);
    case 'file':
      if (!demo) context.report('sms-to-file', path, { found: name });
      return { type: 'file', name, path: resolveFrom(context, values.path) };
    case 'smpp': {
      const { type, host, port, tls, system_id: systemId, from, timeout } = values;
      const password = readSecret(values.password, [...path, 'password'], demo, context);
      if (!tls) context.report('sms-in-clear', [...path, 'host'], { found: `${host}:${port}` });
      return password === undefined ? undefined : { type, name, host, port, tls, systemId, password, from, timeout };
    }
  }
}

const DEFAULT_BODY = '{"to":"{to}","text":"{text}"}';

function compileHttp(
  values: HttpValues,
  name: string,
  path: YamlPath,
  demo: boolean,
  context: Context,
): SmsProvider | undefined {
  const { type, url, method, timeout } = values;
  const body = values.body ?? (method === 'GET' ? '' : DEFAULT_BODY);
  const typeHeader = Object.keys(values.headers).find((header) => header.toLowerCase() === 'content-type');
  const contentType = typeHeader === undefined ? contentTypeOf(body) : (values.headers[typeHeader] ?? '');
  const headers = Object.fromEntries(Object.entries(values.headers).filter(([header]) => header !== typeHeader));
  checkTemplates({ ...values, body }, path, context);
  if (method === 'GET' && body !== '')
    context.report('key-without-meaning', [...path, 'body'], { found: 'body', other: 'GET' }, 'key');
  else if (body !== '' && !fitsContentType(body, contentType))
    context.report('bad-sms-body', [...path, 'body'], { found: contentType });
  if (url.startsWith('http://'))
    context.report('sms-in-clear', [...path, 'url'], { found: new URL(url.replace(/[{}]/g, '')).host });
  const token = values.token === undefined ? undefined : readSecret(values.token, [...path, 'token'], demo, context);
  if (values.token !== undefined && token === undefined) return undefined;
  return { type, name, url, method, headers, body, contentType, token, timeout };
}

/** A message needs its number and its text, and every word in braces somebody who fills it. */
function checkTemplates(
  { url, headers, body, token }: HttpValues & { readonly body: string },
  path: YamlPath,
  context: Context,
): void {
  const templates: readonly (readonly [string, YamlPath])[] = [
    [url, [...path, 'url']],
    [body, [...path, 'body']],
    ...Object.entries(headers).map(([header, value]) => [value, [...path, 'headers', header]] as const),
  ];
  for (const header of Object.keys(headers))
    if (!removableHeader(header).ok) context.report('bad-name', [...path, 'headers', header], { found: header }, 'key');
  for (const [template, at] of templates) {
    const [found] = unknownPlaceholders(template);
    if (found !== undefined) context.report('unknown-variable', at, { found, known: 'to, text, token, id' });
  }
  for (const name of ['to', 'text'] as const) {
    if (!`${url} ${body}`.includes(`{${name}}`)) context.report('sms-template-lacks', path, { found: `{${name}}` });
  }
  const usesToken = templates.some(([template]) => template.includes('{token}'));
  if (usesToken && token === undefined) context.report('key-needs-key', path, { found: '{token}', other: 'token' });
}
