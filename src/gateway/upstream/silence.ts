import { readSync } from 'node:fs';
import type { Socket } from 'node:net';

/** What Node keeps below a socket: the descriptor, where the system has one. */
type Described = { readonly _handle?: { readonly fd?: number } | null };

const ONE = Buffer.alloc(1);

/**
 * True if nothing waits unread on an idle connection: no octet that nobody asked for, no end. The event loop tells of
 * such octets only after the events before them; a request written in between would take them for its answer. So the
 * system is asked at the last moment. An octet that is read here is lost: the connection must not be used again.
 * Always true where the system has no descriptors for sockets.
 */
export function isSilent(socket: Socket): boolean {
  const fd = (socket as Described)._handle?.fd;
  if (fd === undefined || fd < 0) return true;
  // An exception is the usual answer here; where it was thrown is of no interest, and costs more than the look.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    readSync(fd, ONE, 0, 1, null);
    return false;
  } catch (reason) {
    return reason instanceof Error && 'code' in reason && (reason.code === 'EAGAIN' || reason.code === 'EWOULDBLOCK');
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
