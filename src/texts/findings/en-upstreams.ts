import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about upstreams in English. */
export const enUpstreams = {
  'bad-health-path': { message: 'Not a path to ask: {found}.', fix: "Begin with '/', without spaces and '#': /ping" },
  'mixed-targets': {
    message: '{found} is not of the same kind as the first target ({other}).',
    fix: 'Write all targets of one upstream with http, all with https, or all with unix.',
  },
  'target-twice': { message: '{found} stands in the list twice.', fix: 'Leave one of the two out.' },
  'tls-without-https': {
    message: 'tls means nothing for targets without TLS.',
    fix: 'Write the targets with https, or leave tls out.',
  },
  'old-tls': {
    message: 'TLS {found} and its ciphers can be broken; whoever is on the way may read along.',
    fix: 'Write "1.2" as soon as the application speaks it, and keep this way inside a protected network until then.',
  },
} as const satisfies Partial<Record<FindingName, FindingText>>;
