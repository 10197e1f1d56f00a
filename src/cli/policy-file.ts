import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Loaded, loadPolicy } from '../config/load.ts';
import type { Policy } from '../core/policy.ts';
import type { House } from '../ports.ts';
import { EXIT, Refusal } from './exit.ts';
import { findingLines } from './findings.ts';
import type { Terminal } from './terminal.ts';

/** Where the configuration is looked for when nothing names it. */
const PLACES = ['config.yaml', '/etc/sumun/config.yaml'] as const;

/** The configuration file of this run: the argument, `--config`, `SUMUN_CONFIG`, or the first place that has one. */
export function configFile(terminal: Terminal, argument?: string): string {
  const { wiring, flags, texts } = terminal;
  const fromEnv = wiring.env['SUMUN_CONFIG'];
  const named = argument ?? flags().config ?? (fromEnv === '' ? undefined : fromEnv);
  const candidates = (named === undefined ? PLACES : [named]).map((place) => resolve(wiring.folder, place));
  const found = candidates.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new Refusal(
    EXIT.configuration,
    'config-missing',
    texts.configMissing(named ?? candidates.join(', ')),
    named === undefined ? texts.configMissingRemedy : undefined,
  );
}

/** Loads the configuration. Exit 3 with every finding if it has an error; warnings are left to `check`. */
export function openPolicy(terminal: Terminal, argument?: string): Loaded {
  const { wiring, language, texts } = terminal;
  const file = configFile(terminal, argument);
  const loaded = loadPolicy(file, { language, now: wiring.clock.now(), env: wiring.env });
  if (loaded.ok) return loaded.value;
  throw new Refusal(
    EXIT.configuration,
    'config-invalid',
    `${texts.configInvalid(file, loaded.error.length)}\n${findingLines(terminal, file, loaded.error, wiring.stderr)}`,
    texts.configInvalidRemedy,
    { findings: loaded.error },
  );
}

/** Does some work on the database of the configuration and closes it again, whatever happens. */
export async function withHouse<T>(terminal: Terminal, work: (house: House, policy: Policy) => Promise<T>): Promise<T> {
  const { policy } = openPolicy(terminal);
  const house = await terminal.wiring.openHouse(policy);
  try {
    return await work(house, policy);
  } finally {
    await house.close();
  }
}
