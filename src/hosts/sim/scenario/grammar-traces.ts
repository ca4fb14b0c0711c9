/** The words by which a scenario takes up a recording. */
import type { Series } from './model.ts';
import type { Rate } from './rate.ts';
import { readTrace, type Trace, TRACE_DEFAULTS } from './trace.ts';
import { FaultError } from '../../../base/index.ts';
import type { Path } from '../../../kernel/index.ts';
import {
  amount,
  BAD,
  type Bad,
  choice,
  into,
  mapOf,
  may,
  object,
  or,
  need,
  type Reader,
  scalar,
  type Shape,
  text,
  truth,
} from './shape.ts';
import { readDuration } from './units.ts';
import { duration, label, lasting } from './values.ts';

const SECOND_MS = 1000;
const columnName = text({
  en: 'the name of a column, or its number from 1 where there is no header',
  zh: '列名;无表头时为从 1 开始的列号',
});

/** `/s`, `/min`, `/5m`, `row`: what one value of a recording counts. Milliseconds; 0 for the time until the next row. */
const unit: Shape<number> = scalar(
  { en: 'a unit such as /s, /min or /5m, or row', zh: '单位,如 /s、/min、/5m 或 row' },
  value => {
    if (value === 'row') return 0;
    if (typeof value !== 'string' || !value.startsWith('/')) return undefined;
    return readDuration(/^\/\d/.test(value) ? value.slice(1) : `1${value.slice(1)}`) || undefined;
  },
  { type: 'string' },
);

const FIELDS = {
  file: need(
    text({ en: 'the path of a CSV file', zh: 'CSV 文件路径' }),
    'a CSV file, relative to the file of the scenario',
  ),
  time: may(columnName, 'the column of times; found by its name where absent'),
  value: may(columnName, 'the column of values; found by its name where absent'),
  where: or(
    mapOf(label, { en: 'a map of columns and their texts', zh: '列与其文本的映射' }),
    {},
    'only rows whose columns say this',
  ),
  scale: or(amount({ en: 'a number from 0 on', zh: '不小于 0 的数' }, 0, 1e12), 1, 'every value times this'),
  speed: or(
    amount({ en: 'a number above 0', zh: '大于 0 的数' }, 1e-6, 1e6),
    1,
    'the recording plays this much faster',
  ),
  combine: or(choice('refuse', 'sum', 'mean', 'max'), 'refuse', 'what becomes of rows of one time'),
  gaps: or(choice('refuse', 'hold', 'zero'), 'refuse', 'what becomes of holes in the recording'),
  sort: or(truth, false, 'put rows in the order of their times'),
  from: or(duration, 0, 'begin this far into the recording'),
  to: may(lasting, 'end this far into the recording'),
  repeat: or(truth, false, 'begin again at the end'),
} as const;

type TraceFields = {
  readonly [K in keyof typeof FIELDS]: (typeof FIELDS)[K] extends { fallback?: infer T } ? T : never;
};

/** Reads the file; what is wrong in it goes to the reader's faults. */
function load(
  fields: Partial<TraceFields> & { file?: string },
  arrivals: boolean,
  path: Path,
  reader: Reader,
): Trace | Bad {
  const { file = '', to } = fields;
  try {
    const { name, lines } = reader.files.lines(file, reader.at([...path, 'file']));
    const trace = readTrace(name, lines, {
      ...TRACE_DEFAULTS,
      ...(fields.time === undefined ? {} : { time: fields.time }),
      ...(fields.value === undefined ? {} : { value: fields.value }),
      where: fields.where ?? {},
      combine: fields.combine ?? 'refuse',
      gaps: fields.gaps ?? 'refuse',
      sort: fields.sort ?? false,
      from_ms: fields.from ?? 0,
      to_ms: to ?? Number.POSITIVE_INFINITY,
      arrivals,
    });
    const speed = fields.speed ?? 1;
    if (speed === 1) return trace;
    return {
      times_ms: trace.times_ms.map(t => t / speed),
      values: trace.values,
      usual_ms: trace.usual_ms / speed,
      length_ms: trace.length_ms / speed,
    };
  } catch (error) {
    if (error instanceof FaultError) return reader.fault(error.fault);
    throw error;
  }
}

/** A recording of requests: of their rate, or of each one's arrival. */
export const rateTrace: Shape<Rate> = into(
  object('trace', {
    ...FIELDS,
    unit: or(unit, SECOND_MS, 'what a value counts: requests /s (default), /min, /5m, or those of its row'),
    arrivals: or(truth, false, 'every row is a request, or as many as "value" says where it is named'),
  }),
  (fields, path, reader): Rate | Bad => {
    const trace = load(fields, fields.arrivals, path, reader);
    if (trace === BAD) return BAD;
    const { times_ms, length_ms } = trace;
    const { repeat, scale, speed } = fields;
    if (fields.arrivals) {
      const weighted = fields.value !== undefined || scale !== 1;
      const weights = weighted ? { weights: trace.values.map(value => value * scale) } : {};
      return { kind: 'arrivals', times_ms, ...weights, repeat, length_ms };
    }
    const perSecond = (value: number, index: number): number => {
      const row_ms = (times_ms[index + 1] ?? length_ms) - times_ms[index]!;
      const unit_ms = fields.unit === 0 ? row_ms : fields.unit / speed;
      return unit_ms > 0 ? (value * scale * SECOND_MS) / unit_ms : 0;
    };
    return { kind: 'series', times_ms, values: trace.values.map(perSecond), repeat, length_ms };
  },
);

/** A recording of an amount, such as the CPU a pod used. */
export const amountTrace: Shape<Series> = into(object('trace', FIELDS), (fields, path, reader): Series | Bad => {
  const trace = load(fields, false, path, reader);
  if (trace === BAD) return BAD;
  return { times_ms: trace.times_ms, values: trace.values.map(value => value * fields.scale), repeat: fields.repeat };
});
