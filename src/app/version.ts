import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's own version, from the file beside it. */
export function packageVersion(): string {
  const file = fileURLToPath(new URL('../../package.json', import.meta.url));
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
