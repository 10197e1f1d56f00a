import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../../src/api/metrics.ts';
import { HOUR } from '../../../src/core/time.ts';
import { begin, event, START } from '../../stores/fixture.ts';
import { type ApiFixture, openApi } from './fixture.ts';

let api: ApiFixture;
let metrics: Metrics;
beforeAll(async () => {
  api = await openApi();
  metrics = createMetrics({
    house: api.house,
    policy: () => api.policy,
    radius: () => ({ accepts: 3, unknown_client: 1 }),
    version: '1.2.3',
    usage: () => ({ residentBytes: 5e7, cpuSeconds: 1.5, startedAt: START }),
  });
});
afterAll(() => api.close());

/** Samples of a scrape by name and labels. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('S36: the scrape', () => {
  test('is the text format with a help line for every metric, in the registry of this house only', async () => {
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await metrics.render();
    for (const [, name] of text.matchAll(/^# TYPE (\S+) /gm)) expect(text).toContain(`# HELP ${name} `);
    const second = createMetrics({ ...PARTS(), version: '2' });
    expect(await second.render()).toContain('sumun_info{version="2"} 1');
    expect(await metrics.render()).not.toContain('version="2"');
  });

  test('counts decisions as the statistics and the audit trail do', async () => {
    const detail = { channel: 'radius', method: 'pin+otp' };
    await api.house.audit.append(event('verification.accepted', START, { route: 'vpn', detail }));
    await api.house.audit.append(event('verification.accepted', START - HOUR, { route: 'vpn', detail }));
    await api.house.audit.append(event('verification.rejected', START, { route: 'vpn', reason: 'otp-wrong', detail }));
    const samples = await scrape();
    const labels = (result: string, reason: string) =>
      `sumun_decisions_total{app="vpn",method="pin+otp",channel="radius",result="${result}",reason="${reason}"}`;
    expect(samples.get(labels('accepted', ''))).toBe(2);
    expect(samples.get(labels('rejected', 'otp-wrong'))).toBe(1);
    expect(await scrape()).toEqual(samples);
  });

  test('counts sign-ins, messages, packets and the process', async () => {
    const { body } = await api.send('POST', '/users', { login: 'kim' });
    await begin(api.house, body.id, 'metrics-1');
    const samples = await scrape();
    expect(samples.get('sumun_sessions')).toBe(1);
    for (const state of ['queued', 'sending', 'sent', 'delivered', 'failed']) {
      expect(samples.get(`sumun_sms_messages{state="${state}"}`)).toBe(0);
    }
    expect(samples.get('sumun_radius_packets_total{outcome="accepts"}')).toBe(3);
    expect(samples.get('process_resident_memory_bytes')).toBe(5e7);
    expect(samples.get('process_start_time_seconds')).toBe(START / 1000);
    expect(samples.get('sumun_info{version="1.2.3"}')).toBe(1);
  });

  test('gives every one of many scrapes at once the same counters', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => metrics.render()));
    expect(new Set(all).size).toBe(1);
  });

  test('names nobody: applications that only a caller named are counted together', async () => {
    const canary = 'canary-person-7391';
    const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    await api.send('POST', '/users', {
      login: canary,
      name: canary,
      email: `${canary}@corp.example`,
      phone: '01099887766',
    });
    const { body } = await api.send('POST', '/tokens', { user: canary, kind: 'totp', label: canary, secret: seed });
    await begin(api.house, (await api.send('GET', `/users/${canary}`)).body.id, 'metrics-2', {
      address: '198.51.100.77',
    });
    const about = { login: canary, address: '198.51.100.77', detail: { channel: 'api', method: 'otp' } };
    await api.house.audit.append(
      event('verification.rejected', START, { ...about, route: canary, reason: 'otp-wrong' }),
    );
    const text = await metrics.render();
    for (const secret of [canary, '198.51.100.77', '01099887766', body.token.id, seed])
      expect(text).not.toContain(secret);
    expect(text).toContain('sumun_decisions_total{app="other",method="otp",channel="api",result="rejected"');
  });
});

const PARTS = () => ({
  house: api.house,
  policy: () => api.policy,
  usage: () => ({ residentBytes: 0, cpuSeconds: 0, startedAt: START }),
});
