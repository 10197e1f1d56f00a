/**
 * What the command line needs from the rest of the program and from the process. Commands know this record and nothing
 * behind it: no database, no cipher, no server. `src/app/wiring.ts` provides it, `src/main.ts` hands it over.
 */
import type { Readable, Writable } from 'node:stream';
import type { Language, Policy, SecretValue } from '../core/policy.ts';
import type { Instant } from '../core/time.ts';
import type { Clock, House, Random } from '../ports.ts';

/** A stream the command line reads from. */
export type Input = Readable & { readonly isTTY?: boolean };

/** A stream the command line writes to. `columns` is the width of a terminal. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** What a reload did: the new file is in force, or it had findings (already logged) and the old one stays. */
export type Reloaded = 'reloaded' | 'refused';

/** A server that accepts requests. */
export type Running = {
  /** URLs people open, the health listener last. */
  readonly addresses: readonly string[];
  /** Reads the configuration file again as a transaction. */
  reload(): Promise<Reloaded>;
  /** Stops accepting, drains for `server.shutdown.drain`, closes the house. Calling it again cuts what is left. */
  stop(): Promise<void>;
  /** Settles when the server has stopped, for whatever reason; rejects if it broke. */
  readonly stopped: Promise<void>;
};

export type DemoOptions = {
  /** 0 = any free port. */
  readonly port: number;
  readonly consolePort: number;
  /** Absent: 18120 if that is free, else any free port. */
  readonly radiusPort?: number;
  /** Folder to keep data in; absent: a temporary one, deleted at the end. */
  readonly data?: string;
  readonly language: Language;
};

export type DemoUser = {
  readonly login: string;
  readonly password: string;
  readonly pin: string;
  readonly otpauth: string;
  readonly groups: readonly string[];
};

/** What `sumun demo --json` prints on one line. */
export type DemoSummary = {
  readonly gateway: string;
  readonly console: string;
  readonly api: string;
  readonly apiKey: string;
  readonly radius: { readonly host: string; readonly port: number; readonly secret: string };
  readonly config: string;
  readonly users: readonly DemoUser[];
  readonly admin: DemoUser;
  readonly routes: Readonly<Record<string, string>>;
};

export type RunningDemo = Running & {
  readonly summary: DemoSummary;
  /** The same for people: addresses, users, the present OTP and a QR code, in the language of the options. */
  describe(): string;
};

/** Where the keys go. Files are made with mode 0600, folders with 0700. */
export type KeyPlaces = {
  readonly masterFile: string;
  readonly signingFolder: string;
  readonly algorithm: Policy['identity']['signing']['algorithm'];
};

/** What `doctor` looks at beside the house: nothing is changed, nothing is migrated. */
export type StorageInspection = {
  /** `ok`, or the first thing that SQLite's own checks found. */
  readonly integrity: string;
  readonly bytes: number;
  readonly sqlite: string;
};

/** What one provider of text messages did with a trial message; no fault: it took the message over. */
export type SmsTrial = { readonly provider: string; readonly fault: string | undefined };

export type BackupMade = { readonly bytes: number; readonly sha256: string };

export type RestoreReport = {
  readonly madeAt: Instant;
  readonly accounts: number;
  readonly authenticators: number;
  readonly auditRecords: number;
  /** Where the data that was there before is now; undefined in a dry run or when there was none. */
  readonly movedAside: string | undefined;
};

/** What a RADIUS client asks: an Access-Request with PAP. */
export type RadiusQuestion = {
  readonly host: string;
  readonly port: number;
  readonly secret: SecretValue;
  readonly login: string;
  readonly password: string;
  /** Of the Access-Challenge that is answered. */
  readonly state?: Uint8Array;
  /** Milliseconds before each repetition, and how often the same octets are sent. */
  readonly wait: number;
  readonly tries: number;
};

export type RadiusAnswer = {
  readonly code: number;
  readonly attributes: readonly { readonly type: number; readonly value: Uint8Array }[];
  /** Octets of the request and of the reply. */
  readonly sent: number;
  readonly received: number;
  readonly milliseconds: number;
};

/** Everything the command line is given. */
export type Wiring = {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder relative file names start from. */
  readonly folder: string;
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  readonly random: Random;
  /** Version of the runtime (`24.21.0`). */
  readonly runtime: string;
  /** Listens to a signal of the process; the answer stops listening. */
  onSignal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): () => void;
  /**
   * Opens database and keys for one command. The database is made and migrated if need be; keys are never made.
   * Throws an error whose message is one sentence for people when the master key is missing, readable by others or wrong,
   * or when the database was written by a newer version. The house's log goes to stderr, warnings and errors only.
   */
  openHouse(policy: Policy): Promise<House>;
  /** Undefined where no authentic reply came. */
  askRadius(question: RadiusQuestion): Promise<RadiusAnswer | undefined>;
  /** Serves until stopped. The policy was loaded and has no errors. */
  serve(policy: Policy): Promise<Running>;
  demo(options: DemoOptions): Promise<RunningDemo>;
  /** Makes a master key and a first signing key. Throws if the master key's file is there already. */
  createKeys(places: KeyPlaces, now: number): Promise<void>;
  /** Sends a text message without a code through every provider in turn. */
  trySms(policy: Policy, number: string, language: Language): Promise<readonly SmsTrial[]>;
  inspectStorage(policy: Policy): Promise<StorageInspection>;
  /** Routes that a sealed code opened, and until when. Reads only; empty where there is no database. */
  openings(policy: Policy, now: Instant): Promise<ReadonlyMap<string, Instant>>;
  /** Numbers of the newest migration the database has (0 where there is none) and of the newest this version knows. */
  schema(policy: Policy): Promise<{ readonly present: number; readonly newest: number }>;
  /** Without a passphrase the backup opens with the present master key only and does not contain it. */
  makeBackup(policy: Policy, file: string, passphrase: string | undefined): Promise<BackupMade>;
  restoreBackup(
    policy: Policy,
    file: string,
    options: { readonly passphrase: string | undefined; readonly dryRun: boolean },
  ): Promise<RestoreReport>;
};
