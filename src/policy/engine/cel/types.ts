import type { Schema } from '../../../kernel/index.ts';

/** A static type. `name` tells primitives and library types apart; `params` are of lists, maps, optionals and types. */
export interface CelType {
  readonly kind:
    | 'dyn'
    | 'error'
    | 'null'
    | 'prim'
    | 'list'
    | 'map'
    | 'type'
    | 'opaque'
    | 'object'
    | 'param'
    | 'wrapper';
  readonly name: string;
  readonly params: readonly CelType[];
  /** `object`: where its fields come from. */
  readonly schema?: Schema;
  readonly fields?: ReadonlyMap<string, CelType>;
}

const make = (kind: CelType['kind'], name: string, params: readonly CelType[] = []): CelType => ({
  kind,
  name,
  params,
});

export const DYN = make('dyn', 'dyn');
export const ERROR = make('error', '!error!');
export const NULL = make('null', 'null_type');
export const BOOL = make('prim', 'bool');
export const INT = make('prim', 'int');
export const UINT = make('prim', 'uint');
export const DOUBLE = make('prim', 'double');
export const STRING = make('prim', 'string');
export const BYTES = make('prim', 'bytes');
export const TIMESTAMP = make('opaque', 'google.protobuf.Timestamp');
export const DURATION = make('opaque', 'google.protobuf.Duration');
export const listOf = (item: CelType): CelType => make('list', 'list', [item]);
export const mapOf = (key: CelType, value: CelType): CelType => make('map', 'map', [key, value]);
export const typeOf = (of: CelType): CelType => make('type', 'type', [of]);
export const optionalOf = (of: CelType): CelType => make('opaque', 'optional_type', [of]);
export const opaque = (name: string, params: readonly CelType[] = []): CelType => make('opaque', name, params);
export const wrapperOf = (of: CelType): CelType => make('wrapper', 'wrapper', [of]);
export const param = (name: string): CelType => make('param', name);

const SIMPLE = new Map<string, CelType>([
  ['dyn', DYN],
  ['any', DYN],
  ['null', NULL],
  ['bool', BOOL],
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['string', STRING],
  ['bytes', BYTES],
  ['timestamp', TIMESTAMP],
  ['duration', DURATION],
]);

/** Reads the notation of declarations: `map<K, list<int>>`; single capitals are parameters, other names library types. */
export function typeFromText(text: string): CelType {
  const { type, rest } = readType(text.trim());
  if (rest !== '') throw new Error(`bad type ${text}`);
  return type;
}

function readType(text: string): { type: CelType; rest: string } {
  const name = /^[A-Za-z_][\w.]*/.exec(text)![0];
  let rest = text.slice(name.length).trimStart();
  const params: CelType[] = [];
  if (rest.startsWith('<')) {
    rest = rest.slice(1);
    for (;;) {
      const read = readType(rest.trimStart());
      params.push(read.type);
      rest = read.rest.trimStart();
      if (rest.startsWith(',')) rest = rest.slice(1);
      else break;
    }
    rest = rest.slice(1);
  }
  return { type: named(name, params), rest };
}

function named(name: string, params: readonly CelType[]): CelType {
  const simple = SIMPLE.get(name);
  if (simple) return simple;
  if (name === 'list') return listOf(params[0] ?? DYN);
  if (name === 'map') return mapOf(params[0] ?? DYN, params[1] ?? DYN);
  if (name === 'type') return typeOf(params[0] ?? DYN);
  if (name === 'optional') return optionalOf(params[0] ?? DYN);
  if (/^[A-Z]$/.test(name)) return param(name);
  return opaque(name, params);
}

const fromSchema = new WeakMap<Schema, CelType>();

/** The CEL type of a schema (apiextensions "Type Checking": formats become timestamps, durations and bytes). */
export function typeOfSchema(schema: Schema): CelType {
  const known = fromSchema.get(schema);
  if (known) return known;
  const type = convertSchema(schema);
  fromSchema.set(schema, type);
  return type;
}

function convertSchema(schema: Schema): CelType {
  switch (schema.type) {
    case 'object':
      if (schema.fields === undefined || schema.fields.size === 0) {
        return schema.items ? mapOf(STRING, typeOfSchema(schema.items)) : DYN;
      }
      return { kind: 'object', name: 'object', params: [], schema };
    case 'map':
      return mapOf(STRING, schema.items ? typeOfSchema(schema.items) : DYN);
    case 'list':
      return listOf(schema.items ? typeOfSchema(schema.items) : DYN);
    case 'string':
      if (schema.format === 'date' || schema.format === 'date-time') return TIMESTAMP;
      if (schema.format === 'duration') return DURATION;
      return schema.format === 'byte' ? BYTES : STRING;
    case 'integer':
      return INT;
    case 'number':
      return DOUBLE;
    case 'boolean':
      return BOOL;
    default:
      return DYN;
  }
}

/** An object with these fields. */
export function objectOf(name: string, fields: Iterable<readonly [string, CelType]>): CelType {
  return { kind: 'object', name, params: [], fields: new Map(fields) };
}

const ESCAPES: readonly (readonly [string, string])[] = [
  ['__underscores__', '__'],
  ['__dot__', '.'],
  ['__dash__', '-'],
  ['__slash__', '/'],
];
const KEYWORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** The property name a field stands for in typed expressions (apiextensions "Escaping"). */
export function unescapeField(field: string): string {
  if (!field.includes('__')) return field;
  const keyword = /^__(.+)__$/.exec(field)?.[1];
  if (keyword !== undefined && KEYWORDS.has(keyword)) return keyword;
  return field.replace(/__(?:underscores|dot|dash|slash)__/g, found => ESCAPES.find(([from]) => from === found)![1]);
}

/** The type of a field; undefined when the object has none of that name. */
export function fieldType(type: CelType, field: string): CelType | undefined {
  if (type.fields) return type.fields.get(field);
  const name = unescapeField(field);
  const found = type.schema?.fields?.get(name);
  if (found) return typeOfSchema(found.schema);
  // A field that the schema does not name but keeps is of unknown type.
  return type.schema?.preserveUnknown || type.schema?.items ? DYN : undefined;
}

/** As error messages write types. */
export function formatType(type: CelType): string {
  if (type === TIMESTAMP) return 'timestamp';
  if (type === DURATION) return 'duration';
  if (type.kind === 'null') return 'null';
  if (type.kind === 'wrapper') return `wrapper(${formatType(type.params[0]!)})`;
  if (type.kind === 'param') return 'dyn';
  if (type.params.length === 0 || (type.kind === 'type' && type.params[0]!.kind === 'dyn')) return type.name;
  return `${type.name}(${type.params.map(formatType).join(', ')})`;
}
