/** What this process uses: resident memory and processor time, user and system, since it started. */
export function usageOf(process: NodeJS.Process): { readonly residentBytes: number; readonly cpuSeconds: number } {
  const { user, system } = process.cpuUsage();
  return { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
}
