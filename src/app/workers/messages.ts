import type { ListenAddress, Policy } from '../../core/policy.ts';
import type { Instant } from '../../core/time.ts';
import type { Counters } from '../../gateway/gate.ts';
import type { Rate } from '../../gateway/rate.ts';

/** A configuration as it travels: the bytes themselves, so that every process compiles the same ones. */
export type ConfigSource = {
  /** Absolute path: relative names in it start there. */
  readonly file: string;
  /** The file's bytes, base64. */
  readonly bytes: string;
  /** SHA-256 of the bytes, hex. */
  readonly digest: string;
};

/** What a reload does not change, as it was at the start: a worker that is started later opens the same. */
export type OpenedOnce = {
  readonly listen: readonly ListenAddress[];
  readonly redirectFrom: readonly ListenAddress[];
  readonly forwardAuth: ListenAddress | undefined;
  readonly storage: Policy['storage'];
  readonly keys: Policy['keys'];
};

/** What a process used and counted since its start. */
export type Report = {
  readonly counters: Counters;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
};

/** A question a worker waits for the answer of. */
export type Question =
  | { readonly kind: 'rate'; readonly route: string; readonly rate: Rate; readonly who: string }
  | { readonly kind: 'place' };

/** Moment of the next free token or null for one taken; whether a place for hashing was had. */
export type Answer = Instant | null | 'taken' | 'busy';

export type ToPrimary =
  | { readonly kind: 'up'; readonly addresses: readonly ListenAddress[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'prepared'; readonly digest: string; readonly fault: string | undefined }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'leave-place' }
  | { readonly kind: 'opened'; readonly id: number; readonly address: string }
  | { readonly kind: 'closed'; readonly id: number }
  | { readonly kind: 'report'; readonly report: Report };

export type ToWorker =
  | {
      readonly kind: 'begin';
      readonly slot: number;
      readonly language: 'ko' | 'en' | 'ja';
      readonly source: ConfigSource;
      readonly opened: OpenedOnce;
    }
  | { readonly kind: 'prepare'; readonly source: ConfigSource }
  | { readonly kind: 'commit'; readonly source: ConfigSource }
  | { readonly kind: 'abandon'; readonly digest: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'turn-away'; readonly id: number; readonly status: 429 | 503 }
  | { readonly kind: 'stop' }
  | { readonly kind: 'cut' };
