import { isCancel, text } from '@clack/prompts';
import { EXIT, Refusal } from './exit.ts';
import type { Terminal } from './terminal.ts';

/**
 * Asks a person to type the name of what will be lost. `--yes` skips the question; where nobody can be asked it is
 * refused with exit 2 and the flag to add.
 */
export async function confirmByName(terminal: Terminal, warning: string, name: string): Promise<void> {
  const { wiring, texts, flags } = terminal;
  if (flags().yes) return;
  if (!terminal.interactive()) throw new Refusal(EXIT.usage, 'confirmation-needed', warning, texts.addYes);
  const typed = await text({
    message: `${warning}\n${texts.typeName(name)}`,
    input: wiring.stdin,
    output: wiring.stderr,
  });
  if (isCancel(typed) || typed !== name) throw new Refusal(EXIT.no, 'not-confirmed', texts.notConfirmed);
}
