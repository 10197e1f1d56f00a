import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Clock } from '../ports.ts';
import type { Provider, SettingsOf } from './provider.ts';

/** Appends, makes the file if need be, and never writes through a symbolic link. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** Writes messages to a file that only its owner may read, one line of JSON each: `at`, `to`, `text`, `id`. */
export const createFileProvider = ({ name, path }: SettingsOf<'file'>, clock: Clock): Provider => ({
  name,
  send: async ({ id, to, text }) => {
    const line = `${JSON.stringify({ at: new Date(clock.now()).toISOString(), to, text, id })}\n`;
    const file = await open(path, FLAGS, 0o600);
    try {
      await file.writeFile(line);
    } finally {
      await file.close();
    }
    return { reference: id };
  },
  close: async () => undefined,
});
