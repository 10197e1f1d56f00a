import { spawn } from 'node:child_process';
import { Option } from 'commander';
import { readPort } from './arguments.ts';
import type { Registrar } from './registrar.ts';
import { untilStopped } from './run.ts';
import type { Terminal } from './terminal.ts';
import type { DemoOptions } from './wiring.ts';

type Flags = {
  readonly port: number;
  readonly consolePort: number;
  readonly radiusPort?: number;
  readonly data?: string;
  readonly open: boolean;
};

/** `sumun demo`: everything in one process. With `--json` one line on stdout when everything is ready. */
export const addDemoCommand: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  program
    .command('demo')
    .description(help.demo)
    .addOption(new Option('--port <port>', help.demoPort).argParser(readPort).default(8080))
    .addOption(new Option('--console-port <port>', help.demoConsolePort).argParser(readPort).default(8081))
    .addOption(new Option('--radius-port <port>', help.demoRadiusPort).argParser(readPort))
    .option('--data <folder>', help.demoData)
    .option('--no-open', help.demoNoOpen)
    .action(act((flags: Flags) => demo(terminal, flags)));
};

async function demo(terminal: Terminal, flags: Flags) {
  const { wiring } = terminal;
  const options: DemoOptions = {
    port: flags.port,
    consolePort: flags.consolePort,
    language: terminal.language,
    ...(flags.radiusPort !== undefined && { radiusPort: flags.radiusPort }),
    ...(flags.data !== undefined && { data: flags.data }),
  };
  const running = await wiring.demo(options);
  terminal.answer(running.summary, () => running.describe());
  if (flags.open && terminal.interactive()) openBrowser(running.summary.gateway, wiring.env);
  return untilStopped(terminal, running);
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open', linux: 'xdg-open' };

/** Shows a page in the person's browser where the desktop has a way to; otherwise the printed address is enough. */
function openBrowser(url: string, env: Readonly<Record<string, string | undefined>>): void {
  const opener = OPENERS[process.platform];
  const hasDesktop = process.platform !== 'linux' || (env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? '') !== '';
  if (opener === undefined || !hasDesktop) return;
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
