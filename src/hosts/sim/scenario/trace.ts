/** Recordings of load: CSV files with a header, a column of times and mostly one of values. */
import { daysOfDate, type Span } from '../../../base/index.ts';
import { splitRow } from './csv.ts';
import { scenarioFaults } from './faults.ts';
import { nearest } from './nearest.ts';
import { formatDuration } from './units.ts';

export const TRACE_ROWS_MAX = 5_000_000;

export interface TraceOptions {
  /** Columns by name or, where the file has no header, by number from 1. */
  readonly time?: string;
  readonly value?: string;
  /** Every row is a request (of `value`, where that is named: so many). */
  readonly arrivals: boolean;
  /** Rows of one time become one. */
  readonly combine: 'refuse' | 'sum' | 'mean' | 'max';
  readonly gaps: 'refuse' | 'hold' | 'zero';
  /** Rows are put in the order of their times instead of refusing a time that goes back. */
  readonly sort: boolean;
  /** Only rows whose columns say so. */
  readonly where: Readonly<Record<string, string>>;
  /** The part of the recording from here to there, measured from its first row. */
  readonly from_ms: number;
  readonly to_ms: number;
  /** Values that are below nothing are faults. */
  readonly negative: boolean;
}

export const TRACE_DEFAULTS: TraceOptions = {
  arrivals: false,
  combine: 'refuse',
  gaps: 'refuse',
  sort: false,
  where: {},
  from_ms: 0,
  to_ms: Number.POSITIVE_INFINITY,
  negative: false,
};

/** Rows in order; times are milliseconds since the first row that counts. */
export interface Trace {
  readonly times_ms: Float64Array;
  readonly values: Float64Array;
  /** The usual distance of rows: what the last value lasts. */
  readonly usual_ms: number;
  readonly length_ms: number;
}

const DATE =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)? ?(Z|UTC|[+-]\d{2}:?\d{2})?$/i;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
/** Epochs by size: from 1973 to 5138 in each unit. Smaller numbers are seconds from some start. */
const EPOCHS: readonly (readonly [from: number, to_ms: number])[] = [
  [1e17, 1e-6],
  [1e14, 1e-3],
  [1e11, 1],
];

/** What a date can hold (ECMA-262, "Time Values"). */
const MOMENT_MS_MAX = 8.64e15;

/** A moment in milliseconds: ISO 8601, `YYYY-MM-DD HH:MM:SS.f`, or a number of seconds, or of ms, µs or ns since the epoch. UTC where nothing is said. */
export function readMoment(text: string): number | undefined {
  if (NUMBER.test(text)) {
    const number = Number(text);
    const unit = EPOCHS.find(([from]) => Math.abs(number) >= from)?.[1] ?? 1000;
    return Math.abs(number * unit) <= MOMENT_MS_MAX ? number * unit : undefined;
  }
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return undefined;
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const days = daysOfDate(Number(year), Number(month), Number(day));
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const sign = zone.startsWith('-') ? -1 : 1;
  const [offsetHours = 0, offsetMinutes = 0] = /\d/.test(zone)
    ? [Number(zone.slice(1, 3)), Number(zone.slice(-2))]
    : [];
  const east_s = sign * (offsetHours * 3600 + offsetMinutes * 60);
  return (days * 86_400 + seconds - east_s) * 1000 + (fraction === '' ? 0 : Number(`0${fraction}`) * 1000);
}

const TIME_NAMES =
  /^(time|timestamp|ts|date|datetime|arrived?(_?(at|time))?|start(_?time)?|gmt_create|.*timestamp.*|.*_time)$/i;
const VALUE_NAMES = /^(value|rate|qps|rps|requests?|count|invocations?)$/i;

interface Columns {
  readonly names: readonly string[];
  readonly time: number;
  /** -1: none. */
  readonly value: number;
  readonly where: readonly (readonly [column: number, text: string])[];
  readonly separator: string;
}

const isTime = (text: string): boolean => readMoment(text) !== undefined;

