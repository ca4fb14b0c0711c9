import { readsAsOther, type ScalarShape, scalarShape } from './yaml-scalar.ts';

/** A value as YAML can write it; `null` and absent are the same. */
export type Writable = unknown;

/** Lines are broken at the first space after this column. */
const WIDTH = 80;
const STEP = 2;

const isLetter = (character: string): boolean => /\p{L}/u.test(character);
const isDigit = (character: string | undefined): boolean => character !== undefined && /\p{Nd}/u.test(character);

function digitsFrom(text: readonly string[], at: number, start: number): { value: number; end: number } {
  let value = start;
  let end = at;
  for (; isDigit(text[end]); end++) value = value * 10 + (text[end]!.charCodeAt(0) - 48);
  return { value, end };
}

/** Order of keys as Go's YAML library writes them: letters after other signs, digits by their number. */
export function compareKeys(left: string, right: string): number {
  const a = [...left];
  const b = [...right];
  for (let at = 0; at < a.length && at < b.length; at++) {
    if (a[at] === b[at]) continue;
    const [letterA, letterB] = [isLetter(a[at]!), isLetter(b[at]!)];
    if (letterA && letterB) return a[at]! < b[at]! ? -1 : 1;
    if (letterA || letterB) return letterB ? -1 : 1;
    let start = 0;
    if (a[at] === '0' || b[at] === '0') {
      for (let back = at - 1; back >= 0 && isDigit(a[back]); back--) if (a[back] !== '0') start = 1;
    }
    const numberA = digitsFrom(a, at, start);
    const numberB = digitsFrom(b, at, start);
    if (numberA.value !== numberB.value) return numberA.value - numberB.value;
    if (numberA.end !== numberB.end) return numberA.end - numberB.end;
    return a[at]!.codePointAt(0)! - b[at]!.codePointAt(0)!;
  }
  return a.length - b.length;
}

