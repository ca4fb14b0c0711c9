import { Decimal, isInteger, isNumber, numberText, type RegoNumber, toBigInt, toDouble } from '../number.ts';
import { BuiltinError, textOf } from '../runtime.ts';
import { entriesOf, type Value } from '../value.ts';
import { array, type Entry, entry, integer, members, object, small, text, wideCharacters, wrong } from './operands.ts';

const one = (apply: (value: string) => Value): Entry => entry(1, ([value]) => apply(text(value!, 1)));
const two = (apply: (left: string, right: string) => Value): Entry =>
  entry(2, ([left, right]) => apply(text(left!, 1), text(right!, 2)));

const trimmed = (value: string, cut: string, left: boolean, right: boolean): string => {
  const characters = [...value];
  const set = new Set(cut);
  let start = 0;
  let end = characters.length;
  while (left && start < end && set.has(characters[start]!)) start++;
  while (right && end > start && set.has(characters[end - 1]!)) end--;
  return characters.slice(start, end).join('');
};

/** Strings of a string, array or set. */
function texts(value: Value, position: number): string[] {
  if (typeof value === 'string') return [value];
  return members(value, position).map(item => text(item, position));
}

function indexes(value: string, part: string): number[] {
  const found: number[] = [];
  if (!wideCharacters(value)) {
    for (let at = value.indexOf(part); at >= 0; at = value.indexOf(part, at + 1)) found.push(at);
    return found;
  }
  const characters = [...value];
  const wanted = [...part];
  for (let at = 0; at + wanted.length <= characters.length; at++)
    if (wanted.every((character, index) => characters[at + index] === character)) found.push(at);
  return found;
}

function formatInt(value: Value, base: Value): string {
  const radix = Number(integer(base, 2));
  if (![2, 8, 10, 16].includes(radix)) throw new BuiltinError('operand 2 must be one of {2, 8, 10, 16}', true);
  if (!isNumber(value)) return wrong(1, 'number', value);
  return (toBigInt(value) ?? BigInt(Math.trunc(toDouble(value)))).toString(radix);
}

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+))?([a-zA-Z%])/g;

/** How Go's fmt writes a whole number under a verb. */
function formatWhole(value: bigint, verb: string, flags: string): string {
  const sign = value < 0n ? '-' : flags.includes('+') ? '+' : '';
  const size = value < 0n ? -value : value;
  const [radix, mark] =
    verb === 'b'
      ? [2, '0b']
      : verb === 'o'
        ? [8, '0']
        : verb === 'x'
          ? [16, '0x']
          : verb === 'X'
            ? [16, '0X']
            : [10, ''];
  const digits = size.toString(radix);
  return sign + (flags.includes('#') ? mark : '') + (verb === 'X' ? digits.toUpperCase() : digits);
}

