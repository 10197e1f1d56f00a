import { type Account, foldLogin } from '../identity/account.ts';
import type { Instant } from '../time.ts';
import { type Address, containsAny } from './cidr.ts';
import type { Allow, Schedule } from './route.ts';

/** Why an account may not pass an `allow`. */
export type AccountBar = 'user-not-allowed' | 'user-excepted' | 'group-not-allowed' | 'group-excepted';

/** The first criterion about the person that bars them, or undefined. Exceptions are looked at first. */
export function accountBar(allow: Allow, account: Account): AccountBar | undefined {
  if (allow.exceptUsers.length > 0 && names(allow.exceptUsers, account)) return 'user-excepted';
  if (allow.exceptGroups.length > 0 && isInOne(allow.exceptGroups, account)) return 'group-excepted';
  if (allow.users.length > 0 && !names(allow.users, account)) return 'user-not-allowed';
  if (allow.groups.length > 0 && !isInOne(allow.groups, account)) return 'group-not-allowed';
  return undefined;
}

const names = (users: readonly string[], account: Account): boolean => users.includes(foldLogin(account.login) ?? '');

function isInOne(groups: readonly string[], account: Account): boolean {
  for (const group of groups) if (account.groups.includes(group)) return true;
  return false;
}

/** True if the address is in one of the named networks, or none is named. */
export const networksAllow = (allow: Allow, address: Address): boolean =>
  allow.networks.length === 0 || allow.networks.some((network) => containsAny(network.cidrs, address));

/** True if the moment is in one of the named schedules, or none is named. */
export const schedulesAllow = (allow: Allow, now: Instant): boolean =>
  allow.schedules.length === 0 || allow.schedules.some((schedule) => isWithin(schedule, now));

/** True if the moment falls into the schedule's weekly hours on a day that is not excepted, in the schedule's zone. */
export function isWithin(schedule: Schedule, now: Instant): boolean {
  const parts = formatIn(schedule.timezone).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((each) => each.type === type)?.value);
  const [year, month, day] = [part('year'), part('month'), part('day')];
  const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  if (schedule.exceptDates.includes(date)) return false;
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  const minute = (part('hour') % 24) * 60 + part('minute');
  return schedule.days.includes(weekday) && minute >= schedule.from && minute < schedule.to;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a formatter costs a hundred times what using it does, so each zone has one. */
function formatIn(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}
