import type { Json, JsonObject } from '../object.ts';
import type { DecodeLimits } from './limits.ts';
import { keyText, resolvePlain } from './scalar.ts';

/**
 * A reader of the YAML that manifests are mostly written in: maps and lists by indentation, scalars and flow collections
 * of one line, literal blocks. Whatever else it meets, and whatever is wrong, it leaves to the reader of the whole
 * language: it answers nothing then. What it does answer is what that one answers (block-yaml.prop.test.ts).
 */
export interface BlockDocument {
  readonly value: JsonObject;
  readonly start: number;
}

/** Thrown inside this file only: the text is for the other reader. */
class NotPlain extends Error {}
const NOT_PLAIN = new NotPlain();

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what makes a text unusual
const UNUSUAL = /[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029\ufeff\ud800-\udfff]/;
const LEXEMES_A_LINE = 14;
const KEY_LENGTH_MAX = 1000;
const SPACE = 32;
const NEWLINE = 10;
const HASH = 35;
const COLON = 58;
const DASH = 45;
const COMMA = 44;
const DOUBLE = 34;
const SINGLE = 39;
const BACKSLASH = 92;
const BAR = 124;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_MAP = 123;
const CLOSE_MAP = 125;

/** Characters a plain scalar does not start with here: `-` may, where no space follows. */
const INDICATORS = new Set([...'?:,[]{}#&*!|>\'"%@`'].map(character => character.charCodeAt(0)));
const ESCAPES = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['n', '\n'],
  ['t', '\t'],
]);

class Reader {
  readonly text: string;
  readonly limits: DecodeLimits;
  /** The line being read: its first character that is no space, its indentation (-1 at the end of a document), its end. */
  at = 0;
  indent = -1;
  lineEnd = -1;
  nodes = 0;
  flowLexemes = 0;
  lines = 0;

  constructor(text: string, limits: DecodeLimits) {
    this.text = text;
    this.limits = limits;
  }

  /** Goes to the next line with something on it. */
  next(): void {
    const { text } = this;
    let from = this.lineEnd + 1;
    for (;;) {
      if (from >= text.length) {
        this.indent = -1;
        this.at = text.length;
        this.lineEnd = text.length;
        return;
      }
      let at = from;
      while (text.charCodeAt(at) === SPACE) at++;
      const code = text.charCodeAt(at);
      let end = code === NEWLINE ? at : text.indexOf('\n', at);
      if (end < 0) end = text.length;
      this.lines++;
      if (at < end && code !== HASH) {
        this.at = at;
        this.lineEnd = end;
        this.indent = at - from;
        // `---` and `...` end a document wherever they stand alone at the start of a line.
        if (at === from && this.isMarker(at)) this.indent = -1;
        return;
      }
      from = end + 1;
    }
  }

  isMarker(at: number): boolean {
    const { text } = this;
    if (!text.startsWith('---', at) && !text.startsWith('...', at)) return false;
    const after = text.charCodeAt(at + 3);
    return at + 3 >= this.lineEnd || after === SPACE;
  }

  /** Nothing but white space and a comment may follow what was read of this line. */
  finishLine(from: number): void {
    const { text, lineEnd } = this;
    let at = from;
    while (at < lineEnd && text.charCodeAt(at) === SPACE) at++;
    if (at < lineEnd && (text.charCodeAt(at) !== HASH || at === from)) throw NOT_PLAIN;
  }

  document(): BlockDocument | undefined {
    if (this.indent < 0) return undefined;
    if (this.indent > 0 || this.isItem(this.at)) throw NOT_PLAIN;
    const start = this.at;
    const value = this.map(0, 1);
    if (this.indent >= 0) throw NOT_PLAIN;
    return { value, start };
  }

  isItem(at: number): boolean {
    if (this.text.charCodeAt(at) !== DASH) return false;
    return at + 1 >= this.lineEnd || this.text.charCodeAt(at + 1) === SPACE;
  }

  count(depth: number): void {
    if (++this.nodes >= this.limits.nodes_max || depth * 2 > this.limits.depth_max) throw NOT_PLAIN;
  }

