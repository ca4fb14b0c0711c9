import type { Fault, Parsed, Span } from '../../base/index.ts';
import type { Json } from '../object.ts';
import { type BlockDocument, readBlockYaml } from './block-yaml.ts';
import { decodeFaults } from './faults.ts';
import { JsonSyntaxError, type ScannedJson, scanJson, type Spot, spotAt } from './json.ts';
import { DEFAULT_LIMITS, type DecodeLimits } from './limits.ts';
import { type Path, parsePath } from './path.ts';
import { LineCounter, readYaml } from './yaml.ts';

/** One document of a text. */
export interface Decoded {
  readonly value: Json;
  readonly file: string;
  /** Position of the document in its file, counted over non-empty documents from 0. */
  readonly index: number;
  /** Where the value at a path stands; where it is absent, the nearest value around it. */
  spanOf(path: string | Path): Span;
}

export interface DecodeOptions {
  /** The name spans carry. */
  readonly file: string;
  readonly limits?: Partial<DecodeLimits>;
}

class Places {
  readonly #file: string;
  readonly #lines: LineCounter;
  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  at(offset: number): Span {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  span(spot: Spot): Span {
    const end = this.#lines.linePos(spot.end);
    return { ...this.at(spot.start), endLine: Math.max(1, end.line), endColumn: Math.max(1, end.col) };
  }

  decoded(value: Json, spot: Spot, index: number): Decoded {
    const spanOf = (path: string | Path): Span => {
      return this.span(spotAt(spot, typeof path === 'string' ? parsePath(path) : path));
    };
    return { value, file: this.#file, index, spanOf };
  }
}

function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return lines;
}

/** Concatenated JSON values, or the reason the text is not that. */
function readJson(text: string, limits: DecodeLimits): ScannedJson[] | JsonSyntaxError {
  const found: ScannedJson[] = [];
  try {
    for (let at = 0; at < text.length; ) {
      const scanned = scanJson(text, at, limits.depth_max);
      found.push(scanned);
      at = scanned.end;
    }
    return found;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
}

/**
 * Reads a YAML stream or concatenated JSON as kubectl does; duplicate keys, syntax and limits are faults with their place.
 * Documents that could not be read are left out of the value, all others are in it. `List` kinds are not flattened.
 */
export function decodeDocuments(source: string, options: DecodeOptions): Parsed<Decoded[]> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const text = source.charCodeAt(0) === 0xfeff ? ` ${source.slice(1)}` : source;
  const size = text.length > limits.size_bytes_max ? text.length : Buffer.byteLength(text);
  if (size > limits.size_bytes_max) {
    const where = { file: options.file, line: 1, column: 1 };
    return { value: [], faults: [decodeFaults.make('too-large', { size, limit: limits.size_bytes_max }, where)] };
  }
  if (/^\s*\{/.test(text)) {
    const json = readJson(text, limits);
    if (Array.isArray(json)) return fromJson(json, new Places(options.file, linesOf(text)));
    const yaml = fromYaml(text, options.file, limits);
    if (yaml.faults.length === 0) return yaml;
    const where = new Places(options.file, linesOf(text)).at(json.offset);
    return { value: [], faults: [decodeFaults.make('syntax', { reason: json.message }, where)] };
  }
  return fromYaml(text, options.file, limits);
}

function fromJson(values: readonly ScannedJson[], places: Places): Parsed<Decoded[]> {
  const faults: Fault[] = [];
  const value: Decoded[] = [];
  for (const one of values) {
    for (const duplicate of one.duplicates) {
      faults.push(decodeFaults.make('duplicate-key', { key: duplicate.key }, places.at(duplicate.offset)));
    }
    if (one.duplicates.length === 0) value.push(places.decoded(one.value, one.spot, value.length));
  }
  return { value, faults };
}

/** Places in a text that was read quickly: the whole reader is asked when somebody wants more than where a document starts. */
class LatePlaces {
  readonly #text: string;
  readonly #file: string;
  readonly #limits: DecodeLimits;
  #lines: LineCounter | undefined;
  #spots: readonly Spot[] | undefined;

  constructor(text: string, file: string, limits: DecodeLimits) {
    this.#text = text;
    this.#file = file;
    this.#limits = limits;
  }

  decoded({ value, start }: BlockDocument, index: number): Decoded {
    return {
      value,
      file: this.#file,
      index,
      spanOf: path => {
        const steps = typeof path === 'string' ? parsePath(path) : path;
        return steps.length === 0 ? this.#root(start, index) : this.#exact(steps, index);
      },
    };
  }

  get #counter(): LineCounter {
    return (this.#lines ??= linesOf(this.#text));
  }

  #exact(path: Path, index: number): Span {
    const counter = this.#counter;
    this.#spots ??= readYaml(this.#text, this.#limits, new LineCounter())
      .filter(document => !document.empty)
      .map(document => document.spot);
    return new Places(this.#file, counter).span(spotAt(this.#spots[index]!, path));
  }

  #root(start: number, index: number): Span {
    const { line, col: column } = this.#counter.linePos(start);
    const whole = (): Span => this.#exact([], index);
    return {
      file: this.#file,
      line,
      column,
      get endLine() {
        return whole().endLine!;
      },
      get endColumn() {
        return whole().endColumn!;
      },
    };
  }
}

function fromYaml(text: string, file: string, limits: DecodeLimits): Parsed<Decoded[]> {
  const quick = readBlockYaml(text, limits);
  if (quick) {
    const late = new LatePlaces(text, file, limits);
    return { value: quick.map((document, index) => late.decoded(document, index)), faults: [] };
  }
  const lines = new LineCounter();
  const documents = readYaml(text, limits, lines);
  const places = new Places(file, lines);
  const faults: Fault[] = [];
  const value: Decoded[] = [];
  let index = 0;
  for (const document of documents) {
    for (const one of document.faults) faults.push({ ...one.fault, where: places.at(one.offset) });
    if (document.empty) continue;
    if (document.faults.length === 0) value.push(places.decoded(document.value, document.spot, index));
    index++;
  }
  return { value, faults };
}

/** One YAML body of a request: the first document, and the lines of keys that occur twice. */
export interface YamlBody {
  readonly value: Json;
  /** `line 3: key "a" already set in map`, as the API server words it. */
  readonly duplicates: readonly string[];
}

/** Reads a YAML request body; throws {@link JsonSyntaxError} where it cannot be read. */
export function parseYaml(text: string, limits: DecodeLimits = DEFAULT_LIMITS): YamlBody {
  const lines = new LineCounter();
  const document = readYaml(text, limits, lines).find(one => !one.empty);
  if (document === undefined) return { value: null, duplicates: [] };
  const duplicates: string[] = [];
  for (const { fault, offset, path } of document.faults) {
    const { line } = lines.linePos(spotAt(document.spot, path ?? []).start);
    if (fault.code !== 'decode/duplicate-key') {
      throw new JsonSyntaxError(
        `error converting YAML to JSON: yaml: line ${line}: ${String(fault.params.reason ?? fault.code)}`,
        offset,
      );
    }
    duplicates.push(`line ${line}: key "${String(fault.params.key)}" already set in map`);
  }
  return { value: document.value, duplicates };
}
