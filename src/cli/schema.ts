import { jsonSchema } from '../config/json-schema.ts';
import { EXIT } from './exit.ts';
import type { Registrar } from './registrar.ts';

/** `sumun schema`: the JSON Schema of the configuration on stdout. */
export const addSchemaCommand: Registrar = (program, terminal, act) => {
  program
    .command('schema')
    .description(terminal.texts.help.schema)
    .action(
      act(() => {
        terminal.print(JSON.stringify(jsonSchema(), null, terminal.flags().json ? 0 : 2));
        return EXIT.fine;
      }),
    );
};
