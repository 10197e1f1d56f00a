import type { Account } from '../core/identity/account.ts';
import { amrOf, type Proofs } from '../core/identity/factors.ts';
import type { RadiusClient, TemplatePart } from '../core/policy.ts';
import { encodeAttribute } from './attributes.ts';
import type { NewAttribute } from './packet.ts';

/** What a template of a reply may speak of. */
export type ReplyFacts = {
  readonly account: Account;
  readonly proofs: Proofs;
  readonly client: string;
  readonly request: string;
};

/**
 * The attributes of an Access-Accept: every rule that holds for the person, in order. A template with `{user.groups}`
 * makes one attribute for each group. One that comes out empty makes none. Throws where a value does not fit.
 */
export function replyAttributes(rules: RadiusClient['reply'], facts: ReplyFacts): readonly NewAttribute[] {
  return rules
    .filter(({ groups }) => groups.length === 0 || groups.some((group) => facts.account.groups.includes(group)))
    .flatMap(({ attributes }) => attributes)
    .flatMap(({ name, template }) => fill(template, facts).map((value) => ({ name, value })))
    .filter(({ value }) => value !== '')
    .map(({ name, value }) => encodeAttribute(name, value));
}

function fill(template: readonly TemplatePart[], facts: ReplyFacts): readonly string[] {
  const speaksOfGroups = template.some((part) => part.kind === 'variable' && part.name === 'user.groups');
  const groups = speaksOfGroups ? facts.account.groups : [''];
  return groups.map((group) =>
    template.map((part) => (part.kind === 'text' ? part.text : variable(part.name, group, facts))).join(''),
  );
}

function variable(name: string, group: string, { account, proofs, client, request }: ReplyFacts): string {
  switch (name) {
    case 'user.groups':
      return group;
    case 'user.login':
      return account.login;
    case 'user.name':
      return account.name;
    case 'user.email':
      return account.email;
    case 'user.phone':
      return account.phone;
    case 'session.amr':
      return amrOf(proofs).join(',');
    case 'route.name':
      return client;
    case 'request.id':
      return request;
    default: {
      const prefix = 'user.attributes.';
      return name.startsWith(prefix) ? (account.attributes[name.slice(prefix.length)] ?? '') : '';
    }
  }
}
