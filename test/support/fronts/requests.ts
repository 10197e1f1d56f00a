import { drawBody } from './bodies.ts';
import { cut, type Draw } from './draw.ts';
import { mutate } from './mutate.ts';
import { ODD_FIELDS, PLAIN_FIELDS, RARE_METHODS, USUAL_METHODS, VERSIONS } from './words.ts';

/** Where the requests of a case go: everything below `/${word}/` is open, everything below `/${word}-own/` is not. */
export type Place = { readonly word: string; readonly host: string; readonly cookie: string };

/** What is written to one connection. */
export type DrawnRequests = {
  /** Octets as latin1, in the pieces in which they are written. */
  readonly pieces: readonly string[];
  /** How many messages were drawn; after what was done to them there may be more, fewer or none. */
  readonly count: number;
};

/** One to four requests: most valid, many odd, some ambiguous, some broken, and cut anywhere. */
export function drawRequests(draw: Draw, place: Place): DrawnRequests {
  const count = draw.oneIn(6) ? 2 + draw.below(3) : 1;
  const texts = Array.from({ length: count }, () => drawRequest(draw, place));
  const mutated = draw.oneIn(4) ? mutate(texts.join(''), draw) : texts.join('');
  const text = draw.oneIn(25) ? `\r\n${mutated}` : mutated;
  return { pieces: cut(text, draw), count };
}

function drawRequest(draw: Draw, place: Place): string {
  const oddness = draw.below(18);
  const method = drawMethod(draw, oddness);
  const body = drawBody(draw, method);
  const version = oddness === 0 ? draw.from(VERSIONS) : draw.oneIn(15) ? 'HTTP/1.0' : 'HTTP/1.1';
  const gap = oddness === 1 && draw.oneIn(3) ? draw.from(['  ', '\t', '', ' \t', '\x0b']) : ' ';
  const line = `${method}${gap}${drawTarget(draw, place, oddness)}${gap}${version}`;
  const fields = [...hostFields(draw, place, oddness), ...plainFields(draw, place), ...body.fields];
  if (oddness === 3 || oddness === 4) fields.push(...Array.from({ length: 1 + draw.below(3) }, () => oddField(draw)));
  if (draw.oneIn(40)) fields.push(...manyFields(draw));
  if (draw.oneIn(40)) fields.push(...webSocket(draw));
  if (draw.oneIn(4)) shuffle(fields, draw);
  return `${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body.text}`;
}

function drawMethod(draw: Draw, oddness: number): string {
  return oddness === 2 ? draw.from(RARE_METHODS) : draw.from(USUAL_METHODS);
}

function drawTarget(draw: Draw, { word, host }: Place, oddness: number): string {
  const path = `/${word}${draw.oneIn(5) ? '-own' : ''}/x${draw.below(1000)}`;
  if (oddness !== 5) return draw.oneIn(3) ? `${path}?a=${draw.below(9)}&b=%20` : path;
  return draw.from([
    ...[
      `http://${host}${path}`,
      `HTTP://${host}${path}`,
      `http://other.example${path}`,
      `https://${host}${path}`,
      '*',
      host,
    ],
    ...[
      `${host}:80`,
      `${path}#f`,
      `${path}?#`,
      `${path}//y`,
      `${path}/../y`,
      `${path}/%2e%2e/y`,
      `${path}%2fy`,
      `${path}%00`,
    ],
    ...[
      `${path}\\y`,
      `${path}\x80\xff`,
      `${path}\x7f`,
      `${path}\x01`,
      `${path} y`,
      `${path}\ty`,
      `${path}?\xe9`,
      `//${host}${path}`,
    ],
    ...[
      `${path}?${'q'.repeat(draw.below(9000))}`,
      `${path}?a="<>"`,
      `${path}%`,
      `${path};v=1`,
      '/',
      '',
      '?',
      '/unknown/x',
      '/_sumun',
    ],
    ...[
      `${path}[]{}|^\``,
      `/${word}/?`,
      `/${word}`,
      `${path}\u000c`,
      'x',
      `:${path}`,
      `http:${path}`,
      `http://${path}`,
      'a://b',
    ],
  ]);
}

function hostFields(draw: Draw, { host }: Place, oddness: number): string[] {
  if (oddness !== 6) return [`${draw.from(['Host', 'Host', 'Host', 'host', 'HOST', 'hOsT'])}: ${host}`];
  return draw.from([
    ...[[], [`Host: ${host}`, `Host: ${host}`], [`Host: ${host}`, 'Host: other.example'], ['Host:'], [`Host:${host}`]],
    ...[
      [`Host:\t ${host} \t`],
      [`Host: ${host}.`],
      [`Host: ${host}:80`],
      [`Host: ${host}:8080`],
      [`Host: ${host}:`],
      ['Host: [::1]'],
    ],
    ...[
      [`Host: ${host},${host}`],
      [`Host: ${host}@x`],
      ['Host: other.example'],
      [`Host : ${host}`],
      [` Host: ${host}`],
      ['X: 1'],
    ],
    ...[
      [`Host: ${host}\x00`],
      [`Host: ${host}/x`],
      [`Host: ${host.toUpperCase()}`],
      [`X-Forwarded-Host: ${host}`],
      ['Host: \xe9'],
    ],
  ]);
}

function plainFields(draw: Draw, { cookie }: Place): string[] {
  const fields = Array.from({ length: draw.below(4) }, () => draw.from(PLAIN_FIELDS));
  if (draw.oneIn(12)) fields.push(`X-Pad: ${'p'.repeat(draw.below(4000))}`);
  if (draw.oneIn(8)) fields.push(`Cookie: ${cookie}`);
  if (draw.oneIn(12)) fields.push('Connection: close');
  return fields;
}

const oddField = (draw: Draw): string => draw.from(ODD_FIELDS);

/** Around what a request may hold: two hundred fields, thirty-two kibibytes. */
function manyFields(draw: Draw): string[] {
  switch (draw.below(4)) {
    case 0:
      return Array.from({ length: 150 + draw.below(100) }, (_, index) => `N${index}: 1`);
    case 1:
      return [`X-Huge: ${'h'.repeat(20_000 + draw.below(20_000))}`];
    case 2:
      return [`${'N'.repeat(20_000 + draw.below(20_000))}: 1`];
    default:
      return Array.from({ length: 20 + draw.below(20) }, () => `X-Big: ${'b'.repeat(draw.below(2000))}`);
  }
}

function webSocket(draw: Draw): string[] {
  const fields = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const key = draw.oneIn(5) ? 'AAAA' : 'dGhlIHNhbXBsZSBub25jZQ==';
  return [...fields, `Sec-WebSocket-Key: ${key}`];
}

function shuffle(list: string[], draw: Draw): void {
  for (let at = list.length - 1; at > 0; at--) {
    const other = draw.below(at + 1);
    [list[at], list[other]] = [list[other] ?? '', list[at] ?? ''];
  }
}
