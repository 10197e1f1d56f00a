import { personVariable } from '../core/access/handoff.ts';
import type { Account } from '../core/identity/account.ts';
import type { Proofs } from '../core/identity/factors.ts';
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

function fill(template: readonly TemplatePart[], { account, proofs, client, request }: ReplyFacts): readonly string[] {
  const speaksOfGroups = template.some((part) => part.kind === 'variable' && part.name === 'user.groups');
  const groups = speaksOfGroups ? account.groups : [''];
  return groups.map((group) => {
    const facts = { account: { ...account, groups: [group] }, proofs, route: client, requestId: request };
    return template.map((part) => (part.kind === 'text' ? part.text : personVariable(part.name, facts))).join('');
  });
}
