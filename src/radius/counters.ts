/** What is counted, for the metrics. Everything from `unknown_client` on was not answered. */
export const COUNTERS = [
  'accepts',
  'rejects',
  'challenges',
  'duplicates',
  'status_server',
  'accounting',
  'unknown_client',
  'malformed',
  'unsupported_code',
  'message_authenticator_missing',
  'message_authenticator_wrong',
  'proxy_state_unprotected',
  'accounting_authenticator_wrong',
  'accounting_off',
  'in_progress',
  'rate_client',
  'rate_user',
  'overloaded',
  'broken',
] as const;

export type Counter = (typeof COUNTERS)[number];

/** Numbers since the start, by name. */
export type Counts = { [C in Counter]: number };

export const zeroCounts = (): Counts => Object.fromEntries(COUNTERS.map((name) => [name, 0])) as Counts; // every name of the list