  /** What stands on lines of its own below a key or a dash. */
  node(depth: number): Json {
    return this.isItem(this.at) ? this.list(this.indent, depth) : this.map(this.indent, depth);
  }

  map(indent: number, depth: number): JsonObject {
    this.count(depth);
    const value: JsonObject = {};
    while (this.indent === indent) {
      if (this.isItem(this.at)) throw NOT_PLAIN;
      const key = this.key();
      if (key === '__proto__' || Object.hasOwn(value, key)) throw NOT_PLAIN;
      value[key] = this.valueAfter(this.at, indent, depth, true);
    }
    if (this.indent > indent) throw NOT_PLAIN;
    return value;
  }

  list(indent: number, depth: number): Json[] {
    this.count(depth);
    const value: Json[] = [];
    while (this.indent === indent && this.isItem(this.at)) value.push(this.item(indent, depth));
    if (this.indent > indent) throw NOT_PLAIN;
    return value;
  }

  item(indent: number, depth: number): Json {
    const { text, lineEnd } = this;
    const dash = this.at;
    let at = dash + 1;
    while (at < lineEnd && text.charCodeAt(at) === SPACE) at++;
    if (at < lineEnd && this.isItem(at)) throw NOT_PLAIN;
    if (at >= lineEnd || text.charCodeAt(at) === HASH || !this.startsKey(at))
      return this.valueAfter(dash + 1, indent, depth, false);
    this.indent += at - dash;
    this.at = at;
    return this.map(this.indent, depth + 1);
  }

  /** Whether a map begins here: a key with its colon in this line. */
  startsKey(at: number): boolean {
    const { text, lineEnd } = this;
    const code = text.charCodeAt(at);
    if (code === OPEN_LIST || code === OPEN_MAP || code === BAR) return false;
    if (code === DOUBLE || code === SINGLE) {
      const end = this.quoteEnd(at);
      return text.charCodeAt(end) === COLON;
    }
    for (let i = at; i < lineEnd; i++) {
      const here = text.charCodeAt(i);
      if (here === COLON && (i + 1 >= lineEnd || text.charCodeAt(i + 1) === SPACE)) return true;
      if (here === HASH && text.charCodeAt(i - 1) === SPACE) return false;
    }
    return false;
  }

  /** Reads `key:` and leaves `at` behind the colon. */
  key(): string {
    const { text, lineEnd, at } = this;
    const code = text.charCodeAt(at);
    if (code === DOUBLE || code === SINGLE) {
      const end = this.quoteEnd(at);
      if (text.charCodeAt(end) !== COLON) throw NOT_PLAIN;
      if (end + 1 < lineEnd && text.charCodeAt(end + 1) !== SPACE) throw NOT_PLAIN;
      this.at = end + 1;
      return this.unquote(at, end);
    }
    if (INDICATORS.has(code)) throw NOT_PLAIN;
    let end = text.indexOf(':', at);
    while (end >= 0 && end + 1 < lineEnd && text.charCodeAt(end + 1) !== SPACE) end = text.indexOf(':', end + 1);
    if (end < 0 || end >= lineEnd || end - at > KEY_LENGTH_MAX || text.charCodeAt(end - 1) === SPACE) throw NOT_PLAIN;
    const raw = text.slice(at, end);
    if (raw === '<<' || raw.includes(' #')) throw NOT_PLAIN;
    this.at = end + 1;
    return keyText(resolvePlain(raw));
  }

  /** The value behind a colon or a dash: of this line, or of the lines below. */
  valueAfter(from: number, indent: number, depth: number, inMap: boolean): Json {
    const { text, lineEnd } = this;
    let at = from;
    while (at < lineEnd && text.charCodeAt(at) === SPACE) at++;
    if (at >= lineEnd || text.charCodeAt(at) === HASH) {
      this.next();
      if (this.indent > indent) return this.node(depth + 1);
      if (inMap && this.indent === indent && this.isItem(this.at)) return this.list(indent, depth + 1);
      this.count(depth + 1);
      return null;
    }
    if (text.charCodeAt(at) === BAR) return this.literal(at, indent, depth);
    const value = this.inline(at, depth + 1);
    this.finishLine(this.at);
    this.next();
    if (this.indent > indent) throw NOT_PLAIN;
    return value;
  }

