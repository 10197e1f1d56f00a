import { describe, expect, test } from 'vitest';
import { Duplicates } from '../../src/radius/duplicates.ts';
import { CODE, firstValue } from '../../src/radius/packet.ts';
import { hideUserPassword } from '../../src/radius/user-password.ts';
import {
  client,
  decoded,
  NAS,
  NOW,
  openDoor,
  policyOf,
  request,
  SECRET,
  withoutMessageAuthenticator,
} from './parts.ts';

describe('G127 RAD-4 retransmissions (RFC 5080 §2.2.2)', () => {
  test('G127 G110 200 copies, before and after the answer, are one evaluation and the same octets', async () => {
    const { send, verifier, door } = openDoor(policyOf([client()]));
    const bytes = request();
    const { promise, resolve } = Promise.withResolvers<void>();
    verifier.gate = promise;
    const early = Array.from({ length: 100 }, () => send(bytes));
    resolve();
    const replies = await Promise.all(early);
    const late = await Promise.all(Array.from({ length: 100 }, () => send(Buffer.from(bytes))));
    const answers = [...replies, ...late].filter((reply) => reply !== undefined);
    expect(verifier.asked).toHaveLength(1);
    expect(answers).toHaveLength(101);
    expect(new Set(answers.map((reply) => reply.toString('hex'))).size).toBe(1);
    expect(decoded(answers[0]).code).toBe(CODE.accessAccept);
    expect([door.counts.in_progress, door.counts.duplicates, door.counts.accepts]).toEqual([99, 100, 1]);
  });

  test('G127 a reply is kept for 30 seconds', async () => {
    const { send, time, verifier } = openDoor(policyOf([client()]));
    const bytes = request();
    const first = await send(bytes);
    time.now += 29_999;
    expect(await send(bytes)).toEqual(first);
    time.now += 1;
    expect(decoded(await send(bytes)).code).toBe(CODE.accessReject);
    expect(verifier.asked).toHaveLength(2);
  });

  test('G127 the same identifier with another Request Authenticator is another request', async () => {
    const { send, verifier } = openDoor(policyOf([client()]));
    expect(decoded(await send(request({ id: 9 }))).code).toBe(CODE.accessAccept);
    expect(decoded(await send(request({ id: 9 }))).code).toBe(CODE.accessReject);
    expect(verifier.asked).toHaveLength(2);
  });

  test('G127 the same identifier and Request Authenticator with another password is another request', async () => {
    const { send, verifier } = openDoor(policyOf([client({ requireMessageAuthenticator: false })]));
    const right = withoutMessageAuthenticator(request());
    const authenticator = right.subarray(4, 20);
    const wrong = Buffer.from(right);
    hideUserPassword('1234000000', SECRET, authenticator).copy(wrong, wrong.length - 16);
    expect(decoded(await send(right)).code).toBe(CODE.accessAccept);
    expect(decoded(await send(wrong)).code).toBe(CODE.accessReject);
    expect(verifier.asked).toHaveLength(2);
  });

  test('G127 the answer to an Access-Challenge is answered again, not refused as spent', async () => {
    const { send } = openDoor(policyOf([client({ mode: 'challenge' })]));
    const state = firstValue(decoded(await send(request({ password: '1234' }))), 24);
    const answer = request({ password: '755224', state });
    const first = await send(answer);
    expect(decoded(first).code).toBe(CODE.accessAccept);
    expect(await send(answer)).toEqual(first);
  });

  test('G127 replies of one address are not those of another in the same network', async () => {
    const { send, verifier } = openDoor(policyOf([client({ at: ['10.0.9.0/24'] })]));
    const bytes = request();
    await send(bytes, '10.0.9.1');
    await send(bytes, '10.0.9.2');
    expect(verifier.asked).toHaveLength(2);
  });
});

describe('retransmissions with another identifier or authenticator', () => {
  const soft = client({ softDuplicate: 5000 });

  test('the same person and code are answered as before, each packet with its own authenticators', async () => {
    const { send, verifier } = openDoor(policyOf([soft]));
    const all = await Promise.all(Array.from({ length: 5 }, (_, id) => send(request({ id }))));
    const replies = all.map((reply) => decoded(reply));
    expect(replies.map(({ code, identifier }) => [code, identifier])).toEqual([0, 1, 2, 3, 4].map((id) => [2, id]));
    expect(verifier.asked).toHaveLength(1);
  });

  test('another code, person, address or a later time is another question', async () => {
    const { send, verifier, time } = openDoor(
      policyOf([{ ...soft, networks: client({ at: ['10.0.9.0/24'] }).networks }]),
    );
    await send(request());
    await send(request({ password: '1234287082' }));
    await send(request({ login: 'park' }));
    await send(request(), '10.0.9.21');
    expect(verifier.asked).toHaveLength(4);
    time.now += 5000;
    await send(request());
    expect(verifier.asked).toHaveLength(5);
  });

  test('never without Message-Authenticator required, and not by default', async () => {
    for (const changes of [{ softDuplicate: 5000, requireMessageAuthenticator: false }, {}]) {
      const { send, verifier } = openDoor(policyOf([client(changes)]));
      await send(request());
      await send(request());
      expect(verifier.asked).toHaveLength(2);
    }
  });

  test('what broke is evaluated again', async () => {
    const { send, verifier } = openDoor(policyOf([soft]));
    verifier.breaks = new Error('busy');
    expect(await send(request())).toBeUndefined();
    verifier.breaks = undefined;
    expect(decoded(await send(request())).code).toBe(CODE.accessAccept);
  });
});

describe('RAD-4 the list of replies is bounded', () => {
  test('RAD-4 a noisy client pushes out its own replies only', () => {
    const duplicates = new Duplicates(100);
    const reply = Buffer.from('reply');
    duplicates.take('quiet', 'a', NOW);
    duplicates.answer('quiet', 'a', reply);
    for (let index = 0; index < 1000; index++) duplicates.take('noisy', String(index), NOW);
    expect(duplicates.size).toBe(100);
    expect(duplicates.take('quiet', 'a', NOW)).toEqual({ kind: 'answered', reply });
    expect(duplicates.take('noisy', '0', NOW)).toEqual({ kind: 'new' });
  });

  test('RAD-4 65,536 replies and not one more, the ones asked for last stay', async () => {
    const duplicates = new Duplicates();
    duplicates.take(NAS, 'kept', NOW);
    duplicates.answer(NAS, 'kept', Buffer.from('x'));
    for (let index = 0; index < 70_000; index++) {
      duplicates.take(NAS, String(index), NOW);
      if (index % 1000 === 0) expect(duplicates.take(NAS, 'kept', NOW).kind).toBe('answered');
    }
    expect(duplicates.size).toBe(65_536);
  });

  test('RAD-4 what has expired is dropped when something new comes', () => {
    const duplicates = new Duplicates();
    for (let index = 0; index < 500; index++) duplicates.take(NAS, String(index), NOW);
    duplicates.take(NAS, 'new', NOW + 30_000);
    expect(duplicates.size).toBe(1);
  });
});
