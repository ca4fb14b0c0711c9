import { wallClock, type WallTime, type Zone } from './zone.ts';

/** A parsed cron schedule: the minutes, hours … it fires in. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Day of month and day of week were both restricted: either may match (crontab(5)). */
  readonly eitherDay: boolean;
  /** `@every 5m`: a fixed interval instead. */
  readonly every_ms?: number;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MACROS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** Reads a schedule; the message of what is wrong when it is none. */
export function parseSchedule(text: string): Schedule | { readonly error: string } {
  const trimmed = text.trim();
  const every = /^@every\s+((?:\d+(?:\.\d+)?(?:h|ms|m|s))+)$/.exec(trimmed);
  if (every) return { ...EMPTY, every_ms: Math.max(1000, durationOf(every[1]!)) };
  const fields = (MACROS.get(trimmed.toLowerCase()) ?? trimmed).split(/\s+/);
  if (fields.length !== 5) return { error: `expected exactly 5 fields, found ${fields.length}: [${text}]` };
  const [minutes, hours, days, months, weekdays] = [
    parseField(fields[0]!, 0, 59),
    parseField(fields[1]!, 0, 23),
    parseField(fields[2]!, 1, 31),
    parseField(fields[3]!, 1, 12, MONTHS, 1),
    parseField(fields[4]!, 0, 7, WEEKDAYS, 0),
  ];
  if (!minutes || !hours || !days || !months || !weekdays) return { error: `failed to parse the schedule "${text}"` };
  if (weekdays.has(7)) weekdays.add(0);
  const isStar = (field: string): boolean => field.startsWith('*') || field.startsWith('?');
  return { minutes, hours, days, months, weekdays, eitherDay: !isStar(fields[2]!) && !isStar(fields[4]!) };
}

const EMPTY: Schedule = {
  minutes: new Set(),
  hours: new Set(),
  days: new Set(),
  months: new Set(),
  weekdays: new Set(),
  eitherDay: false,
};

function durationOf(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) total += Number(amount) * units[unit!]!;
  return total;
}

function parseField(
  text: string,
  low: number,
  high: number,
  names: readonly string[] = [],
  first = 0,
): Set<number> | undefined {
  const values = new Set<number>();
  const valueOf = (word: string): number => {
    const named = names.indexOf(word.toLowerCase());
    return named >= 0 ? named + first : /^\d+$/.test(word) ? Number(word) : Number.NaN;
  };
  for (const part of text.split(',')) {
    const match = /^(\*|\?|[a-zA-Z0-9]+)(?:-([a-zA-Z0-9]+))?(?:\/(\d+))?$/.exec(part);
    if (!match) return undefined;
    const [, from = '*', to, by] = match;
    const step = by === undefined ? 1 : Number(by);
    const any = from === '*' || from === '?';
    const start = any ? low : valueOf(from);
    const end = any ? high : to === undefined ? (by === undefined ? start : high) : valueOf(to);
    if (step < 1 || Number.isNaN(start) || Number.isNaN(end) || start < low || end > high || start > end)
      return undefined;
    for (let value = start; value <= end; value += step) values.add(value);
  }
  return values;
}

function matchesDay(schedule: Schedule, wall: WallTime): boolean {
  const day = schedule.days.has(wall.day);
  const weekday = schedule.weekdays.has(new Date(Date.UTC(wall.year, wall.month - 1, wall.day)).getUTCDay());
  return schedule.eitherDay ? day || weekday : day && weekday;
}

const YEARS_MAX = 5;

/** The first time after `after_ms` the schedule fires; undefined when it never does (30 February). */
export function nextTime(schedule: Schedule, zone: Zone, after_ms: number): number | undefined {
  if (schedule.every_ms !== undefined) return after_ms + schedule.every_ms - (after_ms % 1000);
  let at_ms = Math.floor(after_ms / 60_000) * 60_000 + 60_000;
  const limit_ms = at_ms + YEARS_MAX * 366 * 86_400_000;
  while (at_ms <= limit_ms) {
    const wall = wallClock(zone, at_ms);
    let skip_ms = 0;
    if (!schedule.months.has(wall.month))
      skip_ms = zone.at({ ...wall, month: wall.month + 1, day: 1, hour: 0, minute: 0 }) - at_ms;
    else if (!matchesDay(schedule, wall)) skip_ms = zone.at({ ...wall, day: wall.day + 1, hour: 0, minute: 0 }) - at_ms;
    else if (!schedule.hours.has(wall.hour)) skip_ms = (60 - wall.minute) * 60_000;
    else if (!schedule.minutes.has(wall.minute)) skip_ms = 60_000;
    else return at_ms;
    at_ms += Math.max(60_000, skip_ms);
  }
  return undefined;
}