  /** A scalar or a flow collection of one line; leaves `at` behind it. */
  inline(at: number, depth: number): Json {
    const code = this.text.charCodeAt(at);
    if (code === OPEN_LIST || code === OPEN_MAP) return this.flow(at, depth);
    this.count(depth);
    if (code === DOUBLE || code === SINGLE) {
      const end = this.quoteEnd(at);
      this.at = end;
      return this.unquote(at, end);
    }
    return this.plain(at);
  }

  plain(at: number): Json {
    const { text, lineEnd } = this;
    const code = text.charCodeAt(at);
    if (INDICATORS.has(code) || this.isItem(at)) throw NOT_PLAIN;
    let end = lineEnd;
    for (let i = at; i < lineEnd; i++) {
      const here = text.charCodeAt(i);
      if (here === HASH && text.charCodeAt(i - 1) === SPACE) {
        end = i;
        break;
      }
      if (here === COLON && (i + 1 >= lineEnd || text.charCodeAt(i + 1) === SPACE)) throw NOT_PLAIN;
    }
    while (text.charCodeAt(end - 1) === SPACE) end--;
    this.at = end;
    return resolvePlain(text.slice(at, end));
  }

  /** Behind the closing quote; a quoted text of several lines is not for this reader. */
  quoteEnd(at: number): number {
    const { text, lineEnd } = this;
    const quote = text.charCodeAt(at);
    for (let i = at + 1; i < lineEnd; i++) {
      const here = text.charCodeAt(i);
      if (here === BACKSLASH && quote === DOUBLE) i++;
      else if (here === quote) {
        if (quote === DOUBLE || text.charCodeAt(i + 1) !== SINGLE) return i + 1;
        i++;
      }
    }
    throw NOT_PLAIN;
  }

  unquote(at: number, end: number): string {
    const inner = this.text.slice(at + 1, end - 1);
    if (this.text.charCodeAt(at) === SINGLE) return inner.replaceAll("''", "'");
    if (!inner.includes('\\')) return inner;
    return inner.replaceAll(/\\(.)/g, (_, character: string) => {
      const escaped = ESCAPES.get(character);
      if (escaped === undefined) throw NOT_PLAIN;
      return escaped;
    });
  }

  flow(at: number, depth: number): Json {
    this.count(depth);
    const isMap = this.text.charCodeAt(at) === OPEN_MAP;
    const close = isMap ? CLOSE_MAP : CLOSE_LIST;
    const list: Json[] = [];
    const map: JsonObject = {};
    let here = this.skip(at + 1);
    if (this.text.charCodeAt(here) === close) {
      this.at = here + 1;
      return isMap ? map : list;
    }
    for (;;) {
      if (isMap) here = this.flowEntry(map, here, depth);
      else {
        list.push(this.flowValue(here, depth));
        here = this.skip(this.at);
        if (this.text.charCodeAt(here) === COLON) throw NOT_PLAIN;
      }
      const code = this.text.charCodeAt(here);
      this.flowLexemes += LEXEMES_A_LINE;
      if (code === close) break;
      if (code !== COMMA) throw NOT_PLAIN;
      here = this.skip(here + 1);
      if (this.text.charCodeAt(here) === close) throw NOT_PLAIN;
    }
    this.at = here + 1;
    return isMap ? map : list;
  }

  flowEntry(into: JsonObject, at: number, depth: number): number {
    const key = keyText(this.flowScalar(at));
    const colon = this.at;
    if (key === '__proto__' || key === '<<' || Object.hasOwn(into, key)) throw NOT_PLAIN;
    if (this.text.charCodeAt(colon) !== COLON || this.text.charCodeAt(colon + 1) !== SPACE) throw NOT_PLAIN;
    into[key] = this.flowValue(this.skip(colon + 1), depth);
    return this.skip(this.at);
  }

  flowValue(at: number, depth: number): Json {
    const code = this.text.charCodeAt(at);
    if (code === OPEN_LIST || code === OPEN_MAP) return this.flow(at, depth + 1);
    this.count(depth + 1);
    return this.flowScalar(at);
  }

