/** The next minutes a cron schedule names are looked for this far ahead: four years and a day hold every 29 February. */
const MINUTES_MAX = 60 * 24 * (4 * 366 + 1);
const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

const SHORTHANDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const FIELDS: readonly (readonly [low: number, high: number, names: readonly string[]])[] = [
  [0, 59, []],
  [0, 23, []],
  [1, 31, []],
  [1, 12, ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']],
  [0, 7, ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']],
];

/** Minutes at which something is done (crontab(5)). */
export interface Schedule {
  readonly sets: readonly ReadonlySet<number>[];
  /** Day of month and day of week both narrow: either is enough. */
  readonly eitherDay: boolean;
}

/** Reads five fields or a shorthand; undefined where the text is no schedule. */
export function parseSchedule(text: string): Schedule | undefined {
  const parts = (SHORTHANDS[text.trim()] ?? text.trim()).split(/\s+/);
  if (parts.length !== FIELDS.length) return undefined;
  const sets: ReadonlySet<number>[] = [];
  for (const [i, part] of parts.entries()) {
    const set = fieldOf(part.toLowerCase(), FIELDS[i]!);
    if (set === undefined) return undefined;
    sets.push(set);
  }
  const narrows = (part: string): boolean => !/^(?:\*|\?)/.test(part);
  return { sets, eitherDay: narrows(parts[2]!) && narrows(parts[4]!) };
}

function fieldOf(
  text: string,
  [low, high, names]: readonly [number, number, readonly string[]],
): ReadonlySet<number> | undefined {
  const values = new Set<number>();
  const number = (part: string): number => {
    const at = names.indexOf(part);
    if (at >= 0) return at + (low === 1 ? 1 : 0);
    return /^\d{1,2}$/.test(part) ? Number(part) : Number.NaN;
  };
  for (const item of text.split(',')) {
    const [, range, step] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(item) ?? [];
    if (range === undefined) return undefined;
    const [from, to] = range === '*' || range === '?' ? [low, high] : bounds(range, number, step === undefined, high);
    const by = step === undefined ? 1 : Number(step);
    if (!(from >= low && to <= high && from <= to && by > 0)) return undefined;
    for (let value = from; value <= to; value += by) values.add(high === 7 ? value % 7 : value);
  }
  return values;
}

function bounds(
  range: string,
  number: (part: string) => number,
  alone: boolean,
  high: number,
): readonly [number, number] {
  const [first = '', last] = range.split('-');
  const from = number(first);
  if (last !== undefined) return [from, number(last)];
  return [from, alone ? from : high];
}

/** The first minute after a moment that a schedule names (UTC), in milliseconds; undefined when there is none. */
export function nextTime({ sets, eitherDay }: Schedule, after_ms: number): number | undefined {
  const [minutes, hours, days, months, weekdays] = sets as [
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
  ];
  let at = Math.floor(after_ms / MINUTE_MS) + 1;
  const end = at + MINUTES_MAX;
  while (at < end) {
    const date = new Date(at * MINUTE_MS);
    const day = days.has(date.getUTCDate());
    const weekday = weekdays.has(date.getUTCDay());
    if (!months.has(date.getUTCMonth() + 1) || !(eitherDay ? day || weekday : day && weekday))
      at += DAY_MINUTES - (at % DAY_MINUTES);
    else if (!hours.has(date.getUTCHours())) at += 60 - (at % 60);
    else if (!minutes.has(date.getUTCMinutes())) at++;
    else return at * MINUTE_MS;
  }
  return undefined;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
  d: DAY_MINUTES * MINUTE_MS,
  w: 7 * DAY_MINUTES * MINUTE_MS,
};

/**
 * When an object with the label `cleanup.kyverno.io/ttl` is to go (Kyverno, "Cleanup Label"): a span from its creation,
 * a day, or a time without colons, in milliseconds; undefined where the text is none of these.
 */
export function endOfLife(ttl: string, created_ms: number): number | undefined {
  const time = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(\d{2})(\d{2})Z)?$/.exec(ttl);
  if (time) {
    const [, day, hour = '00', minute = '00', second = '00'] = time;
    const at = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
    return Number.isNaN(at) ? undefined : at;
  }
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(ttl)) return undefined;
  let span = 0;
  for (const [, count, unit] of ttl.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) span += Number(count) * UNITS_MS[unit!]!;
  return created_ms + span;
}
