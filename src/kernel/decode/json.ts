import type { Json, JsonObject } from '../object.ts';
import { formatPath, parsePath, type Path } from './path.ts';

/** Where a value lies in the text, and its parts. Offsets are UTF-16 units. */
export interface Spot {
  readonly start: number;
  end: number;
  readonly fields?: Map<string, Spot>;
  readonly items?: Spot[];
}

/** A text that is no JSON; the message is worded as the API server words it. */
export class JsonSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

export interface Duplicate {
  readonly path: Path;
  readonly key: string;
  readonly offset: number;
  /** Where the key stood the first time. */
  readonly first: number;
}

export interface ScannedJson {
  readonly value: Json;
  readonly spot: Spot;
  readonly duplicates: readonly Duplicate[];
  /** Offset after the value and the white space behind it. */
  readonly end: number;
}

const quoteCharacter = (text: string, at: number): string => {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return character === "'" ? `'\\''` : character === '"' ? `'"'` : `'${JSON.stringify(character).slice(1, -1)}'`;
};

const WHITE = /[ \t\n\r]*/y;
const ESCAPED_OR_CONTROL = /[\\\p{Cc}]/u;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;

/** Sets a field even where its name is `__proto__`. */
export function setField(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

class Scanner {
  readonly text: string;
  readonly depthMax: number;
  readonly duplicates: Duplicate[] = [];
  readonly path: (string | number)[] = [];
  at: number;

  constructor(text: string, at: number, depthMax: number) {
    this.text = text;
    this.at = at;
    this.depthMax = depthMax;
  }

  white(): void {
    WHITE.lastIndex = this.at;
    WHITE.exec(this.text);
    this.at = WHITE.lastIndex;
  }

  fail(context: string): never {
    if (this.at >= this.text.length) throw new JsonSyntaxError('unexpected end of JSON input', this.at);
    throw new JsonSyntaxError(`invalid character ${quoteCharacter(this.text, this.at)} ${context}`, this.at);
  }

  string(context: string): string {
    const { text, at } = this;
    if (text[at] !== '"') this.fail(context);
    let end = text.indexOf('"', at + 1);
    while (end > 0 && escaped(text, end)) end = text.indexOf('"', end + 1);
    if (end < 0) {
      this.at = text.length;
      this.fail('in string literal');
    }
    const raw = text.slice(at, end + 1);
    this.at = end + 1;
    if (!ESCAPED_OR_CONTROL.test(raw)) return raw.slice(1, -1);
    try {
      return JSON.parse(raw) as string;
    } catch {
      throw new JsonSyntaxError('invalid character in string literal', at);
    }
  }

  value(depth: number): { value: Json; spot: Spot } {
    if (depth > this.depthMax) throw new JsonSyntaxError('exceeded max depth', this.at);
    this.white();
    const start = this.at;
    const first = this.text[start];
    if (first === '{') return this.object(depth, start);
    if (first === '[') return this.list(depth, start);
    let value: Json;
    if (first === '"') value = this.string('looking for beginning of value');
    else if (this.text.startsWith('true', start)) value = this.#word(true, 4);
    else if (this.text.startsWith('false', start)) value = this.#word(false, 5);
    else if (this.text.startsWith('null', start)) value = this.#word(null, 4);
    else {
      NUMBER.lastIndex = start;
      const match = NUMBER.exec(this.text);
      if (match === null) this.fail('looking for beginning of value');
      this.at = NUMBER.lastIndex;
      value = Number(match[0]);
    }
    return { value, spot: { start, end: this.at } };
  }

  #word(value: Json, length: number): Json {
    this.at += length;
    return value;
  }

  object(depth: number, start: number): { value: Json; spot: Spot } {
    const value: JsonObject = {};
    const fields = new Map<string, Spot>();
    this.at++;
    this.white();
    while (this.text[this.at] !== '}') {
      const keyAt = this.at;
      const key = this.string('looking for beginning of object key string');
      this.white();
      if (this.text[this.at] !== ':') this.fail('after object key');
      this.at++;
      this.path.push(key);
      const part = this.value(depth + 1);
      const earlier = fields.get(key);
      if (earlier) this.duplicates.push({ path: [...this.path], key, offset: keyAt, first: earlier.start });
      this.path.pop();
      setField(value, key, part.value);
      fields.set(key, part.spot);
      this.white();
      if (this.text[this.at] === ',') {
        this.at++;
        this.white();
        if (this.text[this.at] === '}') this.fail('looking for beginning of object key string');
      } else if (this.text[this.at] !== '}') this.fail('after object key:value pair');
    }
    this.at++;
    return { value, spot: { start, end: this.at, fields } };
  }

  list(depth: number, start: number): { value: Json; spot: Spot } {
    const value: Json[] = [];
    const items: Spot[] = [];
    this.at++;
    this.white();
    while (this.text[this.at] !== ']') {
      this.path.push(value.length);
      const part = this.value(depth + 1);
      this.path.pop();
      value.push(part.value);
      items.push(part.spot);
      this.white();
      if (this.text[this.at] === ',') {
        this.at++;
        this.white();
        if (this.text[this.at] === ']') this.fail('looking for beginning of value');
      } else if (this.text[this.at] !== ']') this.fail('after array element');
    }
    this.at++;
    return { value, spot: { start, end: this.at, items } };
  }
}