function exponentForm(value: number, precision: number, upper: boolean): string {
  const [mantissa, exponent = '0'] = value.toExponential(precision).split('e');
  const shown = `${mantissa}e${exponent.startsWith('-') ? '-' : '+'}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
  return upper ? shown.toUpperCase() : shown;
}

const CODE_POINT_MAX = 0x10ffffn;

function formatInteger(value: bigint, verb: string, flags: string): string {
  if (verb === 'c') return value >= 0n && value <= CODE_POINT_MAX ? String.fromCodePoint(Number(value)) : '\ufffd';
  if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  return formatWhole(value, verb, flags);
}

function formatOne(value: Value, verb: string, flags: string, precision: string | undefined): string {
  if (isNumber(value)) {
    // Nobody wants three hundred zeros.
    if ('vs'.includes(verb) && value instanceof Decimal && value.exponent > 100)
      return `${value.mantissa}e${value.exponent}`;
    if ('dboxXcU'.includes(verb) && isInteger(value)) return formatInteger(toBigInt(value)!, verb, flags);
    if ('eE'.includes(verb)) return exponentForm(toDouble(value), Number(precision ?? 6), verb === 'E');
    if ('fF'.includes(verb))
      return (flags.includes('+') && toDouble(value) >= 0 ? '+' : '') + toDouble(value).toFixed(Number(precision ?? 6));
    if ('gG'.includes(verb))
      return precision === undefined
        ? numberText(value)
        : String(Number(toDouble(value).toPrecision(Number(precision) || 1)));
    if (verb === 'v' || (verb === 's' && value instanceof Decimal)) return numberText(value);
    return `%!${verb}(${goType(value)}=${numberText(value)})`;
  }
  const shown = typeof value === 'string' ? value : textOf(value);
  if (verb === 'v' || verb === 's')
    return precision === undefined ? shown : [...shown].slice(0, Number(precision)).join('');
  if (verb === 'q') return JSON.stringify(shown);
  if ((verb === 'x' || verb === 'X') && typeof value === 'string') {
    const hex = [...new TextEncoder().encode(value)].map(byte => byte.toString(16).padStart(2, '0')).join('');
    return verb === 'X' ? hex.toUpperCase() : hex;
  }
  if (verb === 'T') return 'string';
  return `%!${verb}(string=${shown})`;
}

/** The Go type a number comes to Sprintf as. */
function goType(value: RegoNumber): string {
  const whole = toBigInt(value);
  return whole === undefined ? 'float64' : BigInt.asIntN(64, whole) === whole ? 'int64' : 'big.Int';
}

const TOTAL_MAX = 1_000_000;

/** Go's fmt.Sprintf over Rego values. */
function sprintf(format: string, args: readonly Value[]): string {
  let used = 0;
  const out = format.replace(
    VERB,
    (_whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const size = width === '*' ? small(args[used++] ?? 0, 2) : Number(width ?? 0);
      if (used >= args.length) return `%!${verb}(MISSING)`;
      const shown = formatOne(args[used++]!, verb, flags, precision);
      if (size > TOTAL_MAX) throw new BuiltinError('width too large');
      if (flags.includes('-')) return shown.padEnd(size);
      const zero = flags.includes('0') && /^[+-]?[\d.]/.test(shown);
      if (!zero) return shown.padStart(size);
      const sign = /^[+-]/.exec(shown)?.[0] ?? '';
      return sign + shown.slice(sign.length).padStart(size - sign.length, '0');
    },
  );
  if (used >= args.length) return out;
  const extra = args
    .slice(used)
    .map(value => `${isNumber(value) ? goType(value) : 'string'}=${typeof value === 'string' ? value : textOf(value)}`);
  return `${out}%!(EXTRA ${extra.join(', ')})`;
}

function anyAffix(values: Value, affixes: Value, fits: (value: string, affix: string) => boolean): boolean {
  return texts(values, 1).some(value => texts(affixes, 2).some(affix => fits(value, affix)));
}

/** Go maps one character to one character: `ß` has no upper case. */
function eachCharacter(value: string, apply: (character: string) => string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(value)) return apply(value);
  return Array.from(value, character => {
    const mapped = apply(character);
    return Array.from(mapped).length === 1 ? mapped : character;
  }).join('');
}

/** Strings. */
export const strings: Readonly<Record<string, Entry>> = {
  concat: entry(2, ([separator, list]) =>
    members(list!, 2)
      .map(item => text(item, 2))
      .join(text(separator!, 1)),
  ),
  contains: two((value, part) => value.includes(part)),
  startswith: two((value, part) => value.startsWith(part)),
  endswith: two((value, part) => value.endsWith(part)),
  format_int: entry(2, ([value, base]) => formatInt(value!, base!)),
  indexof: two((value, part) => {
    if (part === '') throw new BuiltinError('empty search character');
    return indexes(value, part)[0] ?? -1;
  }),
  indexof_n: two((value, part) => {
    if (part === '') throw new BuiltinError('empty search character');
    return indexes(value, part);
  }),
  lower: one(value => eachCharacter(value, character => character.toLowerCase())),
  upper: one(value => eachCharacter(value, character => character.toUpperCase())),
  replace: entry(3, ([value, old, put]) => {
    const [source, found, other] = [text(value!, 1), text(old!, 2), text(put!, 3)];
    return source.replaceAll(found, () => other);
  }),
  'strings.replace_n': entry(2, ([patterns, value]) =>
    replaceAll(
      entriesOf(object(patterns!, 1)).map(([old, put]) => [text(old, 1), text(put, 1)]),
      text(value!, 2),
    ),
  ),
  split: two((value, separator) => (separator === '' ? [...value] : value.split(separator))),
  sprintf: entry(2, ([format, args]) => sprintf(text(format!, 1), array(args!, 2))),
  'strings.any_prefix_match': entry(2, ([values, prefixes]) =>
    anyAffix(values!, prefixes!, (value, prefix) => value.startsWith(prefix)),
  ),
  'strings.any_suffix_match': entry(2, ([values, suffixes]) =>
    anyAffix(values!, suffixes!, (value, suffix) => value.endsWith(suffix)),
  ),
  'strings.reverse': one(value => [...value].reverse().join('')),
  'strings.count': two((value, part) => (part === '' ? [...value].length + 1 : value.split(part).length - 1)),
  'strings.split_n': entry(3, ([value, separator, limit]) =>
    splitN(text(value!, 1), text(separator!, 2), small(limit!, 3)),
  ),
  substring: entry(3, ([value, offset, length]) => {
    const source = text(value!, 1);
    const start = small(offset!, 2);
    if (start < 0) throw new BuiltinError('negative offset');
    const size = small(length!, 3);
    const end = size < 0 ? undefined : start + size;
    const characters = wideCharacters(source);
    return characters ? characters.slice(start, end).join('') : source.slice(start, end);
  }),
  trim: two((value, cut) => trimmed(value, cut, true, true)),
  trim_left: two((value, cut) => trimmed(value, cut, true, false)),
  trim_right: two((value, cut) => trimmed(value, cut, false, true)),
  trim_prefix: two((value, prefix) => (value.startsWith(prefix) ? value.slice(prefix.length) : value)),
  trim_suffix: two((value, suffix) =>
    suffix !== '' && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value,
  ),
  trim_space: one(value => value.replace(/^[\s\u0085]+|[\s\u0085]+$/gu, '')),
};

/** First pattern that fits at a place wins, in the order of keys (Go's strings.Replacer). */
function replaceAll(pairs: readonly (readonly [string, string])[], value: string): string {
  let out = '';
  for (let at = 0; at < value.length; ) {
    const pair = pairs.find(([old]) => old !== '' && value.startsWith(old, at));
    if (pair) {
      out += pair[1];
      at += pair[0].length;
    } else out += value[at++];
  }
  return out;
}

function splitN(value: string, separator: string, limit: number): Value {
  const parts = separator === '' ? [...value] : value.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  if (limit === 0) return [];
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}
