import { isDict, isNil, sortedKeys, Struct, typeName } from './value.ts';

/** `%g` with the fewest digits: large and small numbers with an exponent. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 21 && (exponent < 6 || false)) return plain(value);
  if (exponent >= -4 && exponent < 6) return plain(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function plain(value: number): string {
  const written = String(value);
  return written.includes('e') ? value.toFixed(20).replace(/0+$/, '') : written;
}

/** `%v` of anything. */
export function goString(value: unknown): string {
  if (isNil(value)) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return goFloat(value);
  if (Array.isArray(value)) return `[${value.map(goString).join(' ')}]`;
  if (isDict(value))
    return `map[${sortedKeys(value)
      .map(key => `${key}:${goString(value.get(key))}`)
      .join(' ')}]`;
  if (value instanceof Struct) {
    const own = value.methods.String;
    return own ? String(own()) : `{${[...value.fields.values()].map(goString).join(' ')}}`;
  }
  return String(value);
}

/** A text as a Go string literal. */
export function goQuote(text: string): string {
  const named: Record<string, string> = {
    '\n': '\\n',
    '\t': '\\t',
    '\r': '\\r',
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
    '"': '\\"',
    '\\': '\\\\',
  };
  const quoted = [...text].map(character => {
    const code = character.codePointAt(0)!;
    if (Object.hasOwn(named, character)) return named[character]!;
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (code === 0xfeff || (code >= 0x80 && code < 0xa0) || code === 0xad)
      return `\\u${code.toString(16).padStart(4, '0')}`;
    return character;
  });
  return `"${quoted.join('')}"`;
}

interface Flags {
  readonly minus: boolean;
  readonly plus: boolean;
  readonly zero: boolean;
  readonly space: boolean;
  readonly sharp: boolean;
  readonly precision: number | undefined;
}

const bad = (verb: string, value: unknown): string =>
  isNil(value) ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${goString(value)})`;

function signed(text: string, flags: Flags): string {
  if (text.startsWith('-')) return text;
  return flags.plus ? `+${text}` : flags.space ? ` ${text}` : text;
}

function formatNumber(verb: string, value: number | bigint, flags: Flags): string {
  if (typeof value === 'bigint') {
    const base = { d: 10, b: 2, o: 8, x: 16, X: 16 }[verb];
    if (base !== undefined) {
      const digits = value.toString(base);
      return signed(verb === 'X' ? digits.toUpperCase() : digits, flags);
    }
    if (verb === 'c') return String.fromCodePoint(Number(value));
    if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
    if (verb === 'q') return `'${String.fromCodePoint(Number(value))}'`;
    return bad(verb, value);
  }
  const precision = flags.precision ?? 6;
  if (verb === 'f' || verb === 'F') return signed(value.toFixed(precision), flags);
  if (verb === 'e' || verb === 'E') {
    const text = value.toExponential(precision).replace(/e([-+])(\d)$/, 'e$10$2');
    return signed(verb === 'E' ? text.toUpperCase() : text, flags);
  }
  if (verb === 'g' || verb === 'G')
    return signed(
      flags.precision === undefined ? goFloat(value) : String(Number(value.toPrecision(precision || 1))),
      flags,
    );
  return bad(verb, value);
}

function formatOne(verb: string, value: unknown, flags: Flags): string {
  if (verb === 'v') {
    if (flags.sharp) return typeof value === 'string' ? goQuote(value) : goString(value);
    return typeof value === 'number' || typeof value === 'bigint' ? signed(goString(value), flags) : goString(value);
  }
  if (verb === 'T') return typeName(value);
  if (typeof value === 'number' || typeof value === 'bigint') return formatNumber(verb, value, flags);
  if (verb === 't') return typeof value === 'boolean' ? String(value) : bad(verb, value);
  if (Array.isArray(value)) return `[${value.map(item => formatOne(verb, item, flags)).join(' ')}]`;
  if (isDict(value))
    return `map[${sortedKeys(value)
      .map(key => `${formatOne(verb, key, flags)}:${formatOne(verb, value.get(key), flags)}`)
      .join(' ')}]`;
  if (value instanceof Struct && verb === 's') return goString(value);
  if (typeof value !== 'string') return bad(verb, value);
  const cut = flags.precision === undefined ? value : [...value].slice(0, flags.precision).join('');
  if (verb === 's') return cut;
  if (verb === 'q') return goQuote(cut);
  if (verb === 'x' || verb === 'X') {
    const hex = Buffer.from(cut).toString('hex');
    return verb === 'X' ? hex.toUpperCase() : hex;
  }
  return bad(verb, value);
}

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%])/g;

/** Go's `fmt.Sprintf`. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(
    VERB,
    (whole, marks: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const size = (given: string | undefined): number | undefined =>
        given === undefined ? undefined : given === '*' ? Number(args[next++]) : Number(given);
      const wide = size(width);
      const exact = whole.includes('.') ? (size(precision) ?? 0) : undefined;
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const flags = {
        minus: marks.includes('-'),
        plus: marks.includes('+'),
        zero: marks.includes('0'),
        space: marks.includes(' '),
        sharp: marks.includes('#'),
        precision: exact,
      };
      const written = formatOne(verb, args[next++], flags);
      const missing = (wide ?? 0) - [...written].length;
      if (missing <= 0) return written;
      if (flags.minus) return written + ' '.repeat(missing);
      if (!flags.zero) return ' '.repeat(missing) + written;
      const sign = /^[-+]/.exec(written)?.[0] ?? '';
      return sign + '0'.repeat(missing) + written.slice(sign.length);
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map(value => (isNil(value) ? '<nil>' : `${typeName(value)}=${goString(value)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

/** Go's `fmt.Sprint`: a space between operands that are both no strings. */
export function sprint(args: readonly unknown[]): string {
  return args
    .map((value, index) => {
      const before = args[index - 1];
      const space = index > 0 && typeof value !== 'string' && typeof before !== 'string';
      return (space ? ' ' : '') + goString(value);
    })
    .join('');
}
