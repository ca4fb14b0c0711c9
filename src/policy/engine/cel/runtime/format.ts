import {
  Bytes,
  CelError,
  type CelValue,
  Duration,
  doubleValue,
  isInt,
  Optional,
  Timestamp,
  TypeValue,
  typeName,
  Uint,
} from '../values.ts';
import { isMap, mapEntries } from './check.ts';
import { formatDuration, formatTimestamp } from './time.ts';

/** `string.format(list)`: %s %d %f %e %b %x %X %o and %% (cel-go ext/formatting). */
export function formatString(text: string, args: readonly CelValue[]): string {
  let next = 0;
  return text.replace(
    /%(?:(%)|(?:\.(\d*))?([^]?))/gu,
    (_, percent: string | undefined, precision: string | undefined, verb: string) => {
      if (percent) return '%';
      if (!'sdfebxXo'.includes(verb) || verb === '') {
        throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
      }
      if (next >= args.length) throw new CelError(`index ${next} out of range`);
      return clause(verb, args[next++]!, precision === undefined || precision === '' ? undefined : Number(precision));
    },
  );
}

function clause(verb: string, value: CelValue, precision: number | undefined): string {
  switch (verb) {
    case 's':
      return plain(value);
    case 'd':
      return decimal(value);
    case 'f':
    case 'e':
      return floating(verb, value, Math.min(precision ?? 6, 100));
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      return integer(value, 2, 'only integers and bools can be formatted as binary');
    case 'o':
      return integer(value, 8, 'octal clause can only be used on integers');
    default: {
      const hex = hexadecimal(value);
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
  }
}

const refuse = (why: string, value: CelValue): CelError =>
  new CelError(`error during formatting: ${why}, was given ${typeName(value)}`);

function integer(value: CelValue, radix: number, why: string): string {
  if (isInt(value)) return BigInt(value).toString(radix);
  if (value instanceof Uint) return value.value.toString(radix);
  throw refuse(why, value);
}

function hexadecimal(value: CelValue): string {
  const bytes =
    typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Bytes ? value.value : undefined;
  if (bytes) return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  return integer(value, 16, 'only integers, byte buffers, and strings can be formatted as hex');
}

function decimal(value: CelValue): string {
  if (isInt(value)) return String(value);
  if (value instanceof Uint) return String(value.value);
  const number = doubleValue(value);
  if (number !== undefined) return special(number) ?? formatDouble(number);
  throw refuse('decimal clause can only be used on integers', value);
}

const special = (number: number): string | undefined =>
  Number.isNaN(number) ? 'NaN' : number === Infinity ? 'Infinity' : number === -Infinity ? '-Infinity' : undefined;

function floating(verb: string, value: CelValue, precision: number): string {
  const why = `${verb === 'e' ? 'scientific' : 'fixed-point'} clause can only be used on doubles`;
  const number = isInt(value) ? Number(value) : value instanceof Uint ? Number(value.value) : doubleValue(value);
  if (number === undefined) throw refuse(why, value);
  const word = special(number);
  if (word) return word;
  if (verb === 'f') return fixed(number, precision);
  const [mantissa, exponent] = number.toExponential(precision).split('e');
  return `${mantissa}e${exponent![0]}${exponent!.slice(1).padStart(2, '0')}`;
}

/** Rounds exact ties to even, which `toFixed` rounds up. */
function fixed(number: number, precision: number): string {
  const text =
    Math.abs(number) < 1e21
      ? number.toFixed(precision)
      : BigInt(number).toString() + (precision ? `.${'0'.repeat(precision)}` : '');
  if (precision > 22) return text;
  const scaled = Math.abs(number) * 10 ** precision;
  if (scaled % 1 !== 0.5 || scaled > 2 ** 51) return text;
  const exact = Math.floor(scaled) / 10 ** precision;
  const half = Math.abs(number).toFixed(Math.min(100, precision + 20));
  if (!/^\d+\.?\d*?5?0*$/.test(half) || !half.slice(half.indexOf('.') + 1 + precision).startsWith('5')) return text;
  if (Number(half.slice(half.indexOf('.') + 2 + precision)) !== 0) return text;
  return Math.floor(scaled) % 2 === 0 ? `${number < 0 ? '-' : ''}${exact.toFixed(precision)}` : text;
}

/** A double as `string(double)` and `%s` write it. */
export function formatDouble(number: number): string {
  const word = Number.isNaN(number) ? 'NaN' : number === Infinity ? '+Inf' : number === -Infinity ? '-Inf' : undefined;
  if (word) return word;
  if (Object.is(number, -0)) return '-0';
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) {
    const [mantissa, exponent] = number.toExponential().split('e');
    return `${mantissa}e${exponent![0]}${exponent!.slice(1).padStart(2, '0')}`;
  }
  return String(number);
}

function plain(value: CelValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || isInt(value)) return String(value);
  if (value instanceof Uint) return String(value.value);
  const number = doubleValue(value);
  if (number !== undefined) return special(number) ?? formatDouble(number);
  if (value instanceof Bytes) return new TextDecoder().decode(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.name;
  if (Array.isArray(value)) return `[${(value as CelValue[]).map(plain).join(', ')}]`;
  if (isMap(value)) {
    const pairs = Array.from(mapEntries(value), ([key, member]) => [plain(key), plain(member)] as const);
    pairs.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    return `{${pairs.map(([key, member]) => `${key}: ${member}`).join(', ')}}`;
  }
  if (value instanceof Optional)
    return value.value === undefined ? 'optional.none()' : `optional(${plain(value.value)})`;
  throw new CelError(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeName(value)}`,
  );
}
