import { fromBigInt, isInteger, isNumber, toBigInt } from '../number.ts';
import { BuiltinError } from '../runtime.ts';
import { isArray, type Value } from '../value.ts';
import { BILLION, type Civil, civilOf, NANOS_MAX, NANOS_MIN, secondsOf, WEEKDAYS, weekdayOf } from './calendar.ts';
import { formatTime, layoutOf, monthLength, parseTime, RFC3339_NANO } from './layouts.ts';
import { type Entry, entry, small, text, wrong } from './operands.ts';

function nanosOf(value: Value): bigint {
  if (!isNumber(value)) return wrong(1, 'one of {number, array}', value);
  if (!isInteger(value)) throw new BuiltinError('operand 1 must be integer number but got floating-point number', true);
  const nanos = toBigInt(value)!;
  if (nanos > NANOS_MAX || nanos < NANOS_MIN) throw new BuiltinError('timestamp too big');
  return nanos;
}

/** `ns`, `[ns, zone]` or `[ns, zone, layout]`. */
function moment(value: Value): { nanos: bigint; zone: string; layout: string } {
  if (!isArray(value)) return { nanos: nanosOf(value), zone: 'UTC', layout: RFC3339_NANO };
  if (value.length === 0) return wrong(1, 'either number (ns) or [number (ns), string (tz)]', value);
  const zone = value.length > 1 ? text(value[1]!, 1) : 'UTC';
  const layout = value.length > 2 ? layoutOf(text(value[2]!, 1)) : RFC3339_NANO;
  return { nanos: nanosOf(value[0]!), zone, layout: layout === '' ? RFC3339_NANO : layout };
}

function civil(value: Value): Civil {
  const { nanos, zone } = moment(value);
  return civilOf(nanos, zone);
}

function inRange(nanos: bigint): Value {
  if (nanos > NANOS_MAX || nanos < NANOS_MIN) throw new BuiltinError('time outside of valid range');
  return fromBigInt(nanos);
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
  d: 86_400n * BILLION,
  w: 604_800n * BILLION,
  y: 31_536_000n * BILLION,
};

/** Go's time.ParseDuration, and days, weeks and years of 365 days (OPA, time.parse_duration_ns). */
export function parseDuration(source: string): bigint {
  const found = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w|y))+|0)$/.exec(source);
  if (!found || source.length > 200) throw new BuiltinError(`time: invalid duration ${JSON.stringify(source)}`);
  let nanos = 0n;
  for (const [, whole, fraction, unit] of found[2]!.matchAll(/(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h|d|w|y)/g)) {
    const scale = UNITS[unit!]!;
    nanos += BigInt(whole || '0') * scale;
    if (fraction) nanos += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  if (nanos > NANOS_MAX) throw new BuiltinError(`time: invalid duration ${JSON.stringify(source)}`);
  return found[1] === '-' ? -nanos : nanos;
}

const RFC3339 = '2006-01-02T15:04:05Z07:00';

function addDate(value: Value, years: Value, months: Value, days: Value): Value {
  const { nanos } = moment(value);
  const from = civilOf(nanos, 'UTC');
  const seconds = secondsOf(
    from.year + small(years, 2),
    from.month + small(months, 3),
    from.day + small(days, 4),
    from.hour,
    from.minute,
    from.second,
  );
  return inRange(BigInt(seconds) * BILLION + BigInt(from.nanos));
}

/** Years to seconds between two moments, both read in the zone of the left one. */
function diff(left: Value, right: Value): Value {
  const a = moment(left);
  const b = moment(right);
  const [first, last] = a.nanos <= b.nanos ? [a, b] : [b, a];
  const from = civilOf(first.nanos, a.zone);
  const to = civilOf(last.nanos, a.zone);
  let [years, months, days] = [to.year - from.year, to.month - from.month, to.day - from.day];
  let [hours, minutes, seconds] = [to.hour - from.hour, to.minute - from.minute, to.second - from.second];
  if (seconds < 0) {
    seconds += 60;
    minutes--;
  }
  if (minutes < 0) {
    minutes += 60;
    hours--;
  }
  if (hours < 0) {
    hours += 24;
    days--;
  }
  if (days < 0) {
    days += monthLength(from.year, from.month);
    months--;
  }
  if (months < 0) {
    months += 12;
    years--;
  }
  return [years, months, days, hours, minutes, seconds];
}

/** Time. */
export const time: Readonly<Record<string, Entry>> = {
  'time.now_ns': entry(0, (_args, context) => fromBigInt(context.now_ns)),
  'time.parse_ns': entry(2, ([layout, value]) => inRange(parseTime(layoutOf(text(layout!, 1)), text(value!, 2)))),
  'time.parse_rfc3339_ns': entry(1, ([value]) => inRange(parseTime(RFC3339, text(value!, 1)))),
  'time.parse_duration_ns': entry(1, ([value]) => fromBigInt(parseDuration(text(value!, 1)))),
  'time.format': entry(1, ([value]) => {
    const { nanos, zone, layout } = moment(value!);
    return formatTime(civilOf(nanos, zone), layout);
  }),
  'time.date': entry(1, ([value]) => {
    const { year, month, day } = civil(value!);
    return [year, month, day];
  }),
  'time.clock': entry(1, ([value]) => {
    const { hour, minute, second } = civil(value!);
    return [hour, minute, second];
  }),
  'time.weekday': entry(1, ([value]) => {
    const { year, month, day } = civil(value!);
    return WEEKDAYS[weekdayOf(secondsOf(year, month, day))]!;
  }),
  'time.add_date': entry(4, ([value, years, months, days]) => addDate(value!, years!, months!, days!)),
  'time.diff': entry(2, ([left, right]) => diff(left!, right!)),
};