function columnOf(wanted: string, names: readonly string[], where: Span): number {
  const index = names.indexOf(wanted);
  if (index >= 0) return index;
  const params = { column: wanted, near: nearest(wanted, names), known: names.join(', ').slice(0, 400) };
  throw scenarioFaults.error('trace-column', params, where);
}

/** The header: names and which columns count. */
function columnsOf(header: string, options: TraceOptions, where: Span): Columns {
  const separator = [',', '\t', ';'].find(mark => header.includes(mark)) ?? ',';
  const cells = splitRow(header, separator);
  // A first row of times and numbers is no header: columns then have numbers.
  const headless = cells.some(isTime) && cells.every(cell => isTime(cell) || NUMBER.test(cell));
  const names = headless ? cells.map((_, index) => String(index + 1)) : cells;
  const found = names.findIndex(name => TIME_NAMES.test(name));
  const time = options.time === undefined ? Math.max(0, found) : columnOf(options.time, names, where);
  const guess = (): number => {
    const named = names.findIndex((name, index) => index !== time && VALUE_NAMES.test(name));
    return named >= 0 ? named : names.length > 1 ? (time === 0 ? 1 : 0) : -1;
  };
  const value = options.value === undefined ? (options.arrivals ? -1 : guess()) : columnOf(options.value, names, where);
  if (value < 0 && !options.arrivals) columnOf('value', names, where);
  const filters = Object.entries(options.where).map(([name, text]) => [columnOf(name, names, where), text] as const);
  return { names, time, value, where: filters, separator };
}

/** Numbers that grow. */
class Column {
  values = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const wider = new Float64Array(this.length * 2);
      wider.set(this.values);
      this.values = wider;
    }
    this.values[this.length++] = value;
  }
}

interface Rows {
  readonly times: Column;
  readonly values: Column;
  readonly lines: Column;
}

function numberIn(text: string, column: string, negative: boolean, where: Span): number {
  if (!NUMBER.test(text) || !Number.isFinite(Number(text)))
    throw scenarioFaults.error('trace-text', { text: text.slice(0, 60), column, wanted: NUMBER_SAYS }, where);
  const value = Number(text);
  if (value < 0 && !negative) throw scenarioFaults.error('trace-negative', { column, value }, where);
  return value;
}

const NUMBER_SAYS = { en: 'number', zh: '数字' };
const TIME_SAYS = { en: 'time', zh: '时间' };

function readRows(file: string, lines: Iterable<string>, options: TraceOptions): Rows {
  const rows: Rows = { times: new Column(), values: new Column(), lines: new Column() };
  let columns: Columns | undefined;
  let number = 0;
  const take = (line: string, where: Span, known: Columns): void => {
    const cells = splitRow(line, known.separator);
    if (cells.length !== known.names.length)
      throw scenarioFaults.error('trace-row', { got: cells.length, wanted: known.names.length }, where);
    if (known.where.some(([column, text]) => cells[column] !== text)) return;
    const text = cells[known.time]!;
    const moment = readMoment(text);
    const column = known.names[known.time]!;
    if (moment === undefined)
      throw scenarioFaults.error('trace-text', { text: text.slice(0, 60), column, wanted: TIME_SAYS }, where);
    const value =
      known.value < 0 ? 1 : numberIn(cells[known.value]!, known.names[known.value]!, options.negative, where);
    rows.times.push(moment);
    rows.values.push(value);
    rows.lines.push(number);
    if (rows.times.length > TRACE_ROWS_MAX) throw scenarioFaults.error('trace-long', { limit: TRACE_ROWS_MAX }, where);
  };
  for (const raw of lines) {
    number++;
    const line = (number === 1 ? raw.replace(/^\ufeff/, '') : raw).replace(/\r$/, '');
    if (line.trim() === '') continue;
    const where = { file, line: number, column: 1 };
    if (columns) take(line, where, columns);
    else {
      columns = columnsOf(line, options, where);
      if (columns.names[0] === '1') take(line, where, columns);
    }
  }
  if (rows.times.length === 0)
    throw scenarioFaults.error('trace-empty', {}, { file, line: Math.max(1, number), column: 1 });
  return rows;
}

