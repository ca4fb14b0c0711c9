import { dateOfDays, daysOfDate } from '../../../../base/index.ts';
import { JmesError } from '../value.ts';

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const SECOND = 1_000_000_000n;
const DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;

/** `1h30m` in nanoseconds (Go time.ParseDuration); undefined where it is none. */
export function parseGoDuration(text: string): bigint | undefined {
  if (text === '0' || text === '+0' || text === '-0') return 0n;
  if (text.length > 100 || !DURATION.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit] of text.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = UNITS[unit!]!;
    total += BigInt(whole || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return text.startsWith('-') ? -total : total;
}

/** Nanoseconds as Go prints durations: `1h0m0s`, `1.5s`, `300ms`. */
export function formatGoDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const amount = nanos < 0n ? -nanos : nanos;
  const decimal = (value: bigint, unit: bigint): string => {
    const rest = String(value % unit)
      .padStart(String(unit).length - 1, '0')
      .replace(/0+$/, '');
    return `${value / unit}${rest === '' ? '' : `.${rest}`}`;
  };
  if (amount < SECOND) {
    if (amount < 1000n) return `${sign}${amount}ns`;
    return amount < 1_000_000n ? `${sign}${decimal(amount, 1000n)}µs` : `${sign}${decimal(amount, 1_000_000n)}ms`;
  }
  const seconds = `${decimal(amount % (60n * SECOND), SECOND)}s`;
  const minutes = amount / (60n * SECOND);
  if (minutes === 0n) return `${sign}${seconds}`;
  const hours = minutes / 60n;
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`;
}

/** A moment in nanoseconds since the epoch, and the offset it was written with, in minutes. */
export interface Moment {
  readonly nanos: bigint;
  readonly offset_min: number;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Reads RFC 3339; undefined where it is none. */
export function asTime(text: string): Moment | undefined {
  const found = RFC3339.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone] = found;
  const offset_min = zone === 'Z' ? 0 : offsetOf(zone!);
  return momentOf([year, month, day, hour, minute, second].map(Number), fraction, offset_min);
}

/** `+01:00` or `+0100` in minutes. */
export function offsetOf(zone: string): number {
  const digits = zone.slice(1).replace(':', '');
  return (zone.startsWith('-') ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4) || '0'));
}

/** A moment of calendar parts (month from 1). */
export function momentOf(parts: readonly number[], fraction: string, offset_min: number): Moment {
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  const days = BigInt(daysOfDate(year, month, day));
  const seconds = days * 86400n + BigInt(hour * 3600 + minute * 60 + second - offset_min * 60);
  return { nanos: seconds * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0') || '0'), offset_min };
}

/** Year, month (from 1), day, hour, minute, second and weekday (Sunday 0) at an offset. */
export function calendarOf(moment: Moment): readonly [number, number, number, number, number, number, number] {
  const total = floorDivide(moment.nanos, SECOND) + BigInt(moment.offset_min * 60);
  const days = Number(floorDivide(total, 86400n));
  const rest = Number(total - BigInt(days) * 86400n);
  const { year, month, day } = dateOfDays(days);
  const weekday = (((days + 4) % 7) + 7) % 7;
  return [year, month, day, Math.floor(rest / 3600), Math.floor((rest % 3600) / 60), rest % 60, weekday];
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** RFC 3339 without fractions, at the moment's offset. */
export function formatMoment(moment: Moment): string {
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
  const [year, month, day, hour, minute, second] = calendarOf(moment);
  const offset = Math.abs(moment.offset_min);
  const zone =
    moment.offset_min === 0
      ? 'Z'
      : `${moment.offset_min < 0 ? '-' : '+'}${pad(Math.floor(offset / 60))}:${pad(offset % 60)}`;
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}:${pad(second)}${zone}`;
}

/** Reads RFC 3339 or throws as Go's parser complains. */
export function needTime(text: string): Moment {
  const moment = asTime(text);
  if (moment === undefined)
    throw new JmesError(`parsing time "${text}" as "2006-01-02T15:04:05Z07:00": cannot parse "${text}"`);
  return moment;
}
