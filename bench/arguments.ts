/** What the command lines of the benchmarks say. */
import { parseArgs } from 'node:util';

export type BenchSettings = {
  readonly seconds: number;
  readonly warmUp: number;
  /** Whether a run of many people takes as long as their assertions live between two signatures. */
  readonly quick: boolean;
  readonly rounds: number;
  readonly routes: number;
  readonly largeBytes: number;
  /** The only scenario, by name. */
  readonly only: string | undefined;
  /** Peers beside nginx. */
  readonly peers: readonly string[];
  readonly studies: readonly string[];
  /** Folder for a CPU profile of the gateway. */
  readonly profile: string | undefined;
  /** Priority of everything that is started; a negative one takes root and helps where other work runs. */
  readonly nice: number;
  readonly out: string;
  /** Puts tables and chart into the documentation. */
  readonly write: boolean;
};

const LIST = (text: string): readonly string[] => text.split(',').filter((word) => word !== '' && word !== 'none');

/** The settings of `npm run bench`; `known` are the peers and studies there are. Throws a sentence for a mistake. */
export function readBenchSettings(
  args: readonly string[],
  known: { readonly peers: readonly string[]; readonly studies: readonly string[] },
): BenchSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      routes: { type: 'string', default: '100' },
      large: { type: 'string' },
      only: { type: 'string' },
      with: { type: 'string' },
      studies: { type: 'string' },
      profile: { type: 'string' },
      nice: { type: 'string', default: '0' },
      out: { type: 'string', default: 'bench/.work/result.json' },
      write: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  // Whoever asks for one scenario wants its figures soon: the rest takes part only where it is named.
  const unlessNamed = (words: readonly string[]): string => (values.only === undefined ? words.join(',') : '');
  return {
    seconds: positive('seconds', values.seconds ?? (quick ? '2' : '5')),
    warmUp: quick ? 1 : 2,
    quick,
    rounds: positive('rounds', values.rounds ?? (quick ? '1' : '3')),
    routes: positive('routes', values.routes),
    largeBytes: positive('large', values.large ?? (quick ? '256' : '1024')) * 1024 * 1024,
    only: values.only,
    peers: among('with', LIST(values.with ?? unlessNamed(known.peers)), known.peers),
    studies: among('studies', LIST(values.studies ?? unlessNamed(known.studies)), known.studies),
    profile: values.profile,
    nice: Number(values.nice),
    out: values.out,
    write: values.write,
  };
}

export type AttackSettings = {
  readonly attacks: readonly string[];
  /** Connections of the attacks that hold them. */
  readonly connections: number;
  /** Seconds of the attacks that come at a rate, and of the measurement before each. */
  readonly seconds: number;
  /** Rounds of going away in the middle, each way; 0 = none. */
  readonly aborts: number;
  /** Shortens the deadlines of the gateway, so that a trial run ends soon. */
  readonly quick: boolean;
  readonly out: string;
  readonly write: boolean;
};

/** The settings of `npm run bench:dos`. Naming `--aborts` alone leaves the attacks out. */
export function readAttackSettings(args: readonly string[], known: readonly string[]): AttackSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      connections: { type: 'string' },
      seconds: { type: 'string' },
      aborts: { type: 'string' },
      out: { type: 'string', default: 'bench/.work/attacks.json' },
      write: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const isAbortsAlone = values.aborts !== undefined && values.only === undefined;
  return {
    attacks: among('only', isAbortsAlone ? [] : LIST(values.only ?? known.join(',')), known),
    connections: positive('connections', values.connections ?? (quick ? '1000' : '10000')),
    seconds: positive('seconds', values.seconds ?? (quick ? '3' : '15')),
    aborts: positive('aborts', values.aborts ?? '0', 0),
    quick,
    out: values.out,
    write: values.write,
  };
}

function positive(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`--${name} ${text}: a whole number of at least ${least}`);
  return value;
}

function among(name: string, words: readonly string[], known: readonly string[]): readonly string[] {
  const strange = words.find((word) => !known.includes(word));
  if (strange !== undefined) throw new Error(`--${name} ${strange}: not one of ${known.join(', ')}`);
  return words;
}
