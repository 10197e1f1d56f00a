/** How a value travels (RFC 8044): text in UTF-8, a 32-bit number, or an IPv4 address. */
export type RadiusValueType = 'text' | 'integer' | 'ipv4';

/** One attribute that a reply may carry. */
export type RadiusAttribute = {
  readonly type: RadiusValueType;
  /** Attribute type, or the vendor's own number where `vendor` is there. */
  readonly code: number;
  /** Private enterprise number: it travels inside Vendor-Specific (RFC 2865 §5.26). */
  readonly vendor?: number;
  /** Has a tag octet (RFC 2868 §3). */
  readonly tagged?: true;
  /** Names that stand for numbers. */
  readonly values?: Readonly<Record<string, number>>;
};

const text = (code: number, vendor?: number): RadiusAttribute =>
  vendor === undefined ? { type: 'text', code } : { type: 'text', code, vendor };
const integer = (code: number, vendor?: number): RadiusAttribute =>
  vendor === undefined ? { type: 'integer', code } : { type: 'integer', code, vendor };
const ipv4 = (code: number, vendor?: number): RadiusAttribute =>
  vendor === undefined ? { type: 'ipv4', code } : { type: 'ipv4', code, vendor };

const MICROSOFT = 311;
const CISCO = 9;
const CISCO_ASA = 3076;
const CITRIX = 66;
const F5 = 3375;
const FORTINET = 12356;
const JUNIPER = 2636;
const PALO_ALTO = 25461;

/**
 * Attributes that a rule may put into an Access-Accept, by the names of the RFCs and the vendors' dictionaries. What
 * the protocol itself sets (State, Message-Authenticator, Proxy-State, Reply-Message) is not among them.
 */
export const RADIUS_ATTRIBUTES: Readonly<Record<string, RadiusAttribute>> = {
  'Service-Type': {
    ...integer(6),
    values: {
      'Login-User': 1,
      'Framed-User': 2,
      'Outbound-User': 5,
      'Administrative-User': 6,
      'NAS-Prompt-User': 7,
      'Authenticate-Only': 8,
    },
  },
  'Framed-IP-Address': ipv4(8),
  'Framed-IP-Netmask': ipv4(9),
  'Filter-Id': text(11),
  Class: text(25),
  'Session-Timeout': integer(27),
  'Idle-Timeout': integer(28),
  'Termination-Action': { ...integer(29), values: { Default: 0, 'RADIUS-Request': 1 } },
  'Tunnel-Type': { ...integer(64), tagged: true, values: { PPTP: 1, L2TP: 3, AH: 6, ESP: 9, GRE: 10, VLAN: 13 } },
  'Tunnel-Medium-Type': { ...integer(65), tagged: true, values: { IPv4: 1, IPv6: 2, 'IEEE-802': 6 } },
  'Tunnel-Private-Group-Id': { ...text(81), tagged: true },
  'Acct-Interim-Interval': integer(85),
  'Framed-Pool': text(88),
  'Cisco-AVPair': text(1, CISCO),
  'ASA-Group-Policy': text(25, CISCO_ASA),
  'ASA-Tunnel-Group-Lock': text(85, CISCO_ASA),
  'Citrix-User-Groups': text(16, CITRIX),
  'F5-LTM-User-Role': integer(1, F5),
  'F5-LTM-User-Partition': text(3, F5),
  'F5-LTM-User-Shell': text(5, F5),
  'F5-LTM-User-Info-1': text(12, F5),
  'Fortinet-Group-Name': text(1, FORTINET),
  'Fortinet-Vdom-Name': text(3, FORTINET),
  'Fortinet-Access-Profile': text(6, FORTINET),
  'Juniper-Local-User-Name': text(1, JUNIPER),
  'MS-Primary-DNS-Server': ipv4(28, MICROSOFT),
  'MS-Secondary-DNS-Server': ipv4(29, MICROSOFT),
  'PaloAlto-Admin-Role': text(1, PALO_ALTO),
  'PaloAlto-Admin-Access-Domain': text(2, PALO_ALTO),
  'PaloAlto-User-Group': text(5, PALO_ALTO),
};

/** The number that a written value of an integer attribute stands for: a name of its list or a decimal of 32 bits. */
export function radiusInteger(attribute: RadiusAttribute, written: string): number | undefined {
  const named = attribute.values !== undefined && Object.hasOwn(attribute.values, written);
  if (named) return attribute.values[written];
  const value = /^(?:0|[1-9][0-9]{0,9})$/.test(written) ? Number(written) : Number.NaN;
  return value <= 0xffff_ffff ? value : undefined;
}
