import { JmesError } from '../value.ts';
import { defineFunctions, type JmesPorts } from './define.ts';
import {
  calendarOf,
  floorDivide,
  formatGoDuration,
  formatMoment,
  type Moment,
  momentOf,
  needTime,
  offsetOf,
  parseGoDuration,
} from './go-time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const LONG_MONTHS = 'January February March April May June July August September October November December'.split(' ');

type Parts = {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  fraction: string;
  offset: number;
  afternoon: boolean | undefined;
};

/** Layout elements of Go's time package, longest first: what each reads, and where it goes. */
const LAYOUT: readonly (readonly [string, string, (parts: Parts, text: string) => void])[] = [
  ['January', '[A-Za-z]+', (parts, text) => void (parts.month = LONG_MONTHS.indexOf(text) + 1)],
  ['Jan', '[A-Za-z]{3}', (parts, text) => void (parts.month = MONTHS.indexOf(text) + 1)],
  ['Monday', '[A-Za-z]+', () => undefined],
  ['Mon', '[A-Za-z]{3}', () => undefined],
  ['MST', '[A-Z]{3,5}', () => undefined],
  ['2006', '\\d{4}', (parts, text) => void (parts.year = Number(text))],
  ['Z07:00', 'Z|[+-]\\d\\d:\\d\\d', (parts, text) => void (parts.offset = text === 'Z' ? 0 : offsetOf(text))],
  ['Z0700', 'Z|[+-]\\d{4}', (parts, text) => void (parts.offset = text === 'Z' ? 0 : offsetOf(text))],
  ['-07:00', '[+-]\\d\\d:\\d\\d', (parts, text) => void (parts.offset = offsetOf(text))],
  ['-0700', '[+-]\\d{4}', (parts, text) => void (parts.offset = offsetOf(text))],
  ['-07', '[+-]\\d\\d', (parts, text) => void (parts.offset = offsetOf(text))],
  ['.000000000', '\\.\\d{9}', (parts, text) => void (parts.fraction = text.slice(1))],
  ['.000000', '\\.\\d{6}', (parts, text) => void (parts.fraction = text.slice(1))],
  ['.000', '\\.\\d{3}', (parts, text) => void (parts.fraction = text.slice(1))],
  ['PM', 'AM|PM', (parts, text) => void (parts.afternoon = text === 'PM')],
  ['01', '\\d\\d', (parts, text) => void (parts.month = Number(text))],
  ['02', '\\d\\d', (parts, text) => void (parts.day = Number(text))],
  ['_2', '[ \\d]\\d', (parts, text) => void (parts.day = Number(text))],
  ['03', '\\d\\d', (parts, text) => void (parts.hour = Number(text))],
  ['04', '\\d\\d', (parts, text) => void (parts.minute = Number(text))],
  ['05', '\\d\\d', (parts, text) => void (parts.second = Number(text))],
  ['06', '\\d\\d', (parts, text) => void (parts.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000))],
  ['15', '\\d\\d', (parts, text) => void (parts.hour = Number(text))],
  ['1', '\\d{1,2}', (parts, text) => void (parts.month = Number(text))],
  ['2', '\\d{1,2}', (parts, text) => void (parts.day = Number(text))],
  ['3', '\\d{1,2}', (parts, text) => void (parts.hour = Number(text))],
  ['4', '\\d{1,2}', (parts, text) => void (parts.minute = Number(text))],
  ['5', '\\d{1,2}', (parts, text) => void (parts.second = Number(text))],
];

