/**
 * Shapes: what a value of the grammar must look like, as one description that reads documents (with a Fault and its place for
 * everything wrong) and writes the JSON schema. The grammar is a table of them.
 */
import type { Fault, Span, Text } from '../../../base/index.ts';
import type { Decoded, Json, JsonObject, Path } from '../../../kernel/index.ts';
import { scenarioFaults } from './faults.ts';
import type { ScenarioFiles } from './files.ts';
import { nearest } from './nearest.ts';

/** What stands for a value that could not be read; its faults are with the reader. */
export const BAD = Symbol('bad');
export type Bad = typeof BAD;

/** A document being read. */
export class Reader {
  readonly document: Decoded;
  readonly files: ScenarioFiles;
  readonly faults: Fault[] = [];
  readonly #source: string;
  #lines: readonly string[] | undefined;

  /** `source` is the text the document stands in. */
  constructor(document: Decoded, files: ScenarioFiles, source = '') {
    this.document = document;
    this.files = files;
    this.#source = source;
  }

  /** Where a line and column (from 1) of a text value are in the file. */
  within(path: Path, line: number, column: number): Span {
    const start = this.at(path);
    this.#lines ??= this.#source.split('\n');
    const mark = this.#lines[start.line - 1]?.[start.column - 1];
    if (mark === '|' || mark === '>') {
      const indent = /^ */.exec(this.#lines[start.line] ?? '')![0].length;
      // A folded text has lost its lines: the first is as near as can be told.
      return mark === '|'
        ? { ...start, line: start.line + line, column: indent + column }
        : { ...start, line: start.line + 1 };
    }
    if (line > 1) return start;
    return { ...start, column: start.column + column - 1 + (mark === "'" || mark === '"' ? 1 : 0) };
  }

  /** What was written at a path; null where nothing was. */
  valueAt(path: Path): Json {
    let value: Json = this.document.value;
    for (const step of path) {
      const inside: Json | undefined =
        isObject(value) || Array.isArray(value) ? (value as JsonObject)[step] : undefined;
      if (inside === undefined) return null;
      value = inside;
    }
    return value;
  }

  at(path: Path): Span {
    const { file, line, column } = this.document.spanOf(path);
    return { file, line, column };
  }

  fault(fault: Fault): Bad {
    if (this.faults.length < FAULTS_MAX) this.faults.push(fault);
    return BAD;
  }
}

const FAULTS_MAX = 50;
const QUOTE_MAX = 60;

export interface Shape<T> {
  /** What is wanted, as in "must be …". */
  readonly says: Text;
  /** Whether a value is meant to be this, where there is a choice. */
  takes(value: Json): boolean;
  read(value: Json, path: Path, reader: Reader): T | Bad;
  readonly schema: JsonObject;
}

export type ShapeOf<S> = S extends Shape<infer T> ? T : never;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** How a value is quoted in a message. */
export function quote(value: Json): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > QUOTE_MAX ? `${text.slice(0, QUOTE_MAX)}…` : text;
}

const fieldOf = (path: Path): string => {
  const last = path.at(-1);
  if (typeof last !== 'number') return String(last ?? 'document');
  return `${String(path.at(-2) ?? '')}[${last}]`;
};

/** YAML 1.1 as Kubernetes reads it takes y, n, on, off … for truth values. */
const UNQUOTED = {
  en: ' (y, n, yes, no, on and off are truth values: put texts in quotes)',
  zh: '(y、n、yes、no、on、off 会被读作布尔值:文本请加引号)',
};

/** The fault for a value that is not what it must be. */
export function wrong(value: Json, path: Path, reader: Reader, wanted: Text): Bad {
  const said = quote(value);
  const got = typeof value === 'boolean' ? { en: `${said}${UNQUOTED.en}`, zh: `${said}${UNQUOTED.zh}` } : said;
  const params = { field: fieldOf(path), got, wanted };
  return reader.fault(scenarioFaults.make('wrong-value', params, reader.at(path)));
}

