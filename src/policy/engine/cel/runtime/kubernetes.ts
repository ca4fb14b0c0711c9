import { Quantity } from '../../../../kernel/index.ts';
import { CelError, type CelValue, doubleOf, intOf, NONE, Opaque, Optional } from '../values.ts';
import { asIndex, asInt, asList, asString, noOverload } from './check.ts';
import { add, compare, equals, mapKey } from './operators.ts';
import { NAMED_FORMATS } from './named-format.ts';
import { compilePattern } from './regex.ts';
import { makeMap } from './access.ts';
import { functionTable } from './table.ts';

class QuantityValue extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  readonly amount: Quantity;
  constructor(amount: Quantity) {
    super();
    this.amount = amount;
  }
  override equals(other: unknown): boolean {
    return other instanceof QuantityValue && other.amount.compare(this.amount) === 0;
  }
  compareTo(other: CelValue): number {
    return this.amount.compare(quantity(other).amount);
  }
}

/** Semantic Versioning 2.0.0. */
class SemverValue extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
  constructor(numbers: readonly [number, number, number], pre: readonly string[]) {
    super();
    this.numbers = numbers;
    this.pre = pre;
  }
  override equals(other: unknown): boolean {
    return other instanceof SemverValue && this.compareTo(other) === 0;
  }
  compareTo(other: CelValue): number {
    const right = semver(other);
    for (let i = 0; i < 3; i++)
      if (this.numbers[i] !== right.numbers[i]) return Math.sign(this.numbers[i]! - right.numbers[i]!);
    return comparePre(this.pre, right.pre);
  }
}

/** Precedence of pre-releases (Semantic Versioning 2.0.0, rule 11). */
function comparePre(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return Math.sign(right.length - left.length);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const a = left[i]!;
    const b = right[i]!;
    if (a === b) continue;
    const numeric = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (numeric[0] && numeric[1]) return Math.sign(Number(a) - Number(b));
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    return a < b ? -1 : 1;
  }
  return Math.sign(left.length - right.length);
}

class UrlValue extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly url: ParsedUrl;
  constructor(url: ParsedUrl) {
    super();
    this.url = url;
  }
  override equals(other: unknown): boolean {
    return other instanceof UrlValue && other.url.source === this.url.source;
  }
}

class FormatValue extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
  override equals(other: unknown): boolean {
    return other instanceof FormatValue && other.name === this.name;
  }
}

const typed =
  <T extends Opaque>(type: abstract new (...args: never[]) => T) =>
  (value: CelValue): T => {
    if (value instanceof type) return value;
    throw noOverload();
  };
const quantity = typed(QuantityValue);
const semver = typed(SemverValue);
const url = typed(UrlValue);
const namedFormat = typed(FormatValue);

function toQuantity(value: CelValue): QuantityValue {
  const amount = Quantity.parse(asString(value));
  if (amount === undefined)
    throw new CelError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return new QuantityValue(amount);
}

const addend = (value: CelValue): Quantity =>
  value instanceof QuantityValue ? value.amount : new Quantity(BigInt(asInt(value)) * 1_000_000_000n);

function parseSemver(text: string, normalize: boolean): SemverValue | undefined {
  let source = text;
  if (normalize) {
    source = source.replace(/^v/, '');
    const [, numbers, rest] = /^([^-+]*)(.*)$/.exec(source)!;
    const parts = numbers!.split('.').map(part => part.replace(/^0+(?=\d)/, ''));
    while (parts.length < 3) parts.push('0');
    source = parts.join('.') + rest;
  }
  const match =
    /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/.exec(
      source,
    );
  if (match === null) return undefined;
  const pre = match[4]?.split('.') ?? [];
  if (pre.some(part => /^0\d+$/.test(part))) return undefined;
  return new SemverValue([Number(match[1]), Number(match[2]), Number(match[3])], pre);
}

function toSemver(text: CelValue, normalize?: CelValue): SemverValue {
  const version = parseSemver(asString(text), normalize === true);
  if (version === undefined) throw new CelError(`Invalid Semantic Version: ${asString(text)}`);
  return version;
}

interface ParsedUrl {
  readonly source: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/** Absolute URIs and absolute paths, as Go's url.ParseRequestURI takes them. */
function parseUrl(text: string): ParsedUrl | undefined {
  if (!/^[!-~\u0080-\u{10ffff}]*$/u.test(text)) return undefined;
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?]*)(?:\?(.*))?$/.exec(text);
  if (match === null) return undefined;
  const [, scheme = '', authority, path = '', query = ''] = match;
  if (scheme === '' && !path.startsWith('/') && authority === undefined) return undefined;
  const host = (authority ?? '').replace(/^.*@/, '');
  if (host !== '' && !/^(?:\[[0-9a-fA-F:.%]+\]|[^[\]:\s<>"]*)(?::\d*)?$/.test(host)) return undefined;
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined;
  return { source: text, scheme: scheme.toLowerCase(), host, path, query };
}

function queryOf(parsed: ParsedUrl): CelValue {
  const values = new Map<string, string[]>();
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '));
    } catch {
      return text;
    }
  };
  for (const pair of parsed.query.split('&')) {
    if (pair === '') continue;
    const [name, ...rest] = pair.split('=');
    const list = values.get(decode(name!)) ?? [];
    list.push(decode(rest.join('=')));
    values.set(decode(name!), list);
  }
  return makeMap([...values].flat());
}

function extreme(sign: number) {
  return (list: CelValue): CelValue => {
    const items = asList(list);
    if (items.length === 0) throw new CelError(`${sign > 0 ? 'max' : 'min'} called on empty list`);
    return items.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
  };
}

