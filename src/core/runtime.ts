/** The first release of each long-term Node line without a known hole in HTTP, TLS or decompression. */
const FLOORS: Readonly<Record<string, string>> = { 22: '22.23.4', 24: '24.22.1', 26: '26.12.1' };

/** The release to update to if this one lacks security fixes of its line; undefined if it has them or none are known. */
export function missingSecurityRelease(version: string): string | undefined {
  const floor = FLOORS[version.split('.')[0] ?? ''];
  return floor !== undefined && version.localeCompare(floor, 'en', { numeric: true }) < 0 ? floor : undefined;
}