/** A value that is one text or number: `parse` answers undefined where it is none. */
export function scalar<T>(says: Text, parse: (value: Json) => T | undefined, schema: JsonObject): Shape<T> {
  return {
    says,
    takes: value => !isObject(value) && !Array.isArray(value),
    read(value, path, reader) {
      return parse(value) ?? wrong(value, path, reader, says);
    },
    schema,
  };
}

export const text = (says: Text, pattern?: RegExp, length_max = 4096): Shape<string> =>
  scalar(
    says,
    value =>
      typeof value === 'string' && value !== '' && value.length <= length_max && (!pattern || pattern.test(value))
        ? value
        : undefined,
    { type: 'string', ...(pattern ? { pattern: pattern.source } : { minLength: 1 }) },
  );

export function whole(says: Text, min: number, max: number): Shape<number> {
  const good = (value: Json): value is number =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  return scalar(says, value => (good(value) ? value : undefined), { type: 'integer', minimum: min, maximum: max });
}

export function amount(says: Text, min: number, max: number): Shape<number> {
  return scalar(says, value => (typeof value === 'number' && value >= min && value <= max ? value : undefined), {
    type: 'number',
    minimum: min,
    maximum: max,
  });
}

export const truth: Shape<boolean> = {
  ...scalar<boolean>(
    { en: 'true or false', zh: 'true 或 false' },
    value => (typeof value === 'boolean' ? value : undefined),
    {
      type: 'boolean',
    },
  ),
};

/** A word that is there or not. */
export const onlyTrue: Shape<true> = scalar<true>(
  { en: 'true', zh: 'true' },
  value => (value === true ? true : undefined),
  { const: true },
);

/** Any JSON. */
export const anything: Shape<Json> = {
  says: { en: 'any value', zh: '任意值' },
  takes: () => true,
  read: value => value,
  schema: {},
};

export function choice<const T extends string>(...names: readonly T[]): Shape<T> {
  const says = { en: `one of ${names.join(', ')}`, zh: `其一:${names.join('、')}` };
  return scalar(says, value => names.find(name => name === value), { enum: [...names] });
}

export function list<T>(item: Shape<T>, says: Text, max = 10_000, min = 0): Shape<readonly T[]> {
  return {
    says,
    takes: value => Array.isArray(value),
    read(value, path, reader) {
      if (!Array.isArray(value) || value.length > max || value.length < min) return wrong(value, path, reader, says);
      const items = value.map((one, index) => item.read(one, [...path, index], reader));
      return items.includes(BAD) ? BAD : (items as T[]);
    },
    schema: { type: 'array', items: item.schema, ...(min > 0 ? { minItems: min } : {}) },
  };
}

/** One or several. */
export function some<T>(item: Shape<T>, says: Text): Shape<readonly T[]> {
  const many = list(item, says, 10_000, 1);
  return {
    says,
    takes: () => true,
    read(value, path, reader) {
      if (Array.isArray(value)) return many.read(value, path, reader);
      const one = item.read(value, path, reader);
      return one === BAD ? BAD : [one];
    },
    schema: { anyOf: [item.schema, many.schema] },
  };
}

/** A map by names. */
export function mapOf<T>(item: Shape<T>, says: Text, max = 1000): Shape<Readonly<Record<string, T>>> {
  return {
    says,
    takes: isObject,
    read(value, path, reader) {
      if (!isObject(value) || Object.keys(value).length > max) return wrong(value, path, reader, says);
      const entries = Object.entries(value).map(
        ([name, one]) => [name, item.read(one, [...path, name], reader)] as const,
      );
      return entries.some(([, one]) => one === BAD) ? BAD : (Object.fromEntries(entries) as Record<string, T>);
    },
    schema: { type: 'object', additionalProperties: item.schema },
  };
}

/** A field of an object: its shape, what is taken where it is absent, and what it says. */
export interface Field<T> {
  readonly shape: Shape<unknown>;
  readonly required: boolean;
  readonly fallback?: T;
  readonly about: string;
}
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ReadFields<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export const need = <T>(shape: Shape<T>, about: string): Field<T> => ({ shape, required: true, about });
export const may = <T>(shape: Shape<T>, about: string): Field<T | undefined> => ({ shape, required: false, about });
export const or = <T>(shape: Shape<T>, fallback: T, about: string): Field<T> => ({
  shape,
  required: false,
  fallback,
  about,
});

