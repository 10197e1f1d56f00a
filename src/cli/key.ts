import { cliEvent } from './event.ts';
import { EXIT } from './exit.ts';
import { withHouse } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import { table } from './table.ts';
import { moment } from './time.ts';

/** `sumun key status|rotate`. */
export const addKeyCommands: Registrar = (program, terminal, act) => {
  const { texts } = terminal;
  const key = program.command('key').description(texts.help.key);
  key
    .command('status')
    .description(texts.help.keyStatus)
    .action(
      act(() =>
        withHouse(terminal, async (house) => {
          const status = await house.keys.status();
          const when = (at: number | undefined): string => (at === undefined ? '' : moment(at));
          const rows = [
            ...status.sealing.map(
              (it) => [texts.sealing, it.id, it.active, it.cipher.toUpperCase(), it.createdAt, undefined] as const,
            ),
            ...status.signing.map(
              (it) => [texts.signing, it.id, it.active, it.algorithm, it.createdAt, it.retiresAt] as const,
            ),
          ].map(([use, id, active, algorithm, made, retires]) => [
            use,
            id,
            algorithm,
            active ? '✓' : '',
            when(made),
            when(retires),
          ]);
          const dated = {
            sealing: status.sealing.map((it) => ({ ...it, createdAt: moment(it.createdAt) })),
            signing: status.signing.map((it) => ({
              ...it,
              createdAt: moment(it.createdAt),
              retiresAt: it.retiresAt === undefined ? null : moment(it.retiresAt),
            })),
          };
          terminal.answer(dated, () => table(texts.keyHeadings, rows));
          return EXIT.fine;
        }),
      ),
    );
  key
    .command('rotate')
    .description(texts.help.keyRotate)
    .action(
      act(() =>
        withHouse(terminal, async (house) => {
          const { resealed } = await house.keys.rotate(cliEvent(terminal, 'key.rotated', ''));
          terminal.done({ rotated: true, resealed }, texts.keysRotated(resealed));
          return EXIT.fine;
        }),
      ),
    );
};
