import { z } from 'zod';
import { readAuthority } from '../../core/access/authority.ts';
import { err, ok } from '../../core/result.ts';
import { durationField, field, later, numberField } from '../fields.ts';
import { type Read, show } from '../values.ts';

/** Host and port of an application. */
export type TargetAddress = { readonly host: string; readonly port: number };

/** `http://host[:port]` and nothing more. */
export const targetAddress: Read<TargetAddress> = (value) => {
  const refused = err({ finding: 'bad-upstream' as const, values: { found: show(value) } });
  if (typeof value !== 'string') return refused;
  if (value.startsWith('https://')) return err({ finding: 'not-in-this-version', values: { found: show(value) } });
  const authority = value.startsWith('http://')
    ? readAuthority(value.slice('http://'.length).replace(/\/$/, ''), 'http')
    : undefined;
  return authority === undefined ? refused : ok(authority);
};

const targets: Read<TargetAddress> = (value) => {
  if (!Array.isArray(value)) return targetAddress(value);
  if (value.length === 0) return err({ finding: 'empty-list' });
  return value.length === 1
    ? targetAddress(value[0])
    : err({ finding: 'not-in-this-version', values: { found: show(value) } });
};

export const timeouts = z.strictObject({
  connect: durationField('100ms', '1m').prefault('3s').describe('Time for the connection to stand; then 502.'),
  first_byte: durationField('1s', '1h').prefault('60s').describe('Time until the answer begins; then 504.'),
  idle: durationField('1s', '1d').prefault('300s').describe('Longest silence inside an answer.'),
});

export const pool = z.strictObject({
  max: numberField(1, 10_000).prefault(128).describe('Connections kept to the application at one time.'),
  idle: durationField('1s', '1h').prefault('30s').describe('How long an unused connection stays open.'),
});

/** One entry of `upstreams`: an application and how to talk to it. */
export const upstream = z.strictObject({
  targets: field(targets, {
    anyOf: [
      { type: 'string', pattern: '^http://' },
      { type: 'array', items: { type: 'string', pattern: '^http://' }, minItems: 1, maxItems: 1 },
    ],
    'x-kind': 'http://host:port',
  }).describe('The application: one `http://host:port`. Several targets are not available in this version.'),
  balance: later('round_robin', 'How requests are spread over targets.'),
  health: later(null, 'Health checks.'),
  timeouts: timeouts.prefault({}).describe('Time limits towards the application.'),
  retry: later(null, 'Repeating failed requests.'),
  tls: later(null, 'TLS towards the application.'),
  pool: pool.prefault({}).describe('Connections kept open to the application.'),
});
