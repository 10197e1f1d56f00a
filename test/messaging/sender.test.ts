import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPost, type Post } from './house.ts';
import { HttpCentre, until } from './parts.ts';
import { SmppCentre } from './smpp-centre.ts';

const centre = new HttpCentre();
let post: Post;

beforeAll(() => centre.start());
afterAll(() => centre.stop());
beforeEach(async () => {
  centre.received.length = 0;
  centre.answer = (_, response) => response.writeHead(200).end('{"id":"r1"}');
  post = await openPost();
});
afterEach(() => post.remove());

const settled = async (): Promise<boolean> => {
  const { queued, sending } = await post.counts();
  return queued + sending === 0;
};
const bodies = () => centre.received.map(({ body }) => JSON.parse(body) as { to: string; text: string; ref: string });
const busy: HttpCentre['answer'] = (_, response) => response.writeHead(503).end();

describe('a queued message', () => {
  test('is sent once, with the code of its challenge, to the number on file as it is dialled', async () => {
    post.start(() => post.policyWith([centre.settings()]));
    const challenge = await post.ask();
    await until(settled);
    const code = post.codeOf(challenge);
    expect(bodies()).toEqual([
      {
        to: '01012345678',
        text: `[에이콤] 인증번호 ${code} (3분간 유효)\n@sso.corp.example #${code}`,
        ref: expect.any(String),
      },
    ]);
    expect(await post.counts()).toMatchObject({ sent: 1 });
  });

  test('leaves neither number nor code in audit and log', async () => {
    post.start(() => post.policyWith([centre.settings()]));
    const challenge = await post.ask();
    await until(settled);
    const records = await post.audited('sms.sent');
    expect(records).toHaveLength(1);
    expect(records[0]).toMatch(/^kim {2}\{.*"provider":"web"/);
    const written = [...records, ...post.log.lines].join('\n');
    expect(written).not.toContain(post.codeOf(challenge));
    expect(written).not.toMatch(/1234-?5678/);
  });

  test('that is sent again says the same code', async () => {
    post.start(() => post.policyWith([centre.settings()]));
    const challenge = await post.ask();
    await until(settled);
    post.time.now += 31_000;
    const message = { to: '010-1234-5678', language: 'en', host: '', address: '' } as const;
    const none = { count: 100, per: 1000 };
    const limits = { perNumber: none, perUser: none, perAddress: none, perDay: 100, budget: 100 };
    const resent = { at: post.time.now, kind: 'challenge.resent', login: 'kim', actor: 'self', address: '' } as const;
    await post.stores.challenges.resend(challenge.id, 30_000, message, limits, {
      ...resent,
      route: '',
      request: '',
      reason: '',
      detail: {},
    });
    await until(async () => centre.received.length === 2 && (await settled()));
    expect(bodies()[1]?.text).toBe(`[에이콤] Code ${post.codeOf(challenge)} (valid 2 min)`);
  });

  test('is not sent when its challenge was answered, voided or is over', async () => {
    const challenge = await post.ask();
    const second = await post.ask({ expiresAt: post.time.now + 1 });
    const change = { kind: 'use-challenge', challenge: challenge.id } as const;
    const done = { at: post.time.now, kind: 'verification.accepted', login: 'kim', actor: 'self' } as const;
    await post.stores.verifications.commit([change], {
      ...done,
      address: '',
      route: '',
      request: '',
      reason: '',
      detail: {},
    });
    post.time.now += 10;
    post.start(() => post.policyWith([centre.settings()]));
    await until(settled);
    expect(second.state).toBe('open');
    expect(centre.received).toEqual([]);
    expect(await post.audited('sms.failed')).toHaveLength(2);
  });

  test('waits while there is no provider, and is sent when a reload brings one', async () => {
    let policy = post.policyWith([]);
    const sender = post.start(() => policy);
    await post.ask();
    sender.kick();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await post.counts()).toMatchObject({ queued: 1 });
    policy = post.policyWith([centre.settings()]);
    await until(settled);
    expect(centre.received).toHaveLength(1);
  });
});

