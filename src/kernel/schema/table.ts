import type { Json } from '../object.ts';
import type { Field, Schema } from './schema.ts';

/**
 * The language of the generated type table: one type a line, `name k=group/version/Kind atomic|field|field`, a field
 * being `name[!] tag type option…`. `tag` is the protobuf number, `outer.inner` where Go embeds one struct in another.
 * Types: s i32 i64 f64 b bytes time microtime q x raw fields json any, `[]T`, `{}T` (map), `<>T` (a list that is a message
 * of its own), else the name of another line. Options: l= list type, p= patch strategy, m= merge key, d= default, z left out
 * when zero, n written when empty, g= the name Go's decoder gives the type.
 */
export interface TypeLine {
  readonly name: string;
  /** `group/version/Kind`, or `*` for option kinds that every group has. */
  readonly kind?: string;
  readonly atomic: boolean;
  readonly fields: string;
}

function parseHead(line: string): TypeLine {
  const bar = line.indexOf('|');
  const [name, ...options] = (bar < 0 ? line : line.slice(0, bar)).split(' ');
  const kind = options.find(option => option.startsWith('k='))?.slice(2);
  return {
    name: name!,
    ...(kind === undefined ? {} : { kind }),
    atomic: options.includes('atomic'),
    fields: bar < 0 ? '' : line.slice(bar + 1),
  };
}

const SCALARS: ReadonlyMap<string, Schema> = new Map<string, Schema>([
  ['s', { type: 'string' }],
  ['i32', { type: 'integer', format: 'int32' }],
  ['i64', { type: 'integer', format: 'int64' }],
  ['f64', { type: 'number', format: 'double' }],
  ['b', { type: 'boolean' }],
  ['bytes', { type: 'string', format: 'byte' }],
  ['time', { type: 'string', format: 'date-time' }],
  ['microtime', { type: 'string', format: 'micro-time' }],
  ['duration', { type: 'string', format: 'duration' }],
  ['q', { type: 'quantity' }],
  ['x', { type: 'int-or-string' }],
  ['raw', { type: 'any', format: 'raw', preserveUnknown: true }],
  ['fields', { type: 'any', format: 'fields', preserveUnknown: true }],
  ['json', { type: 'any', format: 'json', preserveUnknown: true }],
  ['any', { type: 'any', preserveUnknown: true }],
]);

interface FieldOptions {
  listType?: Schema['listType'];
  listMapKeys?: readonly string[];
  patchStrategy?: Schema['patchStrategy'];
  patchMergeKey?: string;
  atomic?: boolean;
  goType?: string;
}

/** Options of the field, not of its type. */
const FIELD_MARKS: ReadonlySet<string> = new Set(['preview', 'z', 'n']);

function parseOption(option: string, into: FieldOptions): void {
  const value = option.slice(2);
  if (option === 'atomic') into.atomic = true;
  else if (option.startsWith('l=')) {
    if (value.startsWith('map(')) {
      into.listType = 'map';
      into.listMapKeys = value.slice(4, -1).split(',');
    } else into.listType = value === 'set' ? 'set' : 'atomic';
  } else if (option.startsWith('p=')) into.patchStrategy = value.split(',') as NonNullable<Schema['patchStrategy']>;
  else if (option.startsWith('m=')) into.patchMergeKey = value;
  else if (option.startsWith('g=')) into.goType = value;
}

/** Reads a table on demand: a line becomes a Schema when it is first asked for, its fields when they are first read. */
export class TypeTable {
  readonly #lines = new Map<string, string>();
  readonly #kinds = new Map<string, string>();
  readonly #schemas = new Map<string, Schema>();
  readonly #previews: boolean;

  /** `previews` admits types and fields of other releases, which the codec keeps and the API does not serve. */
  constructor(text: string, options: { readonly previews: boolean }) {
    this.#previews = options.previews;
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const bar = line.indexOf('|');
      const head = bar < 0 ? line : line.slice(0, bar);
      if (!this.#previews && head.endsWith(' preview')) continue;
      const space = head.indexOf(' ');
      const name = space < 0 ? head : head.slice(0, space);
      this.#lines.set(name, line);
      const kind = space < 0 ? -1 : head.indexOf(' k=');
      if (kind >= 0) {
        const end = head.indexOf(' ', kind + 1);
        const key = head.slice(kind + 3, end < 0 ? undefined : end);
        if (key !== '*') this.#kinds.set(key, name);
      }
    }
  }

