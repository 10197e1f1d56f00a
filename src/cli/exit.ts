/** Exit codes of every command; the words are the promise of the reference. */
export const EXIT = {
  fine: 0,
  cannotRun: 1,
  usage: 2,
  configuration: 3,
  no: 4,
  needMore: 5,
  unreachable: 69,
  notPermitted: 77,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * A command that ends without doing what was asked, for a reason people can act on. Thrown by commands and caught in
 * one place, which prints the message and the remedy (or both as JSON) and exits with the code.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly exit: ExitCode;
  /** Stable, for programs: `user-missing`. */
  readonly code: string;
  readonly remedy: string | undefined;
  /** More for `--json`, beside code and message. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(
    exit: ExitCode,
    code: string,
    message: string,
    remedy?: string,
    more: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.exit = exit;
    this.code = code;
    this.remedy = remedy;
    this.more = more;
  }
}

const NOT_PERMITTED = new Set(['EACCES', 'EPERM', 'EROFS']);
const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ENOTFOUND']);

/** The exit code for an error nobody expected, from the system's error code where there is one. */
export function exitOf(error: unknown): ExitCode {
  const code = systemCode(error);
  if (code !== undefined && NOT_PERMITTED.has(code)) return EXIT.notPermitted;
  if (code !== undefined && UNREACHABLE.has(code)) return EXIT.unreachable;
  return EXIT.cannotRun;
}

/** The system's code of an error (`ENOENT`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
