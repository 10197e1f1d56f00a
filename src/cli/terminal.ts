import type { Language } from '../core/policy.ts';
import type { CliTexts } from '../texts/cli/ko.ts';
import type { Output, Wiring } from './wiring.ts';

/** The flags every command takes, before or after its name. */
export type GlobalFlags = {
  readonly config?: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly yes: boolean;
};

/** What the parser knows of them: a flag that was not given is absent. */
export type ParsedFlags = { readonly [F in keyof GlobalFlags]?: GlobalFlags[F] };

/** How one command speaks: data to stdout, talk to stderr, one JSON document when asked for. */
export type Terminal = {
  readonly wiring: Wiring;
  readonly language: Language;
  readonly texts: CliTexts;
  readonly flags: () => GlobalFlags;
  /** Data. */
  print(text: string): void;
  /** Talk. Silent with `--quiet`. */
  say(text: string): void;
  /** The result: the document with `--json`, else the text. */
  answer(document: unknown, text: () => string): void;
  /** A line of success on stderr; with `--json` the document on stdout instead. */
  done(document: unknown, text: string): void;
  /** True if questions may be asked: a person at both ends. */
  readonly interactive: () => boolean;
};

export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'strong';

const CODES = { good: 32, warn: 33, bad: 31, dim: 2, strong: 1 } as const satisfies Record<Tone, number>;

/** Builds the terminal of one run of the command line. */
export function createTerminal(
  wiring: Wiring,
  language: Language,
  texts: CliTexts,
  flags: () => GlobalFlags,
): Terminal {
  const print = (text: string): void => writeLine(wiring.stdout, text);
  const say = (text: string): void => {
    if (!flags().quiet) writeLine(wiring.stderr, text);
  };
  const answer = (document: unknown, text: () => string): void =>
    print(flags().json ? JSON.stringify(document) : text());
  return {
    wiring,
    language,
    texts,
    flags,
    print,
    say,
    answer,
    done: (document, text) =>
      flags().json ? print(JSON.stringify(document)) : say(`${mark(wiring, flags(), 'good')} ${text}`),
    interactive: () => wiring.stdin.isTTY === true && wiring.stderr.isTTY === true && !flags().json,
  };
}

/** The sign a line of a result begins with; always a character, coloured where colour is wanted. */
export function mark(
  wiring: Wiring,
  flags: GlobalFlags,
  tone: 'good' | 'warn' | 'bad',
  output = wiring.stderr,
): string {
  const sign = { good: '✓', warn: '⚠', bad: '✕' }[tone];
  return hasColour(wiring, flags, output) ? `\x1b[${CODES[tone]}m${sign}\x1b[0m` : sign;
}

/** The same on stdout, for commands whose result is a list of checks. */
export const signOf = (terminal: Terminal, tone: 'good' | 'warn' | 'bad'): string =>
  mark(terminal.wiring, terminal.flags(), tone, terminal.wiring.stdout);

/** The text in a tone, where stdout is a terminal that wants colour. */
export const paint = (terminal: Terminal, tone: Tone, text: string): string =>
  hasColour(terminal.wiring, terminal.flags(), terminal.wiring.stdout) ? `\x1b[${CODES[tone]}m${text}\x1b[0m` : text;

/** Colour needs a terminal, no `--no-color`, and an environment that does not refuse it (no-color.org). */
export function hasColour(wiring: Wiring, flags: GlobalFlags, output: Output): boolean {
  const refused = (wiring.env['NO_COLOR'] ?? '') !== '' || wiring.env['TERM'] === 'dumb';
  return output.isTTY === true && flags.color && !refused;
}

const writeLine = (output: Output, text: string): void => {
  output.write(text.endsWith('\n') ? text : `${text}\n`);
};
