import { readAddress } from '../core/access/cidr.ts';
import { type Factor, isKnowledge } from '../core/identity/factors.ts';
import type { RadiusClient, RadiusReplyRule, RadiusSettings, SecretValue, TemplatePart } from '../core/policy.ts';
import { RADIUS_ATTRIBUTES, radiusInteger } from '../core/radius-attributes.ts';
import type { placeRules } from './compile-otp.ts';
import { compileAllow, type Named } from './compile-routes.ts';
import { type Context, resolveFrom } from './context.ts';
import type { YamlPath } from './document.ts';
import { nearestTo } from './nearest.ts';
import { RADIUS_PRESETS } from './radius-templates.ts';
import type { Configuration } from './schema/root.ts';
import { readSecret } from './secrets.ts';
import { radiusTemplate } from './templates.ts';

type ClientValues = Configuration['radius']['clients'][number];
type ReplyValues = NonNullable<ClientValues['reply']>;

/** `radius`, with secrets read in. A client whose secret cannot be read is reported and left out. */
export function compileRadius(
  config: Configuration,
  named: Named,
  rulesOf: ReturnType<typeof placeRules>,
  context: Context,
): RadiusSettings {
  const { radius } = config;
  return {
    listen: radius.listen,
    tcp: radius.tcp,
    tls: compileTls(config, context),
    accounting: radius.accounting,
    clients: radius.clients.flatMap((values, index) => {
      const path = ['radius', 'clients', index];
      const secret = readSecret(values.secret, [...path, 'secret'], config.demo, context);
      return secret === undefined ? [] : [compileClient(values, secret, path, config, named, rulesOf, context)];
    }),
  };
}

const MAX_PEM_BYTES = 1024 * 1024;

function compileTls({ radius, demo }: Configuration, context: Context): RadiusSettings['tls'] {
  if (radius.tls === null) return undefined;
  const path = ['radius', 'tls'];
  const { listen, cert, key: keySource, ca } = radius.tls;
  const fileAt = (file: string, which: string): string => {
    const found = resolveFrom(context, file);
    const read = context.files.read(found, MAX_PEM_BYTES);
    if (read.kind === 'missing') context.report('secret-missing', [...path, which], { found });
    else if (read.kind !== 'read') context.report('secret-unreadable', [...path, which], { found });
    return found;
  };
  const key = readSecret(keySource, [...path, 'key'], demo, context);
  const files = { cert: fileAt(cert, 'cert'), ca: ca === null ? undefined : fileAt(ca, 'ca') };
  return key === undefined ? undefined : { listen, ...files, key };
}

function compileClient(
  values: ClientValues,
  secret: SecretValue,
  path: YamlPath,
  config: Configuration,
  named: Named,
  rulesOf: ReturnType<typeof placeRules>,
  context: Context,
): RadiusClient {
  const factors = factorsOf(values, path, config, context);
  const preset = RADIUS_PRESETS[values.template];
  return {
    name: values.name,
    otp: values.otp,
    ...rulesOf(values.name, factors),
    networks: values.address,
    secret,
    requirement: { factors },
    allow: compileAllow(values.allow ?? {}, named, [...path, 'allow'], context),
    mode: values.mode ?? (factors.includes('sms') ? 'challenge' : preset.mode),
    concat: values.concat ?? (factors.includes('pw') ? 'pw+otp' : 'pin+otp'),
    chap: values.chap,
    requireMessageAuthenticator: values.require_message_authenticator,
    limitProxyState: values.limit_proxy_state,
    softDuplicate: values.soft_duplicate,
    foreignState: values.foreign_state,
    realms: values.realms,
    reply: compileReply(values.reply, preset.reply, [...path, 'reply'], context),
    rate: values.rate,
    challengeTtl: values.challenge_ttl,
  };
}

/** What people behind a client have to prove. Where `defaults.auth` is no sign-in, the client has to say. */
function factorsOf(
  { auth }: ClientValues,
  path: YamlPath,
  { defaults }: Configuration,
  context: Context,
): readonly Factor[] {
  if (auth !== undefined) return auth.factors;
  if (defaults.auth.kind === 'sign-in') return defaults.auth.factors;
  context.report('missing-key', [...path, 'auth']);
  return ['otp'];
}

/** Factors of a client that people know. */
export const knowledgeOf = (factors: readonly Factor[]): readonly Factor[] => factors.filter(isKnowledge);

function compileReply(
  written: ReplyValues | undefined,
  preset: Readonly<Record<string, string>>,
  path: YamlPath,
  context: Context,
): readonly RadiusReplyRule[] {
  if (written === undefined) {
    const attributes = Object.entries(preset).map(([name, text]) => ({ name, template: partsOf(text) }));
    return attributes.length === 0 ? [] : [{ groups: [], attributes }];
  }
  const rules = Array.isArray(written)
    ? written.map((rule, at) => ({ ...rule, path: [...path, at, 'attributes'] }))
    : [{ groups: [], attributes: written, path }];
  return rules.map((rule) => ({
    groups: rule.groups,
    attributes: Object.entries(rule.attributes).map(([name, template]) => {
      checkAttribute(name, template, [...rule.path, name], context);
      return { name, template };
    }),
  }));
}

/** A template of our own, known to be one. */
function partsOf(text: string): readonly TemplatePart[] {
  const read = radiusTemplate(text);
  return read.ok ? read.value : [];
}

const EXPECTED = { text: 'a-text', integer: 'a-number', ipv4: 'IPv4' } as const;

/** Only attributes whose form is known are sent; a value without variables has to be of that form. */
function checkAttribute(name: string, template: readonly TemplatePart[], path: YamlPath, context: Context): void {
  const attribute = Object.hasOwn(RADIUS_ATTRIBUTES, name) ? RADIUS_ATTRIBUTES[name] : undefined;
  if (attribute === undefined) {
    const known = Object.keys(RADIUS_ATTRIBUTES);
    const suggestion = nearestTo(name, known);
    const hints = suggestion === undefined ? { known: known.join(', ') } : { suggestion };
    context.report('unknown-attribute', path, { found: name, ...hints }, 'key');
    return;
  }
  const text = template.map((part) => (part.kind === 'text' ? part.text : undefined));
  if (text.includes(undefined)) return;
  const value = text.join('');
  const fits = {
    text: () => value !== '' && value.length <= (attribute.vendor === undefined ? 253 : 247),
    integer: () => (radiusInteger(attribute, value) ?? Number.NaN) <= (attribute.tagged ? 0xff_ffff : 0xffff_ffff),
    ipv4: () => readAddress(value)?.family === 4,
  }[attribute.type];
  if (!fits())
    context.report('bad-attribute-value', path, {
      found: JSON.stringify(value),
      other: name,
      expected: EXPECTED[attribute.type],
    });
}
