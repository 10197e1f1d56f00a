import { encodeBase64Url } from '../core/session/handle.ts';
import { type FormPart, readForm } from '../core/session/kept-form.ts';
import type { Session } from '../core/session/session.ts';
import type { Milliseconds } from '../core/time.ts';
import type { House, KeptPost } from '../ports.ts';
import { type Browser, browserOf } from './browser.ts';
import { auditEvent } from './origin.ts';

export type KeepPostPorts = Pick<House, 'clock' | 'random' | 'digests' | 'browsers' | 'expired' | 'audit'>;

export type PostToKeep = {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly host: string;
  /** Path and query of the canonical target. */
  readonly target: string;
  readonly route: string;
  /** Value of the browser cookie, if one came. */
  readonly browserSecret: string | undefined;
  /** Value of the session cookie that came and opened nothing. */
  readonly expiredCookie: string | undefined;
  /** The session of the request where it lacks a factor (step-up). */
  readonly session: Session | undefined;
  /** The route's `keepPost`. */
  readonly keep: { readonly max: number; readonly for: Milliseconds };
  readonly address: string;
  /** Short number of the request. */
  readonly request: string;
};

export type KeepResult =
  | { readonly kind: 'kept'; readonly id: string; readonly browser: Browser }
  | { readonly kind: 'not-kept'; readonly why: 'too-large' | 'revoked' };

/**
 * Keeps a form post that has to wait for a sign-in: sealed with a key that only the browser's cookie holds, for one
 * sending, and for the person whose session came with it where one did. Nothing is kept on a revoked session.
 */
export async function keepPost(house: KeepPostPorts, post: PostToKeep): Promise<KeepResult> {
  if (post.body.length > post.keep.max) return { kind: 'not-kept', why: 'too-large' };
  const owner =
    post.expiredCookie === undefined ? undefined : await house.expired.ownerOf(house.digests.hash(post.expiredCookie));
  if (owner?.revoked === true) return { kind: 'not-kept', why: 'revoked' };

  const now = house.clock.now();
  const browser = browserOf(house.random, post.browserSecret);
  const id = encodeBase64Url(house.random.bytes(16));
  await house.browsers.keep({
    id,
    browserHash: house.digests.hash(browser.secret),
    accountId: post.session?.account.id ?? owner?.accountId,
    host: post.host,
    target: post.target,
    contentType: post.contentType,
    sealedBody: house.digests.sealFor(browser.secret, post.body, contextOf(id)),
    size: post.body.length,
    expiresAt: now + post.keep.for,
  });
  const origin = { actor: 'self', address: post.address, request: post.request };
  const facts = {
    login: post.session?.account.login ?? '',
    route: post.route,
    detail: { host: post.host, size: post.body.length },
  };
  await house.audit.append(auditEvent('post.kept', now, origin, facts));
  return { kind: 'kept', id, browser };
}

export type KeptPostClaim = {
  readonly id: string;
  readonly browserSecret: string | undefined;
  readonly host: string;
  readonly session: Session;
};

/** What the resume page shows: where it goes and what is in it, without the values. */
export type KeptPostView = Pick<KeptPost, 'id' | 'host' | 'target' | 'contentType' | 'size' | 'expiresAt'> & {
  readonly fields: readonly FormPart[];
};

/** The kept post for the person and browser it belongs to. 'gone' also for everybody else. */
export async function findKeptPost(house: KeepPostPorts, claim: KeptPostClaim): Promise<KeptPostView | 'gone'> {
  const opened = await openKept(house, claim);
  if (opened === undefined) return 'gone';
  const { id, host, target, contentType, size, expiresAt } = opened.post;
  return { id, host, target, contentType, size, expiresAt, fields: readForm(opened.body, contentType) };
}

export type SentPost = { readonly target: string; readonly contentType: string; readonly body: Uint8Array };

/** Takes the kept post out for sending: it comes out once. */
export async function spendKeptPost(
  house: KeepPostPorts,
  claim: KeptPostClaim,
  from: { readonly address: string; readonly request: string },
): Promise<SentPost | 'gone'> {
  const opened = await openKept(house, claim);
  if (opened === undefined) return 'gone';
  const now = house.clock.now();
  if ((await house.browsers.spendKept(claim.id, now)) !== 'spent') return 'gone';
  const { host, target, contentType, size } = opened.post;
  const facts = { login: claim.session.account.login, detail: { host, size } };
  await house.audit.append(auditEvent('post.resumed', now, { actor: 'self', ...from }, facts));
  return { target, contentType, body: opened.body };
}

/** Discards the kept post. */
export async function dropKeptPost(house: KeepPostPorts, claim: KeptPostClaim): Promise<void> {
  if ((await openKept(house, claim)) !== undefined) await house.browsers.spendKept(claim.id, house.clock.now());
}

async function openKept(
  house: KeepPostPorts,
  claim: KeptPostClaim,
): Promise<{ readonly post: KeptPost; readonly body: Uint8Array } | undefined> {
  const { browserSecret, session } = claim;
  if (browserSecret === undefined) return undefined;
  const post = await house.browsers.findKept(claim.id, house.clock.now());
  if (post === undefined || post.host !== claim.host) return undefined;
  if (!house.digests.equal(post.browserHash, house.digests.hash(browserSecret))) return undefined;
  if (post.accountId !== undefined && post.accountId !== session.account.id) return undefined;
  return { post, body: house.digests.openFor(browserSecret, post.sealedBody, contextOf(post.id)) };
}

const contextOf = (id: string): string => `kept-post|${id}`;