function parseLayout(layout: string, text: string): Moment {
  let pattern = '';
  const reads: ((parts: Parts, text: string) => void)[] = [];
  for (let at = 0; at < layout.length; ) {
    const element = LAYOUT.find(([sign]) => layout.startsWith(sign, at));
    if (element === undefined) {
      pattern += layout[at]!.replace(/[^A-Za-z0-9 ]/g, '\\$&');
      at++;
    } else {
      pattern += `(${element[1]})`;
      reads.push(element[2]);
      at += element[0].length;
      // Fractions may follow seconds even where the layout has none.
      if (element[0] === '05' && !layout.startsWith('.0', at)) pattern += '(?:\\.\\d+)?';
    }
  }
  const found = text.length > 200 ? null : new RegExp(`^${pattern}$`).exec(text);
  if (found === null) throw new JmesError(`parsing time "${text}" as "${layout}": cannot parse "${text}"`);
  const parts: Parts = {
    year: 0,
    month: 1,
    day: 1,
    hour: 0,
    minute: 0,
    second: 0,
    fraction: '',
    offset: 0,
    afternoon: undefined,
  };
  for (const [i, read] of reads.entries()) read(parts, found[i + 1]!);
  if (parts.afternoon === true && parts.hour < 12) parts.hour += 12;
  if (parts.afternoon === false && parts.hour === 12) parts.hour = 0;
  return momentOf(
    [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second],
    parts.fraction,
    parts.offset,
  );
}

const timeOf = (layout: string, text: string): Moment => (layout === '' ? needTime(text) : parseLayout(layout, text));
const now = (ports: JmesPorts): Moment => ({ nanos: BigInt(Math.floor(ports.now())) * 1_000_000n, offset_min: 0 });

function durationOf(text: string): bigint {
  const nanos = parseGoDuration(text);
  if (nanos === undefined) throw new JmesError(`time: invalid duration "${text}"`);
  return nanos;
}

/** Kyverno's functions on times; all texts are RFC 3339 where no layout is given. */
export const TIME = defineFunctions({
  'time_since(string,string,string)': ([layout, start, end]: [string, string, string], ports) =>
    formatGoDuration((end === '' ? now(ports) : timeOf(layout, end)).nanos - timeOf(layout, start).nanos),
  'time_now()': (_: [], ports) => formatMoment(now(ports)),
  'time_now_utc()': (_: [], ports) => formatMoment(now(ports)),
  'time_add(string,string)': ([time, span]: [string, string]) => {
    const moment = needTime(time);
    return formatMoment({ ...moment, nanos: moment.nanos + durationOf(span) });
  },
  'time_parse(string,string)': ([layout, text]: [string, string]) =>
    layout === '1' && /^\d+$/.test(text)
      ? formatMoment({ nanos: BigInt(text) * 1_000_000_000n, offset_min: 0 })
      : formatMoment(parseLayout(layout, text)),
  'time_to_cron(string)': ([time]: [string]) => {
    const [, month, day, hour, minute, , weekday] = calendarOf(needTime(time));
    return `${minute} ${hour} ${day} ${month} ${weekday}`;
  },
  'time_utc(string)': ([time]: [string]) => formatMoment({ nanos: needTime(time).nanos, offset_min: 0 }),
  'time_diff(string,string)': ([start, end]: [string, string]) =>
    formatGoDuration(needTime(end).nanos - needTime(start).nanos),
  'time_before(string,string)': ([left, right]: [string, string]) => needTime(left).nanos < needTime(right).nanos,
  'time_after(string,string)': ([left, right]: [string, string]) => needTime(left).nanos > needTime(right).nanos,
  'time_between(string,string,string)': ([time, start, end]: [string, string, string]) => {
    const { nanos } = needTime(time);
    return nanos > needTime(start).nanos && nanos < needTime(end).nanos;
  },
  'time_truncate(string,string)': ([time, span]: [string, string]) => {
    const moment = needTime(time);
    const step = durationOf(span);
    // Go truncates from the year 1, not from the epoch.
    const zero = 62_135_596_800n * 1_000_000_000n;
    const nanos = step <= 0n ? moment.nanos : floorDivide(moment.nanos + zero, step) * step - zero;
    return formatMoment({ ...moment, nanos });
  },
});
