/**
 * The stack most people would write first: express, express-session in memory, http-proxy. Session look-up among those
 * of a list, group check, one identity header.
 * Called as `node bench/naive-server.ts PORT BACKEND SECRET LIST`, the list one session id a line.
 */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import express from 'express';
import session from 'express-session';
import httpProxy from 'http-proxy';

type Known = { readonly login?: string; readonly groups?: readonly string[] };

const [port, backend, secret = '', list = ''] = process.argv.slice(2);
const store = new session.MemoryStore();
const cookie = { path: '/', httpOnly: true, originalMaxAge: null };
for (const [n, id] of readFileSync(list, 'utf8').trimEnd().split('\n').entries()) {
  store.set(id, { cookie, login: `user${n}`, groups: ['staff'] }, () => {});
}

const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${backend}`,
  agent: new Agent({ keepAlive: true, maxSockets: 64 }),
  xfwd: true,
});
const app = express();
app.disable('x-powered-by');
app.use(session({ name: 'sumun', secret, store, resave: false, saveUninitialized: false }));
app.use((req, res) => {
  const known = (req as { readonly session?: Known }).session; // set by the session's middleware
  if (!(known?.groups ?? []).includes('staff')) {
    res.status(401).end();
    return;
  }
  req.headers['x-user'] = known?.login ?? '';
  proxy.web(req, res, {}, () => res.destroy());
});
const server = app.listen(Number(port), '127.0.0.1');
server.keepAliveTimeout = 300_000;
