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

/** Days since the epoch of a date of the proleptic Gregorian calendar (Hinnant, days_from_civil). */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

export function dateOf(days: number): { year: number; month: number; day: number } {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

const zones = new Map<string, Intl.DateTimeFormat>();
const ZONES_MAX = 200;

function zoneFormat(zone: string): Intl.DateTimeFormat {
  let format = zones.get(zone);
  if (format) return format;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
      timeZoneName: 'short',
    });
  } catch {
    throw new BuiltinError(`unknown time zone ${zone}`);
  }
  if (zones.size >= ZONES_MAX) zones.clear();
  zones.set(zone, format);
  return format;
}

/** Seconds east of UTC and the name a zone has at a moment; `UTC`, ``, and `Local` are UTC. */
export function zoneAt(seconds: number, zone: string): { offset: number; name: string } {
  if (zone === 'UTC' || zone === '' || zone === 'Local') return { offset: 0, name: 'UTC' };
  const parts: Record<string, string> = {};
  for (const part of zoneFormat(zone).formatToParts(seconds * 1000)) parts[part.type] = part.value;
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
  const local =
    daysOf(year, Number(parts.month), Number(parts.day)) * 86400 +
    Number(parts.hour) * 3600 +
    Number(parts.minute) * 60 +
    Number(parts.second);
  return { offset: local - seconds, name: zoneName(parts.timeZoneName ?? zone, local - seconds, seconds, zone) };
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
    ...dateOf(days),
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
  return (daysOf(y, months - y * 12 + 1, 1) + day - 1) * 86400 + hour * 3600 + minute * 60 + second;
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
