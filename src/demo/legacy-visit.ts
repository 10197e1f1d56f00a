import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request to the application, with the place it was asked for. */
export type Visit = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Everything before the last segment, with both slashes: `/notice/`. */
  readonly prefix: string;
  readonly query: URLSearchParams;
};
