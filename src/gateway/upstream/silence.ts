import { readSync } from 'node:fs';
import type { Socket } from 'node:net';

/** What Node keeps below a socket: the descriptor, where the system has one, and below TLS the plain connection. */
type Described = {
  readonly _handle?: { readonly fd?: number; readonly _parent?: { readonly bytesRead?: number } } | null;
};

const ONE = Buffer.alloc(1);

/**
 * True if nothing waits unread on an idle connection: no octet that nobody asked for, no end. The event loop tells of
 * such octets only after the events before them; a request written in between would take them for its answer. So the
 * system is asked at the last moment. An octet that is read here is lost: the connection must not be used again.
 * Always true where the system has no descriptors for sockets. With TLS the octets asked after are those of records.
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

/**
 * Octets read so far below TLS. If there are more than when the connection became free, a part of a record has come that
 * nobody asked for: the record itself is told of only when it is complete. 0 where this is not known.
 */
export const bytesBelow = (socket: Socket): number => (socket as Described)._handle?._parent?.bytesRead ?? 0;