  /** Names of all types, sorted. */
  names(): Iterable<string> {
    return this.#lines.keys();
  }

  /** The type of a kind, `group/version/Kind`. */
  typeOfKind(kind: string): string | undefined {
    return this.#kinds.get(kind);
  }

  /** `group/version/Kind` and type name of every kind. */
  kinds(): Iterable<[kind: string, typeName: string]> {
    return this.#kinds;
  }

  line(name: string): TypeLine | undefined {
    const text = this.#lines.get(name);
    return text === undefined ? undefined : parseHead(text);
  }

  schema(name: string): Schema | undefined {
    const known = this.#schemas.get(name);
    if (known !== undefined) return known;
    const text = this.#lines.get(name);
    if (text === undefined) return undefined;
    const line = parseHead(text);
    let fields: ReadonlyMap<string, Field> | undefined;
    const schema: Schema = {
      type: 'object',
      typeName: name,
      get fields() {
        fields ??= parse();
        return fields;
      },
      ...(line.atomic ? { atomic: true } : {}),
    };
    const parse = (): ReadonlyMap<string, Field> => this.#fields(line.fields);
    this.#schemas.set(name, schema);
    return schema;
  }

  #fields(text: string): ReadonlyMap<string, Field> {
    const fields = new Map<string, Field>();
    if (text === '') return fields;
    for (const part of text.split('|')) {
      if (!this.#previews && part.endsWith(' preview')) continue;
      const field = this.#field(part);
      fields.set(field.name, field);
    }
    return fields;
  }

  #field(text: string): Field {
    const [mark, tag, expression, ...rest] = text.split(' ');
    const required = mark!.endsWith('!');
    const options: FieldOptions = {};
    let value: Json | undefined;
    for (const option of rest) {
      if (option.startsWith('d=')) value = JSON.parse(option.slice(2)) as Json;
      else parseOption(option, options);
    }
    const tags = tag!.split('.').map(Number);
    const bare = this.#expression(expression!);
    let schema = bare;
    if (rest.some(option => !option.startsWith('d=') && !FIELD_MARKS.has(option))) {
      schema =
        bare.type === 'object' ? withLazyFields(bare, options) : { ...bare, ...options, ...goItems(bare, options) };
    }
    return {
      name: required ? mark!.slice(0, -1) : mark!,
      schema,
      ...(required ? { required } : {}),
      ...(rest.includes('z') ? { omitZero: true } : {}),
      ...(rest.includes('n') ? { keepEmpty: true } : {}),
      ...(value === undefined ? {} : { default: value }),
      ...(tag === '-' ? {} : { tag: tags.at(-1)! }),
      ...(tags.length > 1 ? { embeddedTags: tags.slice(0, -1) } : {}),
    };
  }

  #expression(text: string): Schema {
    if (text.startsWith('[]')) return { type: 'list', items: this.#expression(text.slice(2)) };
    if (text.startsWith('{}')) return { type: 'map', items: this.#expression(text.slice(2)) };
    if (text.startsWith('<>')) return { type: 'list', items: this.#expression(text.slice(2)), wrapped: true };
    const scalar = SCALARS.get(text);
    if (scalar !== undefined) return scalar;
    if (text === 'schemaorarray' || text === 'schemaorbool' || text === 'schemaorstrings') {
      const inner = (): Schema => this.schema('apiextensions.v1.JSONSchemaProps')!;
      return {
        type: 'any',
        format: text,
        preserveUnknown: true,
        get items() {
          return inner();
        },
      };
    }
    return this.schema(text) ?? { type: 'any', preserveUnknown: true };
  }
}

/** A list of named scalars names its items: `[]v1.IPFamily`. */
function goItems(bare: Schema, { goType }: FieldOptions): Partial<Schema> {
  return goType?.startsWith('[]') && bare.items ? { items: { ...bare.items, goType: goType.slice(2) } } : {};
}

/** A copy that differs in options only and still reads its fields when they are first asked for. */
function withLazyFields(bare: Schema, options: FieldOptions): Schema {
  return {
    type: bare.type,
    ...(bare.typeName === undefined ? {} : { typeName: bare.typeName }),
    get fields() {
      return bare.fields!;
    },
    ...(bare.atomic ? { atomic: true } : {}),
    ...options,
  };
}
