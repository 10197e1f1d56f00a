import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { diskFiles } from '../../config/files.ts';
import { type LoadOptions, loadPolicyBytes } from '../../config/load.ts';
import type { Policy } from '../../core/policy.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { ConfigSource, OpenedOnce } from './messages.ts';

/** The bytes a policy was made from, or undefined if its file has other ones by now. */
export function sourceOf({ file, digest }: Pick<Policy, 'file' | 'digest'>): ConfigSource | undefined {
  const bytes = readFileSync(file);
  const found = createHash('sha256').update(bytes).digest('hex');
  return found === digest ? { file, digest, bytes: bytes.toString('base64') } : undefined;
}

/** What is opened once, as this policy has it. */
export const openedOnce = ({ server, forwardAuth, storage, keys }: Policy): OpenedOnce => ({
  listen: server.listen,
  redirectFrom: server.redirectFrom,
  forwardAuth: forwardAuth.listen,
  storage,
  keys,
});

/** The policy of a source, with everything that is opened once as it was at the start; or why there is none. */
export function policyOf(source: ConfigSource, opened: OpenedOnce, options: LoadOptions): Result<Policy, string> {
  const bytes = Buffer.from(source.bytes, 'base64');
  const loaded = loadPolicyBytes(bytes, source.file, { ...options, files: diskFiles });
  if (!loaded.ok) return err(loaded.error.map(({ code, line, message }) => `${line}: ${code} ${message}`).join('; '));
  const { policy } = loaded.value;
  if (policy.digest !== source.digest) return err('the configuration arrived damaged');
  const { listen, redirectFrom, storage, keys } = opened;
  return ok({
    ...policy,
    server: { ...policy.server, listen, redirectFrom },
    forwardAuth: { ...policy.forwardAuth, listen: opened.forwardAuth },
    storage,
    keys,
  });
}
