import { encode } from 'uqr';
import { hasColour, type Terminal } from './terminal.ts';

/** Modules around the code that scanners need to be light (ISO/IEC 18004). */
const QUIET_ZONE = 2;

const BLACK_ON_WHITE = '\x1b[38;5;16m\x1b[48;5;231m';
const RESET = '\x1b[0m';

/**
 * A QR code of half-block characters, two modules a cell: dark on light whatever the terminal's own colours are, for
 * phones do not read it the other way round. Without colour the light modules are drawn, as on a dark terminal.
 */
export function terminalQr({ wiring, flags }: Terminal, text: string): string {
  const { data, size } = encode(text, { ecc: 'L', border: QUIET_ZONE });
  const coloured = hasColour(wiring, flags(), wiring.stderr);
  const isDrawn = (x: number, y: number): boolean => (y < size && data[y]?.[x] === true) === coloured;
  const rows: string[] = [];
  for (let y = 0; y < size; y += 2) {
    let row = '';
    for (let x = 0; x < size; x++) row += halfBlock(isDrawn(x, y), isDrawn(x, y + 1));
    rows.push(coloured ? `${BLACK_ON_WHITE}${row}${RESET}` : row);
  }
  return rows.join('\n');
}

const halfBlock = (upper: boolean, lower: boolean): string => (upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ');
