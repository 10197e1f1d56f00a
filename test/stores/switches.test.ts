import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditKind } from '../../src/core/audit.ts';
import { HOUR } from '../../src/core/time.ts';
import { auditEvent } from '../../src/flows/origin.ts';
import { readOpenings } from '../../src/stores/inspect.ts';
import { type Fixture, openFixture, START } from './fixture.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.remove());

const event = (kind: AuditKind, at = START) => auditEvent(kind, at, { actor: 'cli', address: '', request: '' });
const seal = (hash: string, routes: readonly string[], until = START + HOUR) =>
  fixture.stores.switches.sealCode({ hash, routes, until }, event('break-glass.sealed'));
const open = (codeHash: string, route: string, until = START + HOUR, at = START) =>
  fixture.stores.switches.openRoute({ codeHash, route, until }, event('break-glass.opened', at));

describe('sealed codes', () => {
  test('open one route once, whatever they could have opened besides', async () => {
    await seal('a_b%c', ['pay', 'hr']);
    await seal('aXb%c', ['pay']);
    expect(await open('a_b%c', 'wiki')).toBe('refused');
    expect(await open('a_b%c', 'pay')).toBe('opened');
    expect(await open('a_b%c', 'pay')).toBe('refused');
    expect(await open('a_b%c', 'hr')).toBe('refused');
    expect((await fixture.stores.switches.sealedCodes(START)).map(({ hash }) => hash)).toEqual(['aXb%c']);
  });

  test('open any route when sealed for any, and exactly one caller gets it', async () => {
    await seal('any', ['*']);
    const outcomes = await Promise.all(['pay', 'hr', 'wiki', 'pay'].map((route) => open('any', route)));
    expect(outcomes.filter((outcome) => outcome === 'opened')).toHaveLength(1);
  });

  test('expire, and can be taken out of force', async () => {
    await seal('old', ['*'], START + 1);
    expect(await open('old', 'pay', START + HOUR, START + 1)).toBe('refused');
    await seal('lost', ['pay']);
    expect(await fixture.stores.switches.voidCode('lost', event('break-glass.voided'))).toBe('voided');
    expect(await fixture.stores.switches.voidCode('lost', event('break-glass.voided'))).toBe('missing');
    expect(await open('lost', 'pay')).toBe('refused');
  });
});

describe('an opened route', () => {
  test('is open until its time, over a restart, and to a reader without keys', async () => {
    await seal('until', ['ledger']);
    await open('until', 'ledger', START + HOUR);
    const again = (await fixture.reopen()).switches;
    expect((await again.openings(START + HOUR - 1)).get('ledger')).toBe(START + HOUR);
    expect((await again.openings(START + HOUR)).has('ledger')).toBe(false);
    const file = `${fixture.folder}/data/sumun.db`;
    expect(readOpenings(file, START).get('ledger')).toBe(START + HOUR);
    expect(readOpenings(file, START + HOUR).has('ledger')).toBe(false);
  });

  test('can be closed once', async () => {
    await seal('close', ['closing']);
    await open('close', 'closing');
    const close = () => fixture.stores.switches.closeRoute('closing', event('break-glass.closed'));
    expect(await close()).toBe('closed');
    expect(await close()).toBe('not-open');
    expect((await fixture.stores.switches.openings(START)).has('closing')).toBe(false);
  });

  test('is in the audit trail with what a refusal leaves out of it', async () => {
    const kinds = (await fixture.stores.audit.read({ limit: 100, kind: 'break-glass.opened' })).length;
    expect(kinds).toBe(4);
  });
});
