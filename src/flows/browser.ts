import { encodeBase64Url, HANDLE_BYTES, isHandle } from '../core/session/handle.ts';
import type { Random } from '../ports.ts';

/**
 * The secret that only one browser holds (cookie `sumun-browser`): sign-ins in progress and kept posts are bound to it,
 * and an account remembers it after a complete sign-in. It opens nothing.
 */
export type Browser = {
  readonly secret: string;
  /** True if the door has to set the cookie: the browser had none, or none of ours. */
  readonly isNew: boolean;
};

/** The browser that presented this cookie value, or a new one. */
export function browserOf(random: Random, presented: string | undefined): Browser {
  if (presented !== undefined && isHandle(presented)) return { secret: presented, isNew: false };
  return { secret: encodeBase64Url(random.bytes(HANDLE_BYTES)), isNew: true };
}
