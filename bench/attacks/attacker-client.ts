/**
 * One attack, from a process of its own: called as `node bench/attacks/attacker-client.ts '{"kind":…}'`, it ends when
 * the gateway has closed every connection, when the seconds are over, or at SIGTERM, and prints one line of JSON.
 */

import { setPriority } from 'node:os';
import { Crowd } from './crowd.ts';
import { KINDS } from './kinds.ts';

export type AttackerSettings = {
  readonly kind: string;
  readonly port: number;
  readonly host: string;
  readonly tls: boolean;
  /** Connections held, or how many are open at one time where the attack comes at a rate. */
  readonly connections: number;
  /** Beginnings a second, where the attack comes at a rate. */
  readonly rate: number;
  /** The attack ends after this many seconds even if connections are left. */
  readonly seconds: number;
};

export type AttackerResult = {
  readonly opened: number;
  /** Connections the gateway closed. */
  readonly closedByGateway: number;
  /** Still open when the attack ended. */
  readonly left: number;
  /** From the last connection's beginning until the gateway had closed the last one; undefined if it did not. */
  readonly secondsUntilAllClosed: number | undefined;
  /** How often each status was answered; `none` = closed without an answer. */
  readonly answers: Readonly<Record<string, number>>;
  readonly bytesRead: number;
};

// The others' share of this core is not what the attack is about.
setPriority(10);
const settings = JSON.parse(process.argv[2] ?? '{}') as AttackerSettings;
const attack = KINDS[settings.kind];
if (attack === undefined) throw new Error(`no attack ${settings.kind}`);
const crowd = new Crowd(settings);
process.once('SIGTERM', () => crowd.stop());
const result: AttackerResult = await attack(crowd, settings);
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