/** A float as Go's `%g` with the fewest digits writes it. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return Object.is(value, -0) ? '0' : String(BigInt(value));
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

type Style = 'plain' | 'single' | 'double' | 'literal';

function styleOf(text: string, shape: ScalarShape, key: boolean): Style {
  let style: Style = text.includes('\n') ? 'literal' : readsAsOther(text) ? 'double' : 'plain';
  if (key && shape.multiline) style = 'double';
  if (style === 'plain' && (!shape.plain || (text === '' && key))) style = 'single';
  if (style === 'single' && !shape.single) return 'double';
  if (style === 'literal' && (!shape.block || key)) return 'double';
  return style;
}

const ESCAPES: Readonly<Record<number, string>> = {
  0: '\\0', 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', 27: '\\e', 34: '\\"',
  92: '\\\\', 0x85: '\\N', 0xa0: '\\_', 0x2028: '\\L', 0x2029: '\\P',
}; // biome-ignore format: a table

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  const known = code === 0xa0 ? undefined : ESCAPES[code];
  if (known !== undefined) return known;
  if ((code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xfffd && code !== 0xfeff)) return character;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

class Writer {
  readonly #parts: string[] = [];
  readonly #indentLists: boolean;
  #column = 0;

  constructor(indentLists: boolean) {
    this.#indentLists = indentLists;
  }

  get text(): string {
    return this.#parts.join('');
  }

  put(text: string): void {
    this.#parts.push(text);
    const line = text.lastIndexOf('\n');
    this.#column = line < 0 ? this.#column + [...text].length : Array.from(text.slice(line + 1)).length;
  }

  /** A value after `key:` or `-`; `indent` is the column of that key or dash's contents. */
  value(value: Writable, indent: number, place: 'root' | 'key' | 'item'): void {
    if (Array.isArray(value)) this.#list(value, indent, place);
    else if (typeof value === 'object' && value !== null && !(value instanceof Map)) {
      this.#map(Object.keys(value).sort(compareKeys), key => (value as Record<string, unknown>)[key], indent, place);
    } else if (value instanceof Map) {
      this.#map([...value.keys()].map(String).sort(compareKeys), key => value.get(key), indent, place);
    } else {
      if (place !== 'root') this.put(' ');
      this.#scalar(value, indent + (place === 'item' ? 0 : STEP), false);
      this.put('\n');
    }
  }

  #list(items: readonly unknown[], indent: number, place: 'root' | 'key' | 'item'): void {
    if (items.length === 0) {
      this.put(place === 'root' ? '[]\n' : ' []\n');
      return;
    }
    if (place === 'key') this.put('\n');
    items.forEach((item, index) => {
      if (place === 'item' && index === 0) this.put(' ');
      else this.put(' '.repeat(indent));
      this.put('-');
      this.value(item, indent + STEP, 'item');
    });
  }

  #map(keys: readonly string[], get: (key: string) => unknown, indent: number, place: 'root' | 'key' | 'item'): void {
    if (keys.length === 0) {
      this.put(place === 'root' ? '{}\n' : ' {}\n');
      return;
    }
    if (place === 'key') this.put('\n');
    const column = place === 'key' ? indent + STEP : indent;
    keys.forEach((key, index) => {
      if (place === 'item' && index === 0) this.put(' ');
      else this.put(' '.repeat(column));
      const simple = Buffer.byteLength(key) <= 128 && !key.includes('\n');
      if (!simple) this.put('? ');
      this.#scalar(key, column + STEP, simple);
      this.put(simple ? ':' : `\n${' '.repeat(column)}:`);
      const value = get(key);
      // A list below a key stands in the key's own column.
      this.value(value, this.#indentLists && Array.isArray(value) ? column + STEP : column, 'key');
    });
  }

  #scalar(value: unknown, indent: number, key: boolean): void {
    if (value === null || value === undefined) this.put('null');
    else if (typeof value === 'boolean' || typeof value === 'bigint') this.put(String(value));
    else if (typeof value === 'number') this.put(formatFloat(value));
    else this.#string(String(value), indent, key);
  }

  #string(text: string, indent: number, key: boolean): void {
    const shape = scalarShape(text);
    const style = styleOf(text, shape, key);
    if (style === 'literal') this.#literal(text, indent);
    else if (style === 'plain') this.#folded(text, indent, !key, '', character => character);
    else if (style === 'single')
      this.#folded(text, indent, !key, "'", character => (character === "'" ? "''" : character));
    else this.#folded(text, indent, !key, '"', escaped);
  }

  #literal(text: string, indent: number): void {
    const hint = text[0] === ' ' || text[0] === '\n' ? String(STEP) : '';
    const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
    const lines = text.split('\n');
    const last = lines.pop()!;
    if (last !== '') lines.push(last);
    this.put(`|${hint}${chomp}`);
    for (const line of lines) this.put(line === '' ? '\n' : `\n${' '.repeat(indent)}${line}`);
  }

  /** Writes on one line and breaks at single spaces beyond the width. */
  #folded(text: string, indent: number, allow: boolean, quote: string, write: (character: string) => string): void {
    this.put(quote);
    const characters = [...text];
    let spaces = false;
    characters.forEach((character, at) => {
      if (character !== ' ') {
        this.put(quote === "'" && character === '\n' ? '\n\n' : write(character));
        spaces = false;
        return;
      }
      const inner = quote === '' || (at > 0 && at < characters.length - 1);
      const next = characters[at + 1] === ' ';
      if (allow && !spaces && this.#column > WIDTH && inner && (quote === '"' || !next)) {
        this.put(`\n${' '.repeat(indent)}${quote === '"' && next ? '\\' : ''}`);
      } else this.put(' ');
      spaces = true;
    });
    this.put(quote);
  }
}

/** Writes a value as Go's second YAML library does from JSON: keys in natural order, lists unindented unless asked for, lines of 80. */
export function writeYaml(value: Writable, indentLists = false): string {
  const writer = new Writer(indentLists);
  writer.value(value, 0, 'root');
  return writer.text;
}
