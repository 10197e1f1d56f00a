import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buffer, text as readAll } from 'node:stream/consumers';
import { isCancel, password } from '@clack/prompts';
import { EXIT, Refusal, systemCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** A file this long is not a password. */
const LONGEST = 64 * 1024;

/** Reads secrets for one command: files, lines of standard input in the order they are asked for, or a hidden prompt. */
export type SecretSource = {
  /** The secret a `--…-file` flag names: the first line of the file, or the next line of stdin for `-`. */
  fromFile(name: string): Promise<string>;
  /** Asks without echo; undefined for an empty answer. */
  ask(question: string): Promise<string | undefined>;
};

/** Secrets are never arguments: this is every way they come in. */
export function createSecretSource(terminal: Terminal): SecretSource {
  let lines: string[] | undefined;
  const nextLine = async (): Promise<string> => {
    lines ??= (await readAll(terminal.wiring.stdin)).split(/\r?\n/);
    const line = lines.shift();
    if (line === undefined || line === '') throw new Refusal(EXIT.usage, 'secret-empty', terminal.texts.stdinEmpty);
    return line;
  };
  return {
    fromFile: async (name) => (name === '-' ? nextLine() : firstLine(terminal, name)),
    ask: async (question) => {
      const answer = await password({
        message: question,
        input: terminal.wiring.stdin,
        output: terminal.wiring.stderr,
      });
      if (isCancel(answer)) throw new Refusal(EXIT.usage, 'cancelled', terminal.texts.cancelled);
      return answer === '' || answer === undefined ? undefined : answer;
    },
  };
}

/** The whole text of a file a flag names, or of stdin for `-`. Exit 2 if it is not there. */
export const readNamed = async (terminal: Terminal, name: string): Promise<string> =>
  Buffer.from(await readNamedBytes(terminal, name)).toString('utf8');

/** The bytes of a file a flag names, or of stdin for `-`. Exit 2 if it is not there. */
export async function readNamedBytes(terminal: Terminal, name: string): Promise<Uint8Array> {
  if (name === '-') return buffer(terminal.wiring.stdin);
  try {
    return readFileSync(resolve(terminal.wiring.folder, name));
  } catch (error) {
    const code = systemCode(error) ?? '';
    const exit = code === 'EACCES' ? EXIT.notPermitted : EXIT.usage;
    throw new Refusal(exit, 'file-unreadable', terminal.texts.fileUnreadable(name, code));
  }
}

async function firstLine(terminal: Terminal, name: string): Promise<string> {
  const text = await readNamed(terminal, name);
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line === '' || text.length > LONGEST) {
    throw new Refusal(EXIT.usage, 'secret-empty', terminal.texts.secretFileEmpty(name));
  }
  return line;
}
