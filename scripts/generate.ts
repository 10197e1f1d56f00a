/** Writes what is generated from the validator of the configuration: the editor schema and the reference pages. */
import { writeFileSync } from 'node:fs';
import { jsonSchema } from '../src/config/json-schema.ts';
import { renderFindingCatalogue, renderReference } from '../src/config/reference.ts';

const root = new URL('../', import.meta.url);
writeFileSync(new URL('config.schema.json', root), `${JSON.stringify(jsonSchema(), null, 2)}\n`);
writeFileSync(new URL('docs/configuration.md', root), renderReference());
writeFileSync(new URL('docs/findings.md', root), renderFindingCatalogue());
