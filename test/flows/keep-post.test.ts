import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { dropKeptPost, findKeptPost, keepPost, type PostToKeep, spendKeptPost } from '../../src/flows/keep-post.ts';
import { signOut } from '../../src/flows/sign-out.ts';
import { addPerson, HOST, type Opened, openHouse, signIn } from './house.ts';

let opened: Opened;
beforeEach(async () => {
  opened = await openHouse();
  await addPerson(opened.house);
  await addPerson(opened.house, 'park');
});
afterEach(() => opened.remove());

const FROM = { address: '192.0.2.7', request: 'K7QF-2M9D' };
const BODY = Buffer.from('title=leave&memo=three+days');

const post = (changes: Partial<PostToKeep> = {}): PostToKeep => ({
  body: BODY,
  contentType: 'application/x-www-form-urlencoded',
  host: HOST,
  target: '/approval/write?id=3',
  route: 'hr',
  browserSecret: undefined,
  expiredCookie: undefined,
  session: undefined,
  keep: { max: 100, for: 10 * MINUTE },
  ...FROM,
  ...changes,
});

async function kept(changes: Partial<PostToKeep> = {}) {
  const result = await keepPost(opened.house, post(changes));
  if (result.kind !== 'kept') throw new Error(result.why);
  return { id: result.id, browserSecret: result.browser.secret, host: HOST };
}

async function sessionOf(login = 'kim') {
  const session = await opened.live.find(await signIn(opened.house, { login }), HOST, opened.time.now);
  if (session === undefined) throw new Error('no session');
  return session;
}

describe('a kept form post', () => {
  test('shows where it goes and what is in it, and comes out once, byte for byte', async () => {
    const claim = { ...(await kept()), session: await sessionOf() };
    expect(await findKeptPost(opened.house, claim)).toMatchObject({
      target: '/approval/write?id=3',
      size: BODY.length,
      fields: [
        { name: 'title', size: 5, file: false },
        { name: 'memo', size: 10, file: false },
      ],
    });
    const results = await Promise.all(Array.from({ length: 5 }, () => spendKeptPost(opened.house, claim, FROM)));
    const sent = results.filter((result) => result !== 'gone');
    expect(sent).toHaveLength(1);
    expect(Buffer.from(sent[0]?.body ?? [])).toEqual(BODY);
    expect(await findKeptPost(opened.house, claim)).toBe('gone');
  });

  test('is not there for another browser, host or time', async () => {
    const claim = { ...(await kept()), session: await sessionOf() };
    const other = await kept();
    expect(await findKeptPost(opened.house, { ...claim, browserSecret: other.browserSecret })).toBe('gone');
    expect(await findKeptPost(opened.house, { ...claim, browserSecret: undefined })).toBe('gone');
    expect(await findKeptPost(opened.house, { ...claim, host: 'other.example' })).toBe('gone');
    opened.time.now += 10 * MINUTE;
    expect(await findKeptPost(opened.house, claim)).toBe('gone');
    expect(await spendKeptPost(opened.house, claim, FROM)).toBe('gone');
  });

  test('that came with an expired session is offered to the same person only', async () => {
    const expiredCookie = await signIn(opened.house);
    opened.time.now += HOUR;
    const mine = await kept({ expiredCookie });
    expect(await findKeptPost(opened.house, { ...mine, session: await sessionOf('park') })).toBe('gone');
    expect(await findKeptPost(opened.house, { ...mine, session: await sessionOf('kim') })).toMatchObject({
      id: mine.id,
    });
  });

  test('is not kept on a session that was ended on purpose', async () => {
    const expiredCookie = await signIn(opened.house);
    const session = await opened.live.find(expiredCookie, HOST, opened.time.now);
    if (session === undefined) throw new Error('no session');
    await signOut(opened.house, session, FROM);
    expect(await keepPost(opened.house, post({ expiredCookie }))).toEqual({ kind: 'not-kept', why: 'revoked' });
  });

  test('is not kept beyond the size the route allows', async () => {
    expect((await keepPost(opened.house, post({ body: Buffer.alloc(100) }))).kind).toBe('kept');
    expect(await keepPost(opened.house, post({ body: Buffer.alloc(101) }))).toEqual({
      kind: 'not-kept',
      why: 'too-large',
    });
  });

  test('can be discarded', async () => {
    const claim = { ...(await kept()), session: await sessionOf() };
    await dropKeptPost(opened.house, claim);
    expect(await spendKeptPost(opened.house, claim, FROM)).toBe('gone');
  });
});
