import { afterEach, describe, expect, test } from 'vitest';
import { route } from '../support/policies.ts';
import { rawRequest } from '../support/raw-client.ts';
import { answerEach, RecorderUpstream } from '../support/recorder-upstream.ts';
import { CLOSED, type Gateway, type GatewayOptions, head, OPEN, openGateway, targetAt } from './fixture.ts';

let gateway: Gateway;
let second: RecorderUpstream;

async function open(options: GatewayOptions): Promise<void> {
  second = await RecorderUpstream.open(answerEach('second'));
  gateway = await openGateway({ script: answerEach('first'), ...options });
  const upstream = gateway.state.policy.upstreams.get('app');
  if (upstream === undefined) throw new Error('no upstream');
  const targets = [targetAt(gateway.recorder.port), targetAt(second.port)] as const;
  gateway.state.policy = { ...gateway.state.policy, upstreams: new Map([['app', { ...upstream, targets }]]) };
}

afterEach(async () => {
  await gateway.stop();
  await second.close();
});

const headsOf = (recorder: RecorderUpstream): string[] => recorder.heads.map((each) => each.toLowerCase());

describe('an application on two targets', () => {
  test('round_robin: each gets every second request, and Host is its own where the route says so', async () => {
    const rewrite = { ...route().rewrite, host: 'upstream' };
    await open({ routes: [{ ...OPEN, rewrite }] });
    const bodies: string[] = [];
    for (let count = 0; count < 6; count++) bodies.push((await rawRequest(gateway.port, head('GET /open/x'))).body);
    expect([...new Set(bodies.slice(0, 2))].sort()).toEqual(['first', 'second']);
    expect(bodies.filter((body) => body === 'first')).toHaveLength(3);
    for (const recorder of [gateway.recorder, second]) {
      for (const each of headsOf(recorder)) expect(each).toContain(`\r\nhost: 127.0.0.1:${recorder.port}\r\n`);
    }
  });

  test('sticky: a person stays with one target, and so does an address without a session', async () => {
    await open({ routes: [OPEN, CLOSED], upstream: { balance: 'sticky' } });
    const bodies = async (...fields: string[]): Promise<string[]> => {
      const found: string[] = [];
      for (let count = 0; count < 5; count++)
        found.push(
          (await rawRequest(gateway.port, head(`GET ${fields.length > 0 ? '/' : '/open/'}x`, ...fields))).body,
        );
      return [...new Set(found)];
    };
    expect(await bodies()).toHaveLength(1);
    const seen = new Set<string>();
    for (let person = 0; person < 12; person++) {
      const [body, ...others] = await bodies(`Cookie: ${await gateway.signIn('kim', `s-${person}`)}`);
      expect(others).toEqual([]);
      seen.add(body ?? '');
    }
    expect([...seen].sort()).toEqual(['first', 'second']);
  });

  test('a target that is gone: the other one answers, under its own name', async () => {
    const rewrite = { ...route().rewrite, host: 'upstream' };
    await open({ routes: [{ ...OPEN, rewrite }] });
    await gateway.recorder.close();
    for (let count = 0; count < 4; count++) {
      expect((await rawRequest(gateway.port, head('GET /open/x'))).body).toBe('second');
    }
    for (const each of headsOf(second)) expect(each).toContain(`\r\nhost: 127.0.0.1:${second.port}\r\n`);
  });
});
