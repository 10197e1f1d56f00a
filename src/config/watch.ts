import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

const QUIET_MS = 100;
const POLL_MS = 1000;

/**
 * Calls back when a file was written or replaced, once for writes that follow each other closely. Watches the folder,
 * because editors and configuration systems replace files, and looks itself every second, because some file systems tell
 * nothing. A file that is missing for a moment is not a change. The program does not stay alive for it.
 */
export function watchFile(file: string, onChange: () => void): { close(): void } {
  let known = stampOf(file);
  let settle: NodeJS.Timeout | undefined;
  const look = () => {
    const stamp = stampOf(file);
    if (stamp === undefined || stamp === known) return;
    known = stamp;
    clearTimeout(settle);
    settle = setTimeout(onChange, QUIET_MS).unref();
  };
  const poll = setInterval(look, POLL_MS).unref();
  const watcher = watchFolder(file, look);
  return {
    close() {
      clearInterval(poll);
      clearTimeout(settle);
      watcher?.close();
    },
  };
}

/** Notifications are a help; without them (no inotify handles left, network file systems) polling is enough. */
function watchFolder(file: string, look: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
      if (name === null || name === basename(file)) look();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** What changes when a file is written, replaced or linked elsewhere. */
function stampOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}
