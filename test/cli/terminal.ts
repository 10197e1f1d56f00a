import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { createWiring } from '../../src/app/wiring.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { Wiring } from '../../src/cli/wiring.ts';

export type Spoken = {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly json: unknown;
};

export type Circumstances = Partial<Omit<Wiring, 'stdin' | 'stdout' | 'stderr'>> & {
  /** Standard input, at once. */
  readonly input?: string;
  /** A person at a terminal who answers what is asked for with these lines. */
  readonly typed?: readonly string[];
};

/** A folder of its own and the command line in it, with real configuration, database and keys behind. */
export class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), 'sumun-cli-'));

  /** Runs one command as a shell would, in English unless the environment says otherwise. */
  async sumun(line: string | readonly string[], circumstances: Circumstances = {}): Promise<Spoken> {
    const { input = '', typed, ...changes } = circumstances;
    const [out, errors] = [new Capture(typed !== undefined), new Capture(typed !== undefined)];
    if (typed !== undefined) errors.answerWith([...typed]);
    const wiring: Wiring = {
      ...createWiring(process, 'en'),
      env: {},
      folder: this.folder,
      stdin: typed === undefined ? Readable.from(input === '' ? [] : [input]) : errors.keyboard,
      stdout: out,
      stderr: errors,
      onSignal: () => () => undefined,
      ...changes,
    };
    const args = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
    const exit = await runCommandLine(args, wiring);
    return { exit, stdout: out.text, stderr: errors.text, json: parsed(out.text) };
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Collects what is written and, as a terminal, presses keys whenever a question has been asked. */
class Capture extends Writable {
  readonly isTTY: boolean;
  readonly columns = 80;
  text = '';
  readonly keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  #answers: string[] = [];

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  answerWith(answers: string[]): void {
    this.#answers = answers;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    // `◆` stands before a question that waits for its answer.
    if (chunk.toString().includes('◆')) {
      const answer = this.#answers.shift();
      if (answer !== undefined) setImmediate(() => this.keyboard.write(`${answer}\r`));
    }
    done();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value of a field in a JSON document, or undefined. */
export const field = (document: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], document);

export const hasOathtool = existsSync('/usr/bin/oathtool');

/** A code made by an independent implementation. */
export const oathtool = (otpauth: string, ...flags: readonly string[]): string => {
  const secret = new URL(otpauth).searchParams.get('secret') ?? '';
  return execFileSync('/usr/bin/oathtool', [...flags, '-b', secret], { encoding: 'utf8' }).trim();
};