const written = (moment: number): string => (moment > 1e11 ? new Date(moment).toISOString() : formatDuration(moment));

/** In order, one row a time where that is wanted. */
function ordered(file: string, rows: Rows, options: TraceOptions): Rows {
  const count = rows.times.length;
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const times = rows.times.values;
  if (options.sort) order.sort((left, right) => times[left]! - times[right]! || left - right);
  const found: Rows = { times: new Column(), values: new Column(), lines: new Column() };
  let alike = 1;
  for (const index of order) {
    const t = times[index]!;
    const line = rows.lines.values[index]!;
    const value = rows.values.values[index]!;
    const last = found.times.length - 1;
    const before = last < 0 ? Number.NEGATIVE_INFINITY : found.times.values[last]!;
    const where = { file, line, column: 1 };
    if (t < before) throw scenarioFaults.error('trace-back', { before: written(before), at: written(t) }, where);
    if (t > before || options.arrivals) {
      found.times.push(t);
      found.values.push(value);
      found.lines.push(line);
      alike = 1;
      continue;
    }
    if (options.combine === 'refuse') throw scenarioFaults.error('trace-twice', { at: written(t) }, where);
    alike++;
    const sofar = found.values.values[last]!;
    found.values.values[last] =
      options.combine === 'sum'
        ? sofar + value
        : options.combine === 'max'
          ? Math.max(sofar, value)
          : sofar + (value - sofar) / alike;
  }
  return found;
}

function usualGap(times: Float64Array): number {
  if (times.length < 2) return 0;
  const gaps = new Float64Array(times.length - 1);
  for (let index = 1; index < times.length; index++) gaps[index - 1] = times[index]! - times[index - 1]!;
  gaps.sort();
  return gaps[gaps.length >>> 1]!;
}

/** More than this many usual distances between two rows is a gap. */
const GAP = 1.5;

/** Reads a recording. FaultError with the line of the file for what cannot be read, goes back in time or has holes. */
export function readTrace(file: string, lines: Iterable<string>, options: TraceOptions = TRACE_DEFAULTS): Trace {
  const rows = ordered(file, readRows(file, lines, options), options);
  const all = rows.times.values.subarray(0, rows.times.length);
  const start = all[0]!;
  const usual_ms = usualGap(all);
  const times = new Column();
  const values = new Column();
  const { from_ms, to_ms } = options;
  for (let index = 0; index < all.length; index++) {
    const t = all[index]! - start;
    const next = index + 1 < all.length ? all[index + 1]! - start : t + usual_ms;
    // A value that holds into the part that is wanted counts; an arrival does not.
    if (t >= to_ms || (options.arrivals ? t < from_ms : next <= from_ms && index + 1 < all.length)) continue;
    times.push(Math.max(0, t - from_ms));
    values.push(rows.values.values[index]!);
    const gap = next - t;
    if (options.arrivals || options.gaps === 'hold' || gap <= usual_ms * GAP || t + usual_ms >= to_ms) continue;
    const where = { file, line: rows.lines.values[index + 1]!, column: 1 };
    if (options.gaps === 'refuse') {
      const params = {
        gap: formatDuration(gap),
        usual: formatDuration(usual_ms),
        before: written(all[index]!),
        at: written(all[index + 1]!),
      };
      throw scenarioFaults.error('trace-gap', params, where);
    }
    times.push(t + usual_ms - from_ms);
    values.push(0);
  }
  if (times.length === 0) throw scenarioFaults.error('trace-empty', {}, { file, line: 1, column: 1 });
  const last = times.values[times.length - 1]!;
  const length_ms = Math.min(to_ms - from_ms, Math.max(last + (options.arrivals ? 0 : usual_ms), 1));
  return {
    times_ms: times.values.slice(0, times.length),
    values: values.values.slice(0, values.length),
    usual_ms,
    length_ms,
  };
}