/** Reads one JSON value with the place of every part and the keys that occur twice (the last one stands). */
export function scanJson(text: string, at: number, depth_max: number): ScannedJson {
  const scanner = new Scanner(text, at, depth_max);
  const { value, spot } = scanner.value(1);
  scanner.white();
  return { value, spot, duplicates: scanner.duplicates, end: scanner.at };
}

/** Deepest nesting of a JSON text, counted without reading values; stops once `limit` is passed. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      do {
        at = text.indexOf('"', at + 1);
        if (at < 0) return false;
      } while (escaped(text, at));
    } else if (code === 123 || code === 91) {
      if (++depth > limit) return true;
    } else if (code === 125 || code === 93) depth--;
  }
  return false;
}

function escaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 92) slashes++;
  return slashes % 2 === 1;
}

/** A JSON body and, when they were asked for, its fields that occur twice. */
export interface JsonBody {
  readonly value: Json;
  /** `spec.replicas` …, worded for `duplicate field "…"`, in the order of their later occurrences. */
  readonly duplicates: readonly { readonly path: string; readonly offset: number }[];
  /** Where a field first stands, or the nearest value around it; only beside duplicates that were asked for. */
  readonly offsetOf?: (path: string) => number;
}

/** Reads a request body: the platform's parser, and a second pass only when duplicates matter. Throws {@link JsonSyntaxError}. */
export function parseJson(text: string, options: { duplicates: boolean; depth_max: number }): JsonBody {
  if (deeperThan(text, options.depth_max)) throw new JsonSyntaxError('exceeded max depth', 0);
  if (!options.duplicates) {
    try {
      return { value: JSON.parse(text) as Json, duplicates: [] };
    } catch {
      // Read again below, for the message.
    }
  }
  const scanned = scanJson(text, 0, options.depth_max);
  if (scanned.end < text.length) {
    throw new JsonSyntaxError(
      `invalid character ${quoteCharacter(text, scanned.end)} after top-level value`,
      scanned.end,
    );
  }
  const duplicates = scanned.duplicates.map(({ path, offset, first }) => ({ path: formatPath(path), offset, first }));
  const firsts = new Map(duplicates.toReversed().map(({ path, first }) => [path, first]));
  return {
    value: scanned.value,
    duplicates,
    offsetOf: path => firsts.get(path) ?? spotAt(scanned.spot, parsePath(path)).start,
  };
}

/** The place of the value at a path, or of the nearest one around it. */
export function spotAt(root: Spot, path: Path): Spot {
  let found = root;
  for (const step of path) {
    const next = typeof step === 'number' ? found.items?.[step] : found.fields?.get(step);
    if (next === undefined) break;
    found = next;
  }
  return found;
}
