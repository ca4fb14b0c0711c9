import {
  Bytes,
  CelError,
  CelMap,
  type CelValue,
  Double,
  Duration,
  doubleOf,
  doubleValue,
  INT_MAX,
  INT_MIN,
  intOf,
  isInt,
  Opaque,
  Timestamp,
  TypeValue,
  typeName,
  Uint,
  uintOf,
} from '../values.ts';
import { noOverload } from './check.ts';
import { formatDouble } from './format.ts';
import { numeric } from './operators.ts';
import {
  durationOf,
  formatDuration,
  formatTimestamp,
  parseDate,
  parseDuration,
  parseTimestamp,
  timestampOf,
} from './time.ts';

const BILLION = 1_000_000_000n;

export function toInt(value: CelValue): CelValue {
  if (isInt(value)) return value;
  if (value instanceof Uint) return intOf(value.value);
  const number = doubleValue(value);
  if (number !== undefined) {
    // Doubles at the very ends of int64 are out of range: they cannot tell what they were.
    if (!(number > Number(INT_MIN) && number < Number(INT_MAX))) throw new CelError('integer overflow: range');
    return intOf(BigInt(Math.trunc(number)));
  }
  if (typeof value === 'string') {
    if (!/^[+-]?\d+$/.test(value)) throw new CelError(`cannot convert "${value}" to int`);
    return intOf(BigInt(value.replace(/^\+/, '')));
  }
  if (value instanceof Timestamp) return value.seconds;
  if (value instanceof Duration) return Number(value.nanos / BILLION);
  throw noOverload();
}

export function toUint(value: CelValue): CelValue {
  if (value instanceof Uint) return value;
  if (isInt(value)) return uintOf(BigInt(value));
  const number = doubleValue(value);
  if (number !== undefined) {
    if (!(number >= 0 && number < 2 ** 64)) throw new CelError('unsigned integer overflow: range');
    return uintOf(BigInt(Math.trunc(number)));
  }
  if (typeof value === 'string') {
    if (!/^\d+$/.test(value)) throw new CelError(`cannot convert "${value}" to uint`);
    return uintOf(BigInt(value));
  }
  throw noOverload();
}

export function toDouble(value: CelValue): CelValue {
  const number = numeric(value);
  if (number !== undefined) return doubleOf(Number(number));
  if (typeof value === 'string') {
    const word = /^([+-]?)(inf|infinity|nan)$/i.exec(value);
    if (word) return /nan/i.test(word[2]!) ? Number.NaN : word[1] === '-' ? -Infinity : Infinity;
    if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value))
      throw new CelError(`cannot convert "${value}" to double`);
    return doubleOf(Number(value));
  }
  throw noOverload();
}

export function toText(value: CelValue): CelValue {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || isInt(value)) return String(value);
  if (value instanceof Uint) return String(value.value);
  const number = doubleValue(value);
  if (number !== undefined) return formatDouble(number);
  if (value instanceof Bytes) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value.value);
    } catch {
      throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
    }
  }
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Opaque && 'text' in value) return (value as Opaque & { text: string }).text;
  throw noOverload();
}

export function toBool(value: CelValue): CelValue {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw noOverload();
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
  throw new CelError(`cannot convert "${value}" to bool`);
}

export function toBytes(value: CelValue): CelValue {
  if (value instanceof Bytes) return value;
  if (typeof value === 'string') return new Bytes(new TextEncoder().encode(value));
  throw noOverload();
}

export function toTimestamp(value: CelValue): CelValue {
  if (value instanceof Timestamp) return value;
  if (isInt(value)) return timestampOf(Number(value), 0);
  if (typeof value !== 'string') throw noOverload();
  const time = parseTimestamp(value);
  if (time === undefined) throw new CelError(`cannot convert "${value}" to timestamp`);
  return time;
}

export function toDuration(value: CelValue): CelValue {
  if (value instanceof Duration) return value;
  if (isInt(value)) return durationOf(BigInt(value) * BILLION);
  if (typeof value !== 'string') throw noOverload();
  const duration = parseDuration(value);
  if (duration === undefined) throw new CelError(`cannot convert "${value}" to duration`);
  return duration;
}

export const toType = (value: CelValue): CelValue => new TypeValue(typeName(value));

/** A JSON value as its schema's CEL type has it: dates, durations and bytes are texts in JSON, doubles may be whole. */
export function fromJson(
  type: 'timestamp' | 'duration' | 'bytes' | 'double',
  value: CelValue,
  decode: (text: string) => Uint8Array,
): CelValue {
  if (type === 'double') return typeof value === 'number' ? doubleOf(value) : value;
  if (typeof value !== 'string') return value;
  if (type === 'timestamp') return parseDate(value) ?? toTimestamp(value);
  return type === 'duration' ? toDuration(value) : new Bytes(decode(value));
}

const WRAPPED: Readonly<Record<string, readonly [initial: CelValue, type: string, min?: number, max?: number]>> = {
  BoolValue: [false, 'bool'],
  BytesValue: [new Bytes(new Uint8Array()), 'bytes'],
  DoubleValue: [new Double(0), 'double'],
  FloatValue: [new Double(0), 'double'],
  Int32Value: [0, 'int', -(2 ** 31), 2 ** 31 - 1],
  Int64Value: [0, 'int'],
  StringValue: ['', 'string'],
  UInt32Value: [new Uint(0n), 'uint', 0, 2 ** 32 - 1],
  UInt64Value: [new Uint(0n), 'uint'],
  // JSON values: null, or what the one field that is set says.
  Value: [null, ''],
  ListValue: [[], 'list'],
  Struct: [new CelMap(new Map()), 'map'],
};

/** The value of a wrapper message: `google.protobuf.Int32Value{value: x}`. */
export function wrap(name: string, value: CelValue | undefined): CelValue {
  const [initial, type, min, max] = WRAPPED[name]!;
  if (value === undefined) return initial;
  if (type !== '' && typeName(value) !== type) throw noOverload();
  const number = numeric(value);
  if (min !== undefined && (number! < min || number! > max!)) throw new CelError('range');
  return name === 'FloatValue' ? doubleOf(Math.fround(Number(number))) : value;
}
