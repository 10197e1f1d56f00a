import type { SecretValue } from '../core/policy.ts';
import { type Context, resolveFrom } from './context.ts';
import type { YamlPath } from './document.ts';
import type { SecretSource } from './secret-schema.ts';

const MAX_SECRET_BYTES = 64 * 1024;

/**
 * Reads a secret from where it is kept. What is missing, empty, unreadable or written out (except in a demo) is
 * reported, and undefined is answered: a rule is never run without its secret.
 */
export function readSecret(
  source: SecretSource,
  path: YamlPath,
  demo: boolean,
  context: Context,
): SecretValue | undefined {
  switch (source.kind) {
    case 'literal':
      if (!demo) context.report('literal-secret', path);
      return seal(source.value);
    case 'env': {
      const value = context.env[source.name];
      if (value === undefined) context.report('secret-variable-missing', path, { found: source.name });
      else if (value.trim() === '') context.report('secret-empty', path, { found: source.name });
      else return seal(value);
      return undefined;
    }
    case 'file':
      return readSecretFile(resolveFrom(context, source.path), [...path, 'file'], context);
  }
}

function readSecretFile(file: string, path: YamlPath, context: Context): SecretValue | undefined {
  const read = context.files.read(file, MAX_SECRET_BYTES);
  if (read.kind !== 'read') {
    context.report(read.kind === 'missing' ? 'secret-missing' : 'secret-unreadable', path, { found: file });
    return undefined;
  }
  const text = new TextDecoder().decode(read.bytes).replace(/\r?\n$/, '');
  if (text.trim() === '') {
    context.report('secret-empty', path, { found: file });
    return undefined;
  }
  warnIfOpen(file, read.mode, path, context);
  return seal(text);
}

/** Warns of a secret's file that others than its owner can read. */
export function warnIfOpen(file: string, mode: number, path: YamlPath, context: Context): void {
  if ((mode & 0o077) !== 0) context.report('secret-file-open', path, { found: file, mode: mode.toString(8) });
}

/** Keeps a value where printing, logging and JSON do not reach it. */
const seal = (value: string): SecretValue =>
  Object.freeze({ reveal: () => value, toString: () => '[sealed]', toJSON: () => '[sealed]' });
