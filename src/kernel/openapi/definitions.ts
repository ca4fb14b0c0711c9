import type { Json, JsonObject, KindRef } from '../object.ts';
import { typeTable } from '../schema/builtin.ts';
import type { Field, Schema, ValueRules } from '../schema/schema.ts';
import { definitionName, WELL_KNOWN } from './names.ts';

/** Which dialect of OpenAPI is written: v2 has no `oneOf`, `nullable` nor references beside other words. */
export type OpenApiVersion = 'v2' | 'v3';

const WELL_KNOWN_SCHEMAS = (version: OpenApiVersion): ReadonlyMap<string, JsonObject> => {
  const v3 = version === 'v3';
  return new Map<string, JsonObject>([
    [WELL_KNOWN.time, { type: 'string', format: 'date-time' }],
    [WELL_KNOWN.microTime, { type: 'string', format: 'date-time' }],
    [WELL_KNOWN.fields, { type: 'object' }],
    [WELL_KNOWN.patch, { type: 'object' }],
    [WELL_KNOWN.raw, { type: 'object' }],
    [WELL_KNOWN.quantity, v3 ? { oneOf: [{ type: 'string' }, { type: 'number' }] } : { type: 'string' }],
    [
      WELL_KNOWN.intOrString,
      v3
        ? { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
        : { format: 'int-or-string', type: 'string' },
    ],
    [WELL_KNOWN.json, {}],
    [WELL_KNOWN.schemaOrArray, {}],
    [WELL_KNOWN.schemaOrBool, {}],
    [WELL_KNOWN.schemaOrStrings, {}],
  ]);
};

const ANY_BY_FORMAT: Readonly<Record<string, string>> = {
  raw: WELL_KNOWN.raw,
  fields: WELL_KNOWN.fields,
  json: WELL_KNOWN.json,
  schemaorarray: WELL_KNOWN.schemaOrArray,
  schemaorbool: WELL_KNOWN.schemaOrBool,
  schemaorstrings: WELL_KNOWN.schemaOrStrings,
};

const TYPES: Readonly<Partial<Record<Schema['type'], string>>> = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  object: 'object',
  map: 'object',
  list: 'array',
};

/** Collects the definitions a document needs, each once. */
export class Definitions {
  readonly #version: OpenApiVersion;
  readonly #wellKnown: ReadonlyMap<string, JsonObject>;
  readonly #kinds: ReadonlyMap<string, KindRef[]>;
  readonly #written = new Map<string, JsonObject>();

  constructor(version: OpenApiVersion) {
    this.#version = version;
    this.#wellKnown = WELL_KNOWN_SCHEMAS(version);
    this.#kinds = kindsByType();
  }

  get version(): OpenApiVersion {
    return this.#version;
  }

  /** All definitions, sorted by name. */
  all(): JsonObject {
    return Object.fromEntries([...this.#written].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /** `{ $ref }` to a type of the table, which is added with everything it refers to. */
  reference(typeName: string): JsonObject {
    const name = definitionName(typeName);
    if (!this.#written.has(name)) {
      const schema = typeTable().schema(typeName);
      this.#written.set(name, {});
      if (schema !== undefined) this.#written.set(name, this.#object(schema, this.#kinds.get(typeName)));
    }
    return this.#ref(name);
  }

  #ref(name: string): JsonObject {
    return { $ref: `${this.#version === 'v3' ? '#/components/schemas/' : '#/definitions/'}${name}` };
  }

  #wellKnownRef(name: string): JsonObject {
    this.#written.set(name, this.#wellKnown.get(name)!);
    return this.#ref(name);
  }

  /** A reference to a well-known type by its full name. */
  wellKnown(name: (typeof WELL_KNOWN)[keyof typeof WELL_KNOWN]): JsonObject {
    return this.#wellKnownRef(name);
  }

  /** Adds a definition of its own, such as a custom kind's. */
  add(name: string, definition: JsonObject): JsonObject {
    this.#written.set(name, definition);
    return this.#ref(name);
  }

  #object(schema: Schema, kinds: readonly KindRef[] | undefined): JsonObject {
    const properties: JsonObject = {};
    const required: string[] = [];
    for (const field of [...(schema.fields?.values() ?? [])].sort((left, right) => (left.name < right.name ? -1 : 1))) {
      properties[field.name] = this.field(field, schema.typeName !== undefined);
      if (field.required) required.push(field.name);
    }
    return {
      ...(schema.description ? { description: schema.description } : {}),
      type: 'object',
      ...(Object.keys(properties).length > 0 ? { properties } : {}),
      ...(required.length > 0 ? { required } : {}),
      ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(kinds
        ? { 'x-kubernetes-group-version-kind': kinds.map(({ group, kind, version }) => ({ group, kind, version })) }
        : {}),
    };
  }

  /** A property: a reference keeps its words beside it (`allOf` in v3, as the API server writes it). */
  field(field: Field, builtin = false): JsonObject {
    const wrap = builtin || field.default !== undefined;
    const written = this.value(field.schema, wrap, builtin);
    return field.default === undefined || this.#version === 'v2' ? written : { ...written, default: field.default };
  }

