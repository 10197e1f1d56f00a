import type { RadiusClient } from '../core/policy.ts';
import type { RADIUS_TEMPLATES } from './schema/radius.ts';

type Preset = { readonly mode: RadiusClient['mode']; readonly reply: Readonly<Record<string, string>> };

const groups = (attribute: string, value = '{user.groups}'): Preset['reply'] => ({ [attribute]: value });

/** How devices usually ask, and the attribute in which they look for groups. */
export const RADIUS_PRESETS: Readonly<Record<(typeof RADIUS_TEMPLATES)[number], Preset>> = {
  generic: { mode: 'one_field', reply: {} },
  fortigate: { mode: 'challenge', reply: groups('Fortinet-Group-Name') },
  paloalto: { mode: 'challenge', reply: groups('PaloAlto-User-Group') },
  cisco: { mode: 'challenge', reply: groups('Class', 'OU={user.groups};') },
  juniper: { mode: 'challenge', reply: groups('Filter-Id') },
  f5: { mode: 'challenge', reply: groups('Class') },
  citrix: { mode: 'challenge', reply: groups('Citrix-User-Groups') },
  axgate: { mode: 'one_field', reply: groups('Class') },
  secui: { mode: 'one_field', reply: groups('Class') },
};
