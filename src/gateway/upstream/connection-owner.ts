import type { Connection } from './connection.ts';
import type { Loss } from './retry.ts';

/** What a connection tells its pool. */
export type ConnectionOwner = {
  /** A response begins; `isFirst` if it is the first of its connection. */
  onAnswer(isFirst: boolean): void;
  /** The response is complete and the connection may carry another request. */
  onFree(connection: Connection): void;
  /** The connection became a tunnel: it no longer counts against the pool. */
  onTunnel(connection: Connection): void;
  /** The connection is gone, and with it the answer to the exchange of `loss`: it has to be failed or sent again. */
  onGone(connection: Connection, loss: Loss | undefined): void;
};
