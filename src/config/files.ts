import { existsSync, readFileSync, statSync } from 'node:fs';

/** What became of reading a file. `mode` are the permission bits. */
export type FileRead =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly mode: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'too-large'; readonly size: number };

/** The files a configuration refers to. */
export type FileReader = {
  read(path: string, maxBytes: number): FileRead;
  exists(path: string): boolean;
};

/** Files of this machine. Only regular files are read, and none that is larger than asked for. */
export const diskFiles: FileReader = {
  read(path, maxBytes) {
    try {
      const stat = statSync(path);
      if (!stat.isFile()) return { kind: 'unreadable' };
      if (stat.size > maxBytes) return { kind: 'too-large', size: stat.size };
      return { kind: 'read', bytes: readFileSync(path), mode: stat.mode & 0o777 };
    } catch (error) {
      return { kind: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'unreadable' }; // fs throws ErrnoException
    }
  },
  exists: existsSync,
};
