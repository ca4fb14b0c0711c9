import { dateOfDays, daysOfDate, zoneOffset } from '../../../../base/index.ts';
import { BuiltinError } from '../runtime.ts';

export const BILLION = 1_000_000_000n;
export const NANOS_MAX = 9223372036854775807n;
export const NANOS_MIN = -9223372036854775808n;

/** A moment as people of one place read it. */
export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanos: number;
  /** Seconds east of UTC. */
  readonly offset: number;
  readonly zone: string;
}

const zones = new Map<string, Intl.DateTimeFormat>();
const ZONES_MAX = 200;

/** Seconds east of UTC and the name a zone has at a moment; `UTC`, ``, and `Local` are UTC. */
export function zoneAt(seconds: number, zone: string): { offset: number; name: string } {
  if (zone === 'UTC' || zone === '' || zone === 'Local') return { offset: 0, name: 'UTC' };
  const found = zoneOffset(seconds, zone);
  if (found === undefined) throw new BuiltinError(`unknown time zone ${zone}`);
  return { offset: found.offset, name: zoneName(found.name, found.offset, seconds, zone) };
}

/** Each English of the world knows the short names of its own part of it. */
const LOCALES = ['en-GB', 'en-AU', 'en-IN', 'en-NZ', 'ja-JP'];

function localName(seconds: number, zone: string): string | undefined {
  for (const locale of LOCALES) {
    const key = `${locale} ${zone}`;
    let format = zones.get(key);
    if (!format) {
      if (zones.size >= ZONES_MAX) zones.clear();
      zones.set(key, (format = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' })));
    }
    const name = format.formatToParts(seconds * 1000).find(part => part.type === 'timeZoneName')?.value;
    if (name !== undefined && /^[A-Z]{3,5}$/.test(name)) return name;
  }
  return undefined;
}

/** ICU tells `GMT+1` where the zone database tells `CET` or `+01`. */
function zoneName(name: string, offset: number, seconds: number, zone: string): string {
  if (!/^GMT[+-]/.test(name)) return name;
  const local = localName(seconds, zone);
  if (local !== undefined) return local;
  const minutes = Math.abs(offset) / 60;
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(minutes / 60)}${minutes % 60 ? two(minutes % 60) : ''}`;
}

/** Nanoseconds since the epoch, read in a zone. */
export function civilOf(nanos: bigint, zone: string): Civil {
  let seconds = nanos / BILLION;
  let rest = nanos % BILLION;
  if (rest < 0n) {
    rest += BILLION;
    seconds -= 1n;
  }
  const { offset, name } = zoneAt(Number(seconds), zone);
  const local = Number(seconds) + offset;
  const days = Math.floor(local / 86400);
  const clock = local - days * 86400;
  return {
    ...dateOfDays(days),
    hour: Math.floor(clock / 3600),
    minute: Math.floor(clock / 60) % 60,
    second: clock % 60,
    nanos: Number(rest),
    offset,
    zone: name,
  };
}

/** Seconds since the epoch of a date and clock in UTC; months and days out of range carry over. */
export function secondsOf(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  const months = year * 12 + (month - 1);
  const y = Math.floor(months / 12);
  return (daysOfDate(y, months - y * 12 + 1, 1) + day - 1) * 86400 + hour * 3600 + minute * 60 + second;
}

export const weekdayOf = (seconds: number): number => (((Math.floor(seconds / 86400) + 4) % 7) + 7) % 7;

export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
