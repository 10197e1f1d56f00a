import type { Command } from 'commander';
import type { ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** One noun of the tree: adds itself to its parent and speaks through the terminal. */
export type Registrar = (program: Command, terminal: Terminal, act: Act) => void;

/** Wraps an action so that its exit code reaches the process. */
export type Act = <A extends readonly unknown[]>(
  action: (...args: A) => Promise<ExitCode> | ExitCode,
) => (...args: A) => Promise<void>;