  /** An item of a built-in list or map: Go's zero value is its default. */
  #item(schema: Schema | undefined, builtin: boolean): JsonObject {
    if (schema === undefined) return {};
    if (!builtin || this.#version === 'v2') return this.value(schema);
    if (schema.typeName !== undefined) return { allOf: [this.reference(schema.typeName)], default: {} };
    const written = this.value(schema, false, builtin);
    if (schema.type === 'string' && schema.format === undefined) return { ...written, default: '' };
    return schema.type === 'integer' ? { ...written, default: 0 } : written;
  }

  /** Any schema node as OpenAPI. `wrap` asks for a form that can carry words beside a reference. */
  value(schema: Schema, wrap = false, builtin = false): JsonObject {
    const extensions = this.#extensions(schema);
    const referred = this.#referred(schema);
    if (referred !== undefined) {
      const plain = !wrap && Object.keys(extensions).length === 0;
      if (plain) return referred;
      return this.#version === 'v3' ? { allOf: [referred], ...extensions } : { ...referred, ...extensions };
    }
    if (schema.type === 'object' && schema.typeName === undefined)
      return { ...this.#object(schema, undefined), ...extensions };
    const type = TYPES[schema.type] ?? (builtin ? 'object' : undefined);
    return {
      ...(type === undefined ? {} : { type }),
      ...(schema.format === undefined || schema.type === 'any' ? {} : { format: schema.format }),
      ...(schema.type === 'list' ? { items: this.#item(schema.items, builtin) } : {}),
      ...(schema.type === 'map' && schema.items ? { additionalProperties: this.#item(schema.items, builtin) } : {}),
      ...extensions,
      ...(schema.rules ? this.#rules(schema.rules) : {}),
    };
  }

  #referred(schema: Schema): JsonObject | undefined {
    if (schema.typeName !== undefined) return this.reference(schema.typeName);
    if (schema.rules !== undefined) return undefined;
    if (schema.type === 'quantity') return this.#wellKnownRef(WELL_KNOWN.quantity);
    if (schema.type === 'int-or-string') return this.#wellKnownRef(WELL_KNOWN.intOrString);
    if (schema.format === 'date-time') return this.#wellKnownRef(WELL_KNOWN.time);
    if (schema.format === 'micro-time') return this.#wellKnownRef(WELL_KNOWN.microTime);
    const any =
      schema.type === 'any' && schema.format !== undefined && Object.hasOwn(ANY_BY_FORMAT, schema.format)
        ? ANY_BY_FORMAT[schema.format]
        : undefined;
    return any === undefined ? undefined : this.#wellKnownRef(any);
  }

  #extensions(schema: Schema): JsonObject {
    return {
      ...(schema.description ? { description: schema.description } : {}),
      ...(schema.listType ? { 'x-kubernetes-list-type': schema.listType } : {}),
      ...(schema.listMapKeys ? { 'x-kubernetes-list-map-keys': [...schema.listMapKeys] } : {}),
      ...(schema.atomic && schema.typeName === undefined ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(schema.patchStrategy ? { 'x-kubernetes-patch-strategy': schema.patchStrategy.join(',') } : {}),
      ...(schema.patchMergeKey ? { 'x-kubernetes-patch-merge-key': schema.patchMergeKey } : {}),
      ...(schema.nullable && this.#version === 'v3' ? { nullable: true } : {}),
      ...(schema.preserveUnknown && schema.format === undefined
        ? { 'x-kubernetes-preserve-unknown-fields': true }
        : {}),
      ...(schema.embedded ? { 'x-kubernetes-embedded-resource': true } : {}),
    };
  }

  #rules(rules: ValueRules): JsonObject {
    const { allOf, anyOf, oneOf, not, validations, ...plain } = rules;
    const list = (schemas: readonly Schema[]): Json[] => schemas.map(one => this.value(one));
    const combined: JsonObject =
      this.#version === 'v2'
        ? {}
        : {
            ...(allOf ? { allOf: list(allOf) } : {}),
            ...(anyOf ? { anyOf: list(anyOf) } : {}),
            ...(oneOf ? { oneOf: list(oneOf) } : {}),
            ...(not ? { not: this.value(not) } : {}),
          };
    return {
      ...(plain as JsonObject),
      ...combined,
      ...(validations ? { 'x-kubernetes-validations': validations.map(one => ({ ...one })) } : {}),
    };
  }
}

let kindsCache: ReadonlyMap<string, KindRef[]> | undefined;

function kindsByType(): ReadonlyMap<string, KindRef[]> {
  if (kindsCache) return kindsCache;
  const kinds = new Map<string, KindRef[]>();
  for (const [text, typeName] of typeTable().kinds()) {
    const [group, version, kind] = text.split('/');
    kinds.set(typeName, [...(kinds.get(typeName) ?? []), { group: group!, version: version!, kind: kind! }]);
  }
  kindsCache = kinds;
  return kinds;
}