function sum(list: CelValue): CelValue {
  const items = asList(list);
  return items.length === 0 ? 0 : items.slice(1).reduce((total, item) => add(total, item), items[0]!);
}

function sorted(list: CelValue): boolean {
  const items = asList(list);
  return items.every((item, i) => i === 0 || compare(items[i - 1]!, item) <= 0);
}

function position(value: CelValue, item: CelValue, last: boolean): CelValue {
  if (typeof value === 'string') {
    const at = last ? value.lastIndexOf(asString(item)) : value.indexOf(asString(item));
    return at < 0 ? -1 : Array.from(value.slice(0, at)).length;
  }
  const items = asList(value);
  return last ? items.findLastIndex(other => equals(other, item)) : items.findIndex(other => equals(other, item));
}

const compared = (value: CelValue, other: CelValue): number =>
  value instanceof SemverValue ? value.compareTo(other) : quantity(value).compareTo(other);

const formats = Object.fromEntries(
  Object.keys(NAMED_FORMATS).map(name => [`format.${name}/0`, () => new FormatValue(name)]),
);

/** The Kubernetes libraries: quantities, versions, URLs, patterns, lists, formats, JSON patch keys. */
export const KUBERNETES_FUNCTIONS = functionTable({
  'quantity/1': toQuantity,
  'isQuantity/1': (text: CelValue) => Quantity.parse(asString(text)) !== undefined,
  '.isInteger/1': (value: CelValue) => quantity(value).amount.nano % 1_000_000_000n === 0n,
  '.asInteger/1': (value: CelValue) => {
    const { nano } = quantity(value).amount;
    if (nano % 1_000_000_000n !== 0n) throw new CelError('cannot convert value to integer');
    return intOf(nano / 1_000_000_000n);
  },
  '.asApproximateFloat/1': (value: CelValue) => doubleOf(quantity(value).amount.toNumber()),
  '.sign/1': (value: CelValue) => {
    const { nano } = quantity(value).amount;
    return nano > 0n ? 1 : nano < 0n ? -1 : 0;
  },
  '.add/2': (value: CelValue, other: CelValue) => new QuantityValue(quantity(value).amount.add(addend(other))),
  '.sub/2': (value: CelValue, other: CelValue) => new QuantityValue(quantity(value).amount.subtract(addend(other))),
  '.isGreaterThan/2': (value: CelValue, other: CelValue) => compared(value, other) > 0,
  '.isLessThan/2': (value: CelValue, other: CelValue) => compared(value, other) < 0,
  '.compareTo/2': (value: CelValue, other: CelValue) => Math.sign(compared(value, other)),
  'semver/1': (text: CelValue) => toSemver(text),
  'semver/2': toSemver,
  'isSemver/1': (text: CelValue) => parseSemver(asString(text), false) !== undefined,
  'isSemver/2': (text: CelValue, normalize: CelValue) => parseSemver(asString(text), normalize === true) !== undefined,
  '.major/1': (value: CelValue) => semver(value).numbers[0],
  '.minor/1': (value: CelValue) => semver(value).numbers[1],
  '.patch/1': (value: CelValue) => semver(value).numbers[2],
  'url/1': (text: CelValue) => {
    const parsed = parseUrl(asString(text));
    if (parsed === undefined)
      throw new CelError(
        `URL parse error during conversion from string: parse "${asString(text)}": invalid URI for request`,
      );
    return new UrlValue(parsed);
  },
  'isURL/1': (text: CelValue) => parseUrl(asString(text)) !== undefined,
  '.getScheme/1': (value: CelValue) => url(value).url.scheme,
  '.getHost/1': (value: CelValue) => url(value).url.host,
  '.getHostname/1': (value: CelValue) =>
    url(value)
      .url.host.replace(/:\d*$/, '')
      .replace(/^\[(.*)\]$/, '$1'),
  '.getPort/1': (value: CelValue) => /:(\d*)$/.exec(url(value).url.host)?.[1] ?? '',
  '.getEscapedPath/1': (value: CelValue) => url(value).url.path,
  '.getQuery/1': (value: CelValue) => queryOf(url(value).url),
  '.find/2': (text: CelValue, pattern: CelValue) => compilePattern(asString(pattern)).find(asString(text)) ?? '',
  '.findAll/2': (text: CelValue, pattern: CelValue) => compilePattern(asString(pattern)).findAll(asString(text), -1),
  '.findAll/3': (text: CelValue, pattern: CelValue, limit: CelValue) =>
    compilePattern(asString(pattern)).findAll(asString(text), asIndex(limit)),
  '.isSorted/1': sorted,
  '.sum/1': sum,
  '.min/1': extreme(-1),
  '.max/1': extreme(1),
  '.indexOf/2': (value: CelValue, item: CelValue) => position(value, item, false),
  '.lastIndexOf/2': (value: CelValue, item: CelValue) => position(value, item, true),
  ...formats,
  'format.named/1': (name: CelValue) =>
    Object.hasOwn(NAMED_FORMATS, asString(name)) ? new Optional(new FormatValue(asString(name))) : NONE,
  '.validate/2': (value: CelValue, text: CelValue) => {
    const problems = NAMED_FORMATS[namedFormat(value).name]!(asString(text));
    return problems.length === 0 ? NONE : new Optional(problems);
  },
  'jsonpatch.escapeKey/1': (key: CelValue) => asString(key).replaceAll('~', '~0').replaceAll('/', '~1'),
});

export { mapKey };
