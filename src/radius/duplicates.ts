import { hash } from 'node:crypto';
import { type Instant, type Milliseconds, SECOND } from '../core/time.ts';
import type { SharedSecret } from './integrity.ts';
import type { Packet } from './packet.ts';

/** How long a reply is kept for retransmissions (RFC 5080 §2.2.2). */
export const REPLY_LIFE: Milliseconds = 30 * SECOND;

/** Replies kept at once, of all clients together. */
export const REPLIES_MAX = 65_536;

/** A packet in the list of its client, between those asked for before and after it. */
type Entry = {
  readonly key: string;
  readonly at: Instant;
  reply: Buffer | undefined;
  before: Entry | undefined;
  after: Entry | undefined;
};

/**
 * Packets of one client in the order they were last asked for. A list of its own beside the map, because finding the
 * first key of a map that much was deleted from takes as long as there are holes in it.
 */
class Replies {
  readonly #entries = new Map<string, Entry>();
  #first: Entry | undefined;
  #last: Entry | undefined;

  get size(): number {
    return this.#entries.size;
  }

  get oldest(): Entry | undefined {
    return this.#first;
  }

  find(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  add(key: string, at: Instant): void {
    const entry: Entry = { key, at, reply: undefined, before: undefined, after: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
  }

  touch(entry: Entry): void {
    this.#unlink(entry);
    this.#append(entry);
  }

  delete(entry: Entry): void {
    this.#unlink(entry);
    this.#entries.delete(entry.key);
  }

  #append(entry: Entry): void {
    entry.before = this.#last;
    entry.after = undefined;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
  }

  #unlink({ before, after }: Entry): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
  }
}

/** What is known of a packet that has just arrived. */
export type Seen =
  | { readonly kind: 'new' }
  | { readonly kind: 'in-progress' }
  | { readonly kind: 'answered'; readonly reply: Buffer };

/**
 * Packets of the last seconds and the octets they were answered with, so that a retransmission is answered the same and
 * evaluated once (RFC 5080 §2.2.2). One is recognised by the address it came from and all its octets, identifier and
 * Request Authenticator among them: that is the same from another port, and another packet under the same identifier is
 * not. Each client (NAS) has a list of its own, so that a noisy one pushes out only its own replies.
 */
export class Duplicates {
  readonly #clients = new Map<string, Replies>();
  readonly #max: number;
  #size = 0;

  constructor(max: number = REPLIES_MAX) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes the packet in hand where it is new. The caller answers or forgets it. */
  take(client: string, key: string, now: Instant): Seen {
    const replies = this.#repliesOf(client);
    const found = replies.find(key);
    if (found !== undefined && now - found.at < REPLY_LIFE) {
      if (found.reply === undefined) return { kind: 'in-progress' };
      // What is asked for goes last when room is needed.
      replies.touch(found);
      return { kind: 'answered', reply: found.reply };
    }
    if (found !== undefined) this.#delete(replies, found);
    this.#dropExpired(replies, now);
    while (this.#size >= this.#max) this.#dropOldest();
    replies.add(key, now);
    this.#size += 1;
    return { kind: 'new' };
  }

  answer(client: string, key: string, reply: Buffer): void {
    const found = this.#clients.get(client)?.find(key);
    if (found !== undefined) found.reply = reply;
  }

  /** No decision was made: a retransmission is evaluated anew. */
  forget(client: string, key: string): void {
    const replies = this.#clients.get(client);
    const found = replies?.find(key);
    if (replies !== undefined && found !== undefined) this.#delete(replies, found);
  }

  #repliesOf(client: string): Replies {
    const found = this.#clients.get(client) ?? new Replies();
    this.#clients.set(client, found);
    return found;
  }

  #dropExpired(replies: Replies, now: Instant): void {
    while (replies.oldest !== undefined && now - replies.oldest.at >= REPLY_LIFE) this.#delete(replies, replies.oldest);
  }

  /** The oldest of the client that has most. */
  #dropOldest(): void {
    let largest: Replies | undefined;
    for (const replies of this.#clients.values()) if (replies.size > (largest?.size ?? 0)) largest = replies;
    if (largest?.oldest !== undefined) this.#delete(largest, largest.oldest);
  }

  #delete(replies: Replies, entry: Entry): void {
    replies.delete(entry);
    this.#size -= 1;
  }
}

/** The name of a packet among those of its client: its sender and a digest of the secret and its octets. */
export const duplicateKey = (packet: Packet, secret: SharedSecret, address: string): string =>
  `${address} ${hash('sha256', Buffer.concat([secret, packet.bytes]), 'base64')}`;