describe('a provider that fails', () => {
  test('is tried again while the challenge lives, with longer and longer pauses, and never after', async () => {
    centre.answer = busy;
    post.start(() => post.policyWith([centre.settings()]));
    const challenge = await post.ask();
    await until(() => centre.received.length === 1);
    const id = bodies()[0]?.ref ?? '';
    const pauses: number[] = [];
    for (;;) {
      await until(async () => (await post.stores.messages.find(id))?.state !== 'sending');
      const message = await post.stores.messages.find(id);
      if (message?.state !== 'queued') break;
      pauses.push(message.nextAt - post.time.now);
      post.time.now = message.nextAt;
      await until(async () => (await post.stores.messages.find(id))?.tries !== message.tries);
    }
    expect(pauses.length).toBeGreaterThan(6);
    expect(pauses.slice(0, 3)).toEqual([1000, 2000, 4000]);
    expect(pauses.toSorted((left, right) => left - right).at(-1)).toBeLessThanOrEqual(60_000);
    expect(post.time.now).toBeLessThan(challenge.expiresAt);
    expect(await post.counts()).toMatchObject({ failed: 1 });
    expect(new Set(bodies().map(({ text }) => text.split(' ')[2])).size).toBe(1);
  });

  test('gives way to the next one at once', async () => {
    const backup = await new HttpCentre().start();
    centre.answer = busy;
    post.start(() => post.policyWith([centre.settings({ name: 'first' }), backup.settings({ name: 'second' })]));
    await post.ask();
    await until(settled);
    expect([centre.received.length, backup.received.length]).toEqual([1, 1]);
    expect((await post.audited('sms.sent'))[0]).toContain('"provider":"second"');
    await backup.stop();
  });

  test('that refuses the message is not asked again', async () => {
    centre.answer = (_, response) => response.writeHead(400).end();
    post.start(() => post.policyWith([centre.settings()]));
    await post.ask();
    await until(settled);
    expect(centre.received).toHaveLength(1);
    expect(await post.audited('sms.failed')).toEqual([expect.stringContaining('web http-400')]);
  });
});

describe('receipts', () => {
  test('over SMPP move a message from sent to delivered', async () => {
    const smpp = await new SmppCentre().start();
    post.start(() => post.policyWith([smpp.settings()]));
    await post.ask();
    await until(async () => (await post.counts()).sent === 1);
    smpp.receipt({ receipted_message_id: 's1', message_state: 2 });
    await until(async () => (await post.counts()).delivered === 1);
    await smpp.stop();
  });

  test('over HTTP are handed in by whoever serves the provider’s call', async () => {
    const sender = post.start(() => post.policyWith([centre.settings()]));
    await post.ask();
    await until(async () => (await post.counts()).sent === 1);
    sender.noteReceipt('web', 'r1', false);
    await until(async () => (await post.counts()).failed === 1);
    sender.noteReceipt('web', 'nobody', true);
  });
});

describe('more than one process', () => {
  test('each message is sent by one of them', async () => {
    const policy = post.policyWith([centre.settings()]);
    for (let count = 0; count < 40; count++) await post.ask();
    const other = await post.reopen();
    post.start(() => policy);
    post.start(() => policy, other);
    await until(settled);
    expect(centre.received).toHaveLength(40);
    expect(new Set(bodies().map(({ ref }) => ref)).size).toBe(40);
  });

  test('what was queued before a start is sent after it', async () => {
    await post.ask();
    await post.ask();
    const again = await post.reopen();
    post.start(() => post.policyWith([centre.settings()]), again);
    await until(settled);
    expect(centre.received).toHaveLength(2);
  });

  test('what another took and did not finish waits for its lease, then is sent', async () => {
    await post.ask();
    const [taken] = await post.stores.messages.claim(10, post.time.now, 30_000);
    expect(taken?.tries).toBe(1);
    post.start(() => post.policyWith([centre.settings()]));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(centre.received).toHaveLength(0);
    post.time.now += 30_000;
    await until(settled);
    expect(centre.received).toHaveLength(1);
  });

  test('closing lets what is under way finish, and takes no more', async () => {
    let release: (() => void) | undefined;
    centre.answer = (_, response) => {
      release = () => response.writeHead(200).end('{}');
    };
    const sender = post.start(() => post.policyWith([centre.settings({ timeout: 5000 })]));
    await post.ask();
    await until(() => release !== undefined);
    const closed = sender.close();
    await post.ask();
    release?.();
    await closed;
    expect(await post.counts()).toMatchObject({ sent: 1, queued: 1 });
  });
});
