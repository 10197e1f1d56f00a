/** The parts of two packages without types that the naive stack uses. */
declare module 'express-session' {
  import type { RequestHandler } from 'express';

  class MemoryStore {
    set(id: string, session: object, done: () => void): void;
  }
  function session(options: {
    name: string;
    secret: string;
    store: MemoryStore;
    resave: boolean;
    saveUninitialized: boolean;
  }): RequestHandler;
  namespace session {
    export { MemoryStore };
  }
  export default session;
}

declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  function createProxyServer(options: { target: string; agent: Agent; xfwd: boolean }): {
    web(req: IncomingMessage, res: ServerResponse, options: object, onError: () => void): void;
  };
  const httpProxy: { createProxyServer: typeof createProxyServer };
  export default httpProxy;
}
