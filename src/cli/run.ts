import { EXIT, type ExitCode } from './exit.ts';
import { openPolicy } from './policy-file.ts';
import type { Registrar } from './registrar.ts';
import type { Terminal } from './terminal.ts';
import type { Running } from './wiring.ts';

/** `sumun run`: serves in the foreground. SIGTERM and SIGINT drain and stop, SIGHUP reloads as a transaction. */
export const addRunCommand: Registrar = (program, terminal, act) => {
  program
    .command('run')
    .description(terminal.texts.help.run)
    .action(
      act(async () => {
        const { policy } = openPolicy(terminal);
        const running = await terminal.wiring.serve(policy);
        const { addresses } = running;
        terminal.done({ addresses, config: policy.file }, terminal.texts.serving(addresses.join('  '), policy.file));
        return untilStopped(terminal, running);
      }),
    );
};

/** Obeys signals until the server has stopped. A second SIGTERM or SIGINT cuts what is still open. */
export async function untilStopped(terminal: Terminal, running: Running): Promise<ExitCode> {
  const { wiring, texts } = terminal;
  const breakage: unknown[] = [];
  const stop = (): void => {
    terminal.say(texts.stopping);
    running.stop().catch((error: unknown) => breakage.push(error));
  };
  const reload = (): void => {
    running.reload().then(
      (outcome) => terminal.say(outcome === 'reloaded' ? texts.reloaded : texts.reloadRefused),
      (error: unknown) =>
        terminal.say(`${texts.reloadRefused} ${error instanceof Error ? error.message : ''}`.trimEnd()),
    );
  };
  const quiet = [wiring.onSignal('SIGTERM', stop), wiring.onSignal('SIGINT', stop), wiring.onSignal('SIGHUP', reload)];
  try {
    await running.stopped;
    if (breakage.length > 0) throw breakage[0];
    return EXIT.fine;
  } finally {
    for (const forget of quiet) forget();
  }
}
