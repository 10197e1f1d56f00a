import type { KnowledgeSettings } from '../core/policy.ts';
import { pinFault } from '../core/verification/knowledge.ts';
import type { Random } from '../ports.ts';

/** Letters and digits that are not mistaken for each other when read out. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUP = 5;
const GROUPS = 4;

/** A password people can type from paper: groups of five, about 99 bits, longer if the rules ask for it. */
export function newPassword(random: Random, minLength: number): string {
  const groups: string[] = [];
  while (groups.length < GROUPS || groups.join('-').length < minLength) groups.push(pick(random, ALPHABET, GROUP));
  return groups.join('-');
}

/** A PIN of six digits, or as near to six as the rules allow, that the rules accept. */
export function newPin(random: Random, rules: KnowledgeSettings['pin']): string {
  const length = Math.min(Math.max(6, rules.minLength), rules.maxLength);
  for (;;) {
    const pin = pick(random, '0123456789', length);
    if (pinFault(pin, rules) === undefined) return pin;
  }
}

/** Characters of an alphabet, each as likely as the others: bytes beyond the last whole multiple are thrown away. */
function pick(random: Random, alphabet: string, count: number): string {
  const bound = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < count) {
    for (const byte of random.bytes(count)) {
      if (byte < bound && text.length < count) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}