const both = (en: string): Text => ({ en, zh: en });

function unknownField(field: string, of: Text, known: readonly string[], path: Path, reader: Reader): void {
  const params = { field, of, near: nearest(field, known), known: known.join(', ') };
  reader.fault(scenarioFaults.make('unknown-field', params, reader.at([...path, field])));
}

/** An object with these fields and no others. `exactlyOne` names fields of which one and only one must be there. */
export function object<F extends Fields>(
  of: Text | string,
  fields: F,
  exactlyOne: readonly (keyof F & string)[] = [],
): Shape<ReadFields<F>> {
  const name = typeof of === 'string' ? both(of) : of;
  const says = { en: `an object: ${name.en}`, zh: `对象:${name.zh}` };
  const known = Object.keys(fields);
  const required = known.filter(field => fields[field]!.required);
  return {
    says,
    takes: isObject,
    read(value, path, reader) {
      if (!isObject(value)) return wrong(value, path, reader, says);
      let bad = false;
      for (const key of Object.keys(value)) {
        if (Object.hasOwn(fields, key)) continue;
        unknownField(key, name, known, path, reader);
        bad = true;
      }
      const read: Record<string, unknown> = {};
      for (const key of known) {
        const field = fields[key]!;
        const given = Object.hasOwn(value, key) ? value[key] : undefined;
        if (given !== undefined && (given !== null || field.required)) {
          read[key] = field.shape.read(given, [...path, key], reader);
          bad ||= read[key] === BAD;
        } else if (field.required) {
          reader.fault(scenarioFaults.make('missing-field', { of: name, field: key }, reader.at(path)));
          bad = true;
        } else if (field.fallback !== undefined) read[key] = field.fallback;
      }
      const chosen = exactlyOne.filter(key => value[key] !== undefined && value[key] !== null);
      if (exactlyOne.length > 0 && chosen.length !== 1) {
        const got = chosen.length > 0 ? chosen.join(', ') : { en: 'none', zh: '无' };
        const params = { of: name, got, known: exactlyOne.join(', ') };
        return reader.fault(scenarioFaults.make('one-thing', params, reader.at(path)));
      }
      return bad ? BAD : (read as ReadFields<F>);
    },
    schema: {
      title: name.en,
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(
        known.map(key => [key, { description: fields[key]!.about, ...fields[key]!.shape.schema }]),
      ),
      ...(required.length > 0 ? { required } : {}),
      ...(exactlyOne.length > 0 ? { oneOf: exactlyOne.map(key => ({ required: [key] })) } : {}),
    },
  };
}

/** The first shape that takes the value reads it; where none does, `says` is what must be. */
export function either<A>(says: Text, a: Shape<A>): Shape<A>;
export function either<A, B>(says: Text, a: Shape<A>, b: Shape<B>): Shape<A | B>;
export function either<A, B, C>(says: Text, a: Shape<A>, b: Shape<B>, c: Shape<C>): Shape<A | B | C>;
export function either(says: Text, ...shapes: readonly Shape<unknown>[]): Shape<unknown> {
  return {
    says,
    takes: value => shapes.some(shape => shape.takes(value)),
    read(value, path, reader) {
      const shape = shapes.find(one => one.takes(value));
      return shape ? shape.read(value, path, reader) : wrong(value, path, reader, says);
    },
    schema: { anyOf: shapes.map(shape => shape.schema) },
  };
}

/** The same shape, its value made into another; `make` may add faults and answer BAD. */
export function into<A, B>(
  shape: Shape<A>,
  make: (value: A, path: Path, reader: Reader) => B | Bad,
  more: Partial<Pick<Shape<B>, 'says' | 'takes'>> = {},
): Shape<B> {
  return {
    says: more.says ?? shape.says,
    takes: more.takes ?? (value => shape.takes(value)),
    read(value, path, reader) {
      const read = shape.read(value, path, reader);
      return read === BAD ? BAD : make(read, path, reader);
    },
    schema: shape.schema,
  };
}
