/** Closed loops of RADIUS and API clients, and what the server on the other end spent meanwhile. */

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Agent, request } from 'node:http';
import { accessRequest } from '../../src/radius/client.ts';
import { isResponseAuthentic } from '../../src/radius/integrity.ts';
import { CODE, decodePacket } from '../../src/radius/packet.ts';
import { cpuMicroseconds, familyOf } from '../processes.ts';
import { codeOf, loginOf } from './people.ts';

export type Load = {
  readonly pid: number;
  readonly port: number;
  readonly seconds: number;
  readonly inFlight: number;
  readonly people: number;
};

export type LoadResult = { readonly count: number; readonly cpu: number; readonly wall: number; readonly lost: number };

/** Who asks next: everybody in turn, one question at a time each, with the next code of that person. */
class Turns {
  readonly #people: number;
  readonly #counters: Map<number, number>;
  readonly #busy = new Set<number>();
  #next = 0;

  constructor(people: number, counters: Map<number, number>) {
    this.#people = people;
    this.#counters = counters;
  }

  take(): { readonly n: number; readonly code: string } {
    do this.#next = (this.#next + 7919) % this.#people;
    while (this.#busy.has(this.#next));
    const n = this.#next;
    const counter = this.#counters.get(n) ?? 0;
    this.#counters.set(n, counter + 1);
    this.#busy.add(n);
    return { n, code: codeOf(n, counter) };
  }

  give(n: number): void {
    this.#busy.delete(n);
  }
}

type Ask = (lane: number, person: { readonly login: string; readonly code: string }) => Promise<boolean>;

async function measure(load: Load, counters: Map<number, number>, ask: Ask): Promise<LoadResult> {
  const turns = new Turns(load.people, counters);
  const lanes = Math.min(load.inFlight, Math.max(1, load.people - 1));
  const pids = familyOf(load.pid);
  const began = performance.now();
  const before = cpuMicroseconds(pids);
  let count = 0;
  let lost = 0;
  const run = async (lane: number): Promise<void> => {
    while (performance.now() - began < load.seconds * 1000) {
      const { n, code } = turns.take();
      if (await ask(lane, { login: loginOf(n), code })) count++;
      else lost++;
      turns.give(n);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
  return { count, lost, cpu: cpuMicroseconds(pids) - before, wall: (performance.now() - began) / 1000 };
}

/** Access-Requests with PAP; what is not answered within three seconds is lost. */
export async function loadRadius(
  load: Load,
  secret: string,
  counters: Map<number, number>,
  passwordOf: (person: { readonly login: string; readonly code: string }) => string,
): Promise<LoadResult> {
  const random = { bytes: (count: number) => randomBytes(count) };
  const sockets = Array.from({ length: load.inFlight }, () => createSocket('udp4'));
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))));
  const ask: Ask = (lane, person) =>
    new Promise((resolve) => {
      const socket = sockets[lane];
      if (socket === undefined) throw new Error('no socket');
      const question = { host: '127.0.0.1', port: load.port, secret: Buffer.from(secret), wait: 0, tries: 1 };
      const packet = accessRequest({ ...question, login: person.login, password: passwordOf(person) }, random);
      const timer = setTimeout(() => settle(false), 3000);
      const settle = (accepted: boolean): void => {
        clearTimeout(timer);
        socket.removeAllListeners('message');
        resolve(accepted);
      };
      socket.on('message', (datagram) => {
        const reply = decodePacket(datagram);
        // FreeRADIUS before 3.2.5 puts no Message-Authenticator into replies, so this is all that can be asked of both.
        const isOurs = reply !== undefined && isResponseAuthentic(reply, packet.authenticator, question.secret);
        if (isOurs && reply.identifier === packet.identifier) settle(reply.code === CODE.accessAccept);
      });
      socket.send(packet.bytes, load.port, '127.0.0.1');
    });
  try {
    return await measure(load, counters, ask);
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** `POST /api/v1/verify` over kept-alive connections. */
export async function loadApi(load: Load, key: string, counters: Map<number, number>): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.inFlight });
  const ask: Ask = (_, { login, code }) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ user: login, auth: 'id+otp', otp: code });
      const headers = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      };
      const options = { host: '127.0.0.1', port: load.port, agent, method: 'POST', path: '/api/v1/verify', headers };
      const outgoing = request(options, (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => resolve(text.startsWith('{"result":"accept"')));
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  try {
    return await measure(load, counters, ask);
  } finally {
    agent.destroy();
  }
}
