import type { Policy, RadiusClient } from '../core/policy.ts';
import { knowledgeOf } from './compile-radius.ts';
import { type Context, writtenAt } from './context.ts';
import type { YamlPath } from './document.ts';
import type { Configuration } from './schema/root.ts';

/** Shortest shared secret, in bytes: RFC 2865 §3 asks for 16 at least. */
const SHORTEST_SECRET = 16;

/** Reports clients that could not be told apart, that ask for what their mode cannot carry, or that are easy to forge. */
export function lintRadius(config: Configuration, policy: Policy, context: Context): void {
  const { radius } = config;
  const isOpen = radius.listen.length + radius.tcp.length > 0 || radius.tls !== null;
  const half = isOpen === radius.clients.length > 0 ? undefined : isOpen ? 'clients' : 'listen';
  if (half !== undefined) context.report('radius-half', ['radius'], { found: `radius.${half}` }, 'key');
  lintNames(config, context);
  lintNetworks(config, context);
  lintSecrets(config, policy, context);
  for (const [index, values] of radius.clients.entries()) {
    const client = policy.radius.clients.find(({ name }) => name === values.name);
    const path = ['radius', 'clients', index];
    if (client !== undefined) lintForm(client, values.concat, path, context);
    if (values.require_message_authenticator) continue;
    context.report('no-message-authenticator', [...path, 'require_message_authenticator'], { found: values.name });
    if (!values.limit_proxy_state)
      context.report('proxy-state-open', [...path, 'limit_proxy_state'], { found: values.name });
    if (values.soft_duplicate > 0) context.report('soft-duplicate-open', [...path, 'soft_duplicate']);
  }
}

/** Names go to the audit trail and choose rules: a route and a client of one name could not be told apart. */
function lintNames({ routes, radius }: Configuration, context: Context): void {
  const seen = new Map<string, YamlPath>();
  for (const [index, { name }] of routes.entries()) if (!seen.has(name)) seen.set(name, ['routes', index]);
  for (const [index, { name }] of radius.clients.entries()) {
    const path = ['radius', 'clients', index];
    const other = seen.get(name);
    if (other === undefined) seen.set(name, path);
    else context.report('name-taken', [...path, 'name'], { found: name, line: lineAt(other, context) });
  }
}

function lintNetworks({ radius }: Configuration, context: Context): void {
  const seen = new Map<string, YamlPath>();
  for (const [index, { address }] of radius.clients.entries()) {
    const path = ['radius', 'clients', index, 'address'];
    const isList = Array.isArray(writtenAt(context.document, path));
    for (const [at, cidr] of address.entries()) {
      const place = isList ? [...path, at] : path;
      if (cidr.bits === 0) context.report('radius-everyone', place, { found: cidr.text });
      const key = `${cidr.family} ${cidr.base}/${cidr.bits}`;
      const other = seen.get(key);
      if (other === undefined) seen.set(key, place);
      else context.report('same-network', place, { found: cidr.text, line: lineAt(other, context) });
    }
  }
}

function lintSecrets({ radius }: Configuration, policy: Policy, context: Context): void {
  const seen = new Map<string, YamlPath>();
  for (const [index, { name }] of radius.clients.entries()) {
    const path = ['radius', 'clients', index, 'secret'];
    const secret = policy.radius.clients.find((client) => client.name === name)?.secret.reveal();
    if (secret === undefined) continue;
    const length = Buffer.byteLength(secret);
    if (length < SHORTEST_SECRET)
      context.report('short-secret', path, { found: String(length), min: String(SHORTEST_SECRET) });
    const other = seen.get(secret);
    if (other === undefined) seen.set(secret, path);
    else context.report('shared-secret', path, { line: lineAt(other, context) });
  }
}

/** What has to be proved has to fit into the fields that RADIUS has: one password, then the answer to a challenge. */
function lintForm(
  { requirement, mode, chap }: RadiusClient,
  concat: RadiusClient['concat'] | undefined,
  path: YamlPath,
  context: Context,
): void {
  const { factors } = requirement;
  const knowledge = knowledgeOf(factors);
  const at = writtenAt(context.document, [...path, 'auth']) === undefined ? path : [...path, 'auth'];
  if (knowledge.length > 1) context.report('two-secrets-one-field', at, { found: knowledge.join(', ') });
  if (mode === 'one_field' && factors.includes('sms')) context.report('sms-needs-challenge', at);
  if (chap && (factors.length !== 1 || factors[0] !== 'otp')) context.report('chap-needs-otp', [...path, 'chap']);
  const parts = concat?.split('+') ?? [];
  if (concat !== undefined && !parts.every((part) => factors.some((factor) => factor === part)))
    context.report('concat-mismatch', [...path, 'concat'], { found: concat, other: `id+${factors.join('+')}` });
}

const lineAt = (path: YamlPath, context: Context): string => String(context.document.spanOf(path).line);
