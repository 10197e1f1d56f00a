import type { CliInit } from '../texts/cli/init-ko.ts';
import type { Settings } from './init-questions.ts';

/** The configuration file `init` writes: short, commented, with a test of its own. */
export function configText({ host, upstream, auth }: Settings, { comments }: CliInit): string {
  const factors = auth.replace(/^id\+/, '');
  return `# yaml-language-server: $schema=./config.schema.json
version: 1

server:
  # ${comments.listen}
  listen: "0.0.0.0:8080"

# ${comments.routes}
routes:
  - name: app
${host === undefined ? `    # ${comments.host}` : `    host: "${host}"`}
    to: ${upstream}
    # ${comments.auth}
    auth: ${auth}
    # ${comments.allow}
    # allow: { groups: [staff] }

# ${comments.tests}
tests:
  - { get: "http://${(host ?? 'localhost').replace(/^\*\./, 'www.')}/", expect: "need ${factors}" }
`;
}
