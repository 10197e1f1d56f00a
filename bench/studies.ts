/** The studies by the word that `--studies` knows them by. */
import type { Around } from './around.ts';
import type { Row } from './report.ts';
import { studyForwardAuth, studyGrowth, studyTls, studyWorkers } from './study-compared.ts';
import { studySignIns } from './study-sign-ins.ts';
import { studyWebSocket } from './study-websocket.ts';
import { renderSignIns, renderTable } from './tables.ts';

/** One finished study: its figures, and a table for people. */
export type Study = { readonly title: string; readonly table: string; readonly figures: unknown };

const tabled =
  (title: string, against: string, study: (around: Around) => Promise<readonly Row[]>, unit = 'req') =>
  async (around: Around): Promise<Study> => {
    const rows = await study(around);
    return { title, table: renderTable(rows, [against], unit), figures: rows };
  };

export const STUDIES: Readonly<Record<string, (around: Around) => Promise<Study>>> = {
  growth: tabled('Many routes, many sessions', 'CPU ÷ the first', studyGrowth),
  'sign-ins': async (around) => {
    const figures = await studySignIns(around);
    return { title: 'While others sign in', table: renderSignIns(figures), figures };
  },
  websocket: tabled('WebSocket, messages of 64 octets', 'CPU ÷ nginx', studyWebSocket, 'message'),
  tls: tabled('TLS, GET 1 KiB', 'CPU ÷ nginx', studyTls),
  workers: tabled('Several processes, on both cores beside the load', 'CPU ÷ one process', studyWorkers),
  'forward-auth': tabled('Asked by nginx', 'CPU ÷ the small auth server', studyForwardAuth),
};
