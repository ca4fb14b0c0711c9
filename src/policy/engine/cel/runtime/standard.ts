import { type CelValue, Duration, Opaque } from '../values.ts';
import { optionalIndex } from './access.ts';
import { asDuration, asString, asTimestamp } from './check.ts';
import { toBool, toBytes, toDouble, toDuration, toInt, toText, toTimestamp, toType, toUint } from './convert.ts';
import { LIST_FUNCTIONS } from './lists.ts';
import { MATH_FUNCTIONS } from './math.ts';
import { sizeOf } from './operators.ts';
import { STRING_FUNCTIONS } from './strings.ts';
import { type FunctionTable, functionTable } from './table.ts';
import { calendarPart, durationPart } from './time.ts';

function calendarFunctions(): FunctionTable {
  const record: Record<string, (...args: never[]) => CelValue> = {};
  const parts =
    'getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds';
  for (const part of parts.split(' ')) {
    const ofDuration = /Hours|Minutes|conds$/.test(part);
    record[`.${part}/1`] = (value: CelValue) =>
      ofDuration && value instanceof Duration
        ? durationPart(part, asDuration(value))
        : calendarPart(part, asTimestamp(value), '');
    record[`.${part}/2`] = (value: CelValue, zone: CelValue) => calendarPart(part, asTimestamp(value), asString(zone));
  }
  return functionTable(record);
}

const CORE = functionTable({
  'size/1': sizeOf,
  '.size/1': (value: CelValue) =>
    value instanceof Opaque && 'size' in value ? (value as Opaque & { size(): number }).size() : sizeOf(value),
  'int/1': toInt,
  'uint/1': toUint,
  'double/1': toDouble,
  'string/1': toText,
  'bool/1': toBool,
  'bytes/1': toBytes,
  'timestamp/1': toTimestamp,
  'duration/1': toDuration,
  'type/1': toType,
  'dyn/1': (value: CelValue) => value,
  '_[?_]/2': optionalIndex,
});

/** Implementations of the language's functions and cel-go's extensions. */
export const STANDARD_FUNCTIONS: FunctionTable = new Map([
  ...CORE,
  ...calendarFunctions(),
  ...STRING_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...MATH_FUNCTIONS,
]);
