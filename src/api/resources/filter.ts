import { err, ok, type Result } from '../../core/result.ts';

/** What a list of people is narrowed to: the subset of SCIM filters (RFC 7644 §3.4.2.2) that an index answers. */
export type UserFilter = {
  readonly login?: { readonly operator: 'eq' | 'sw'; readonly value: string };
  readonly name?: { readonly operator: 'sw'; readonly value: string };
  readonly group?: { readonly operator: 'eq'; readonly value: string };
  readonly status?: { readonly operator: 'eq'; readonly value: 'active' | 'suspended' };
};

/** What stands where in the filter that should not; `at` counts characters from 0. */
export type FilterFault = { readonly at: number; readonly message: string };

const OPERATORS = { login: ['eq', 'sw'], name: ['sw'], group: ['eq'], status: ['eq'] } as const;

type Attribute = keyof typeof OPERATORS;

/** Attribute, operator and a JSON string; the attribute and the operator in either case (RFC 7644). */
const CLAUSE = /\s*([A-Za-z][\w.:-]*)\s+([A-Za-z]+)\s+("(?:[^"\\]|\\.)*")\s*/y;
const AND = /and\s+/iy;

/** Reads `login sw "k" and group eq "hr" and status eq "active"`. Every attribute stands at most once. */
export function readUserFilter(text: string): Result<UserFilter, FilterFault> {
  const found = new Map<string, { operator: string; value: string }>();
  let at = 0;
  for (;;) {
    CLAUSE.lastIndex = at;
    const match = CLAUSE.exec(text);
    if (match === null) return err({ at, message: 'expected: attribute eq|sw "value"' });
    const clause = readClause(match, at);
    if (!clause.ok) return clause;
    const { attribute, operator, value } = clause.value;
    if (found.has(attribute)) return err({ at, message: `${attribute} stands there twice` });
    found.set(attribute, { operator, value });
    at = CLAUSE.lastIndex;
    if (at === text.length) return ok(Object.fromEntries(found) as UserFilter); // every entry was checked against OPERATORS
    AND.lastIndex = at;
    if (!AND.test(text)) return err({ at, message: "expected: 'and' or the end; nothing else joins clauses" });
    at = AND.lastIndex;
  }
}

type Clause = { readonly attribute: Attribute; readonly operator: string; readonly value: string };

function readClause(match: RegExpExecArray, at: number): Result<Clause, FilterFault> {
  const attribute = (match[1] ?? '').toLowerCase();
  const operator = (match[2] ?? '').toLowerCase();
  if (!isAttribute(attribute)) {
    return err({ at, message: `no attribute '${match[1]}'; there are ${Object.keys(OPERATORS).join(', ')}` });
  }
  const operators: readonly string[] = OPERATORS[attribute];
  if (!operators.includes(operator)) {
    return err({ at, message: `'${operator}' is not for ${attribute}; it takes ${operators.join(' or ')}` });
  }
  const value = readString(match[3] ?? '');
  if (value === undefined || value === '') return err({ at, message: `the value of ${attribute} is not a text` });
  if (attribute === 'status' && value !== 'active' && value !== 'suspended') {
    return err({ at, message: `no status '${value}'; there are active and suspended` });
  }
  return ok({ attribute, operator, value });
}

const isAttribute = (word: string): word is Attribute => Object.hasOwn(OPERATORS, word);

function readString(literal: string): string | undefined {
  try {
    return String(JSON.parse(literal));
  } catch {
    return undefined;
  }
}
