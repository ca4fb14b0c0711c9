import { dateOfDays, daysOfDate, zoneOffset } from '../../../../base/index.ts';
import { CelError, type CelValue, Duration, INT_MAX, INT_MIN, Timestamp } from '../values.ts';

const SECONDS_MIN = -62135596800;
const SECONDS_MAX = 253402300799;
const BILLION = 1_000_000_000n;

/** Checks the range of timestamps (0001-01-01 to 9999-12-31). */
export function timestampOf(seconds: number, nanos: number): Timestamp {
  if (!(seconds >= SECONDS_MIN && seconds <= SECONDS_MAX)) throw new CelError('timestamp overflow: range');
  return new Timestamp(seconds, nanos);
}

/** Checks the range of durations (int64 nanoseconds). */
export function durationOf(nanos: bigint): Duration {
  if (nanos < INT_MIN || nanos > INT_MAX) throw new CelError('duration overflow: range');
  return new Duration(nanos);
}

export function addTime(time: Timestamp, nanos: bigint): Timestamp {
  const total = BigInt(time.seconds) * BILLION + BigInt(time.nanos) + nanos;
  let seconds = total / BILLION;
  let rest = total % BILLION;
  if (rest < 0n) {
    rest += BILLION;
    seconds -= 1n;
  }
  return timestampOf(Number(seconds), Number(rest));
}

export function subtractTime(left: Timestamp, right: Timestamp): Duration {
  return durationOf((BigInt(left.seconds) - BigInt(right.seconds)) * BILLION + BigInt(left.nanos - right.nanos));
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads RFC 3339; undefined for anything else. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] = match;
  const time = utc(Number(year), Number(month), Number(day));
  if (time === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  let seconds = time + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  if (sign) seconds -= (sign === '-' ? -1 : 1) * (Number(offsetHour) * 3600 + Number(offsetMinute) * 60);
  return timestampOf(seconds, Number((fraction ?? '').padEnd(9, '0')));
}

/** Reads a calendar date (format `date`). */
export function parseDate(text: string): Timestamp | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  const seconds = match ? utc(Number(match[1]), Number(match[2]), Number(match[3])) : undefined;
  return seconds === undefined ? undefined : timestampOf(seconds, 0);
}

function utc(year: number, month: number, day: number): number | undefined {
  const days = daysOfDate(year, month, day);
  const back = dateOfDays(days);
  return back.month === month && back.day === day ? days * 86400 : undefined;
}

export function formatTimestamp(time: Timestamp): string {
  const { year, month, day } = dateOfDays(Math.floor(time.seconds / 86400));
  const rest = time.seconds - Math.floor(time.seconds / 86400) * 86400;
  const two = (value: number): string => String(value).padStart(2, '0');
  const fraction = time.nanos === 0 ? '' : `.${String(time.nanos).padStart(9, '0').replace(/0+$/, '')}`;
  const clock = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}${fraction}`;
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}Z`;
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: BILLION,
  m: 60n * BILLION,
  h: 3600n * BILLION,
};

/** Reads Go's duration notation: `1h45m`, `-1.5s`; undefined for anything else. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null || text.length > 200) return undefined;
  let nanos = 0n;
  for (const [, whole, fraction, unit] of match[2]!.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = UNITS[unit!]!;
    nanos += BigInt(whole || '0') * scale;
    if (fraction) nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return durationOf(match[1] === '-' ? -nanos : nanos);
}

/** Seconds with a fraction and an `s`, as `string(duration)` gives. */
export function formatDuration(duration: Duration): string {
  const negative = duration.nanos < 0n;
  const nanos = negative ? -duration.nanos : duration.nanos;
  const rest = nanos % BILLION;
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
  return `${negative ? '-' : ''}${nanos / BILLION}${fraction}s`;
}

/** Seconds to add to UTC for a zone name or a fixed offset at that time. */
function offsetAt(time: Timestamp, zone: string): number {
  const fixed = /^([+-]?)(\d{1,2}):(\d\d)$/.exec(zone);
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 3600 + Number(fixed[3]) * 60);
  if (zone === 'UTC' || zone === '') return 0;
  const found = zoneOffset(time.seconds, zone);
  if (found === undefined) throw new CelError(`unknown time zone ${zone}`);
  return found.offset;
}

/** A calendar part of a timestamp in a zone (UTC without one). */
export function calendarPart(part: string, time: Timestamp, zone: string): CelValue {
  const local = time.seconds + offsetAt(time, zone);
  const days = Math.floor(local / 86400);
  const { year, month, day } = dateOfDays(days);
  const rest = local - days * 86400;
  switch (part) {
    case 'getFullYear':
      return year;
    case 'getMonth':
      return month - 1;
    case 'getDate':
      return day;
    case 'getDayOfMonth':
      return day - 1;
    case 'getDayOfWeek':
      return (((days + 4) % 7) + 7) % 7;
    case 'getDayOfYear':
      return days - daysOfDate(year, 1, 1);
    case 'getHours':
      return Math.floor(rest / 3600);
    case 'getMinutes':
      return Math.floor(rest / 60) % 60;
    case 'getSeconds':
      return rest % 60;
    default:
      return Math.floor(time.nanos / 1_000_000);
  }
}

/** A part of a duration: whole hours, minutes or seconds of all of it, milliseconds of the last second. */
export function durationPart(part: string, duration: Duration): number {
  if (part === 'getHours') return Number(duration.nanos / (3600n * BILLION));
  if (part === 'getMinutes') return Number(duration.nanos / (60n * BILLION));
  if (part === 'getSeconds') return Number(duration.nanos / BILLION);
  return Number((duration.nanos % BILLION) / 1_000_000n);
}
