import { setImmediate as turn } from 'node:timers/promises';
import { SENTINEL } from './application.ts';
import { FrontClient } from './client.ts';
import { drawFor } from './draw.ts';
import type { Lane, Way } from './pair.ts';
import { drawReply, type Reply } from './replies.ts';
import { type DrawnRequests, drawRequests, type Place } from './requests.ts';
import { settle } from './settle.ts';
import { type Answer, readTranscript } from './transcript.ts';

/** One case: what a browser writes, and what the application answers in turn. */
export type Case = { readonly index: number; readonly requests: DrawnRequests; readonly replies: readonly Reply[] };

/** What one front made of a case. */
export type Outcome = {
  readonly answers: readonly Answer[];
  /** A response that broke off. */
  readonly rest: string;
  /**
   * `open`: the request behind the case was served. `closed`: the connection ended. `waiting`: more of the message was
   * expected, until the client said that there is none. `hung`: not even then did it end.
   */
  readonly end: 'open' | 'closed' | 'waiting' | 'hung';
  /** Whole requests that reached the application. */
  readonly upstream: readonly string[];
  /** What else reached it: parts of requests. */
  readonly unfinished: readonly string[];
  readonly tunnelled: string;
};

export type Both = { readonly product: Outcome; readonly reference: Outcome };

/** The case of this number. */
export function drawCase(seed: number, index: number, place: Place): Case {
  const draw = drawFor(seed, index);
  const requests = drawRequests(draw, place);
  return {
    index,
    requests,
    replies: Array.from({ length: requests.count + 1 }, () => drawReply(draw, requests.count === 1)),
  };
}

/** Sends cases down both ways of a lane, on connections that stay for as long as both fronts keep them. */
export class Runner {
  readonly #lane: Lane;
  #clients: { readonly product: FrontClient; readonly reference: FrontClient } | undefined;
  /** Cases that went down the present connections before. */
  history: number[] = [];

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** `patience`: milliseconds of silence after which nothing more is waited for. */
  async run(drawn: Case, patience: number): Promise<Both> {
    const { place, product: one, reference: other } = this.#lane;
    this.#clients ??= {
      product: await FrontClient.open(one.port, one.activity),
      reference: await FrontClient.open(other.port, other.activity),
    };
    const clients = this.#clients;
    const [product, reference] = await Promise.all([
      runOne(one, clients.product, { drawn, place, patience }),
      runOne(other, clients.reference, { drawn, place, patience }),
    ]);
    this.history.push(drawn.index);
    if (product.end !== 'open' || reference.end !== 'open') this.close();
    return { product, reference };
  }

  /** The next case has connections of its own. */
  close(): void {
    this.#clients?.product.destroy();
    this.#clients?.reference.destroy();
    this.#clients = undefined;
    this.history = [];
  }
}

type Run = { readonly drawn: Case; readonly place: Place; readonly patience: number };

async function runOne(way: Way, client: FrontClient, { drawn, place, patience }: Run): Promise<Outcome> {
  const { application, activity } = way;
  const { requests, replies, index } = drawn;
  client.text = '';
  application.begin(replies);
  for (const [at, piece] of requests.pieces.entries()) {
    const turns = at === 0 ? 0 : requests.pieces.length < 8 ? 4 : 1;
    for (let count = 0; count < turns; count++) await turn();
    client.send(piece);
  }
  const isAnswered = () => client.isOver || finalAnswers(client.text) >= requests.count;
  await settle(activity, isAnswered, patience);
  const mark = `${SENTINEL}-${index}`;
  const isServed = () => client.text.endsWith(mark);
  if (!client.isOver) {
    client.send(`GET /${place.word}/${mark} HTTP/1.1\r\nHost: ${place.host}\r\n\r\n`);
    await settle(activity, () => client.isOver || isServed(), patience);
  }
  const isOpen = !client.isOver && isServed();
  let end: Outcome['end'] = isOpen ? 'open' : 'closed';
  if (!client.isOver && !isOpen) {
    client.end();
    await settle(activity, () => client.isOver, 3000);
    end = client.isOver ? 'waiting' : 'hung';
  }
  // What a front passes on when its client is gone already.
  if (end !== 'open') await settle(activity, () => false, patience / 4);
  const { answers, rest } = readTranscript(client.text, client.isOver);
  const { requests: upstream, unfinished, tunnelled } = application;
  return {
    answers: isOpen ? answers.slice(0, -1) : answers,
    rest,
    end,
    upstream: [...upstream],
    unfinished,
    tunnelled,
  };
}

const finalAnswers = (text: string): number =>
  readTranscript(text, false).answers.filter(({ status }) => status >= 200 || status === 101).length;
