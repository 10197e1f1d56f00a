/** Writes `docs/openapi.json` and `docs/api-problems.md` from the operations and the catalogue of problems. */
import { readFileSync, writeFileSync } from 'node:fs';
import { openApiDocument } from '../src/api/openapi.ts';
import { OPERATIONS } from '../src/api/operations.ts';
import { PROBLEMS } from '../src/api/problems.ts';

/** The OpenAPI document of this version as it stands in the repository. */
export function openApiFile(): string {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
  return `${JSON.stringify(openApiDocument(OPERATIONS, version), null, 2)}\n`;
}

/** The catalogue of problems as Markdown. */
export function problemsFile(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title, meaning }]) => `| <a id="${code}"></a>\`${code}\` | ${status} | ${title}. ${meaning} |`,
  );
  return `# Problems of the API

Generated with \`npm run generate\`; do not edit. Refusals are problem documents (RFC 9457): \`type\`, \`title\`, \`status\`,
\`code\`, \`request\`, \`detail\`, and whatever a code adds. Programs go by \`code\`; it never changes. \`request\` is the number
that \`sumun explain --request\` finds. Every status but 2xx means that no decision was made: nobody is let in, and no attempt
was counted unless the catalogue says otherwise.

| code | status | meaning |
| ---- | ------ | ------- |
${rows.join('\n')}
`;
}

if (import.meta.main) {
  writeFileSync('docs/openapi.json', openApiFile());
  writeFileSync('docs/api-problems.md', problemsFile());
}
