import { readFileSync } from 'node:fs';
import { PROBLEMS } from './problems.ts';

/** A file of the documentation, ready to be sent. */
export type DocumentationFile = { readonly type: string; readonly content: string | Uint8Array; readonly csp: string };

const INERT =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/** Everything comes from this listener, scripts included; nothing is run that stands in the page itself. */
const INTERACTIVE =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/** The bundle that the build copied, seen from `src/api` and `dist/api` alike; else the package it comes from. */
const FOLDERS = ['../../dist/api-docs/', '../../node_modules/swagger-ui-dist/'];

const ASSETS = { 'swagger-ui-bundle.js': 'text/javascript', 'swagger-ui.css': 'text/css' } as const;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sumun API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<noscript>The description of the API is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript>
<div id="reference"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
`;

/**
 * The pages for people: `/docs` with what it loads, and `/problems`, the address behind the `type` of every problem
 * document. Paths are below `/api`. Undefined where there is nothing.
 */
export function documentationFile(path: string): DocumentationFile | undefined {
  if (path === '/docs' || path === '/docs/') return { type: 'text/html', content: PAGE, csp: INTERACTIVE };
  if (path === '/docs/start.js') return { type: 'text/javascript', content: START, csp: INERT };
  if (path === '/problems') return { type: 'text/html', content: problemsPage(), csp: INERT };
  const name = path.startsWith('/docs/') ? path.slice('/docs/'.length) : '';
  if (!isAsset(name)) return undefined;
  const content = readAsset(name);
  return content && { type: ASSETS[name], content, csp: INERT };
}

const isAsset = (name: string): name is keyof typeof ASSETS => Object.hasOwn(ASSETS, name);

function readAsset(name: string): Uint8Array | undefined {
  for (const folder of FOLDERS) {
    try {
      return readFileSync(new URL(folder + name, import.meta.url));
    } catch {
      // Not built: the next folder is looked at.
    }
  }
  return undefined;
}

function problemsPage(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title, meaning }]) =>
      `<dt id="${code}">${code} <small>${status}</small></dt><dd><b>${title}.</b> ${prose(meaning)}</dd>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problems of the Sumun API</title>
<link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}dt{font-family:monospace;margin-top:1rem}dt:target{background:#fe9}dd{margin:0}</style>
</head>
<body>
<h1>Problems of the Sumun API</h1>
<dl>
${rows.join('\n')}
</dl>
</body>
</html>
`;
}

const prose = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]+)`/g, '<code>$1</code>');