  flowScalar(at: number): Json {
    const { text, lineEnd } = this;
    const code = text.charCodeAt(at);
    if (code === DOUBLE || code === SINGLE) {
      const end = this.quoteEnd(at);
      this.at = end;
      return this.unquote(at, end);
    }
    if (INDICATORS.has(code) || this.isItem(at)) throw NOT_PLAIN;
    let end = at;
    for (; end < lineEnd; end++) {
      const here = text.charCodeAt(end);
      if (here === COMMA || here === OPEN_LIST || here === CLOSE_LIST || here === OPEN_MAP || here === CLOSE_MAP) break;
      if (here === HASH && text.charCodeAt(end - 1) === SPACE) throw NOT_PLAIN;
      if (here !== COLON) continue;
      const after = text.charCodeAt(end + 1);
      if (after === SPACE) break;
      if (end + 1 >= lineEnd || after === COMMA || after === CLOSE_LIST || after === CLOSE_MAP) throw NOT_PLAIN;
      if (after === OPEN_LIST || after === OPEN_MAP) throw NOT_PLAIN;
    }
    if (end >= lineEnd) throw NOT_PLAIN;
    let last = end;
    while (text.charCodeAt(last - 1) === SPACE) last--;
    if (last === at || (text.charCodeAt(end) === COLON && last !== end)) throw NOT_PLAIN;
    this.at = end;
    return resolvePlain(text.slice(at, last));
  }

  skip(from: number): number {
    let at = from;
    while (at < this.lineEnd && this.text.charCodeAt(at) === SPACE) at++;
    if (at >= this.lineEnd || this.text.charCodeAt(at) === HASH) throw NOT_PLAIN;
    return at;
  }

  /** A literal block, `|` or `|-`, whose first line gives the indentation. */
  literal(at: number, indent: number, depth: number): Json {
    const { text } = this;
    this.count(depth + 1);
    const header = text.slice(at, this.lineEnd);
    if (header !== '|' && header !== '|-') throw NOT_PLAIN;
    const lines: string[] = [];
    let own = -1;
    let from = this.lineEnd + 1;
    for (;;) {
      const end = text.indexOf('\n', from);
      // The last line of a text without a line end is not for this reader.
      if (end < 0 && from < text.length) throw NOT_PLAIN;
      if (end < 0) break;
      let first = from;
      while (text.charCodeAt(first) === SPACE) first++;
      const width = first - from;
      if (first === end) {
        if (width > Math.max(own, 0)) throw NOT_PLAIN;
        lines.push('');
      } else {
        if (own < 0) own = width > indent ? width : -1;
        if (own < 0 || width < own) break;
        lines.push(text.slice(from + own, end));
      }
      this.lines++;
      from = end + 1;
    }
    if (own < 0 || lines[0] === '') throw NOT_PLAIN;
    while (lines.at(-1) === '') lines.pop();
    this.lineEnd = from - 1;
    this.next();
    if (this.indent > indent) throw NOT_PLAIN;
    return `${lines.join('\n')}${header === '|' ? '\n' : ''}`;
  }
}

/** Reads a stream of maps; undefined where something in it is not for this reader. Documents of comments alone are left out. */
export function readBlockYaml(text: string, limits: DecodeLimits): BlockDocument[] | undefined {
  if (UNUSUAL.test(text)) return undefined;
  const reader = new Reader(text, limits);
  const documents: BlockDocument[] = [];
  try {
    reader.next();
    for (;;) {
      if (reader.indent < 0 && reader.at < text.length) {
        if (text.charCodeAt(reader.at) !== DASH) return undefined;
        reader.finishLine(reader.at + 3);
        reader.next();
        continue;
      }
      const document = reader.document();
      if (!document) break;
      documents.push(document);
    }
  } catch (error) {
    if (error === NOT_PLAIN) return undefined;
    throw error;
  }
  const lexemes = text.length <= limits.lexemes_max ? 0 : reader.lines * LEXEMES_A_LINE + reader.flowLexemes;
  return lexemes > limits.lexemes_max ? undefined : documents;
}
