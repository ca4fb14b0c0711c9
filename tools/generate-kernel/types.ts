import type { OpenApiSchema } from './documents.ts';
import type { GoFact } from './goFacts.ts';
import { shortReference } from './names.ts';

/** A field as the tables keep it. */
export interface TableField {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: string;
  readonly listKeys?: string;
  readonly patch?: string;
  readonly mergeKey?: string;
  readonly atomic?: boolean;
  /** Known from fixtures of other releases only: the codec keeps it, the API does not serve it. */
  readonly preview?: boolean;
  tag?: string;
}

/** A type as the tables keep it: one line of text. */
export interface TableType {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly atomic: boolean;
  readonly preview?: boolean;
  readonly fields: readonly TableField[];
}

/** Types with a form of their own on the wire: they are words of the table's language, not lines. */
export const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['meta.v1.Time', 'time'],
  ['meta.v1.MicroTime', 'microtime'],
  ['meta.v1.FieldsV1', 'fields'],
  ['meta.v1.Patch', 'any'],
  ['apimachinery.runtime.RawExtension', 'raw'],
  ['apimachinery.api.resource.Quantity', 'q'],
  ['apimachinery.util.intstr.IntOrString', 'x'],
  ['apiextensions.v1.JSON', 'json'],
  ['apiextensions.v1.JSONSchemaPropsOrArray', 'schemaorarray'],
  ['apiextensions.v1.JSONSchemaPropsOrBool', 'schemaorbool'],
  ['apiextensions.v1.JSONSchemaPropsOrStringArray', 'schemaorstrings'],
]);

const reference = (schema: OpenApiSchema): string | undefined => schema.$ref ?? schema.allOf?.[0]?.$ref;

/** Writes a schema as a type expression: `s`, `[]core.v1.Container`, `{}q`. */
export function typeExpression(schema: OpenApiSchema): string {
  const referred = reference(schema);
  if (referred !== undefined) {
    const name = shortReference(referred);
    return SPECIAL.get(name) ?? name;
  }
  switch (schema.type) {
    case 'string':
      return schema.format === 'byte' ? 'bytes' : 's';
    case 'integer':
      return schema.format === 'int64' ? 'i64' : 'i32';
    case 'number':
      return 'f64';
    case 'boolean':
      return 'b';
    case 'array':
      return `[]${typeExpression(schema.items ?? {})}`;
    case 'object': {
      const values = schema.additionalProperties;
      if (values === undefined) return 'any';
      return values.type === 'array' ? `{}<>${typeExpression(values.items ?? {})}` : `{}${typeExpression(values)}`;
    }
    default:
      return 'any';
  }
}

function field(name: string, schema: OpenApiSchema, required: boolean): TableField {
  const listType = schema['x-kubernetes-list-type'];
  const listKeys = listType === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []).join(',') : listType;
  const patch = schema['x-kubernetes-patch-strategy'];
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  return {
    name,
    type: typeExpression(schema),
    required,
    ...(schema.default === undefined ? {} : { default: JSON.stringify(schema.default) }),
    ...(listKeys === undefined ? {} : { listKeys: listType === 'map' ? `map(${listKeys})` : listKeys }),
    ...(patch === undefined ? {} : { patch }),
    ...(mergeKey === undefined ? {} : { mergeKey }),
    ...(schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true } : {}),
  };
}

/** The types of the documents, in the order of their names. */
export function tableTypes(schemas: ReadonlyMap<string, OpenApiSchema>): TableType[] {
  const types: TableType[] = [];
  for (const [name, schema] of schemas) {
    if (SPECIAL.has(name) || name.startsWith('apimachinery.version.')) continue;
    const kinds = (schema['x-kubernetes-group-version-kind'] ?? []).map(
      kind => `${kind.group}/${kind.version}/${kind.kind}`,
    );
    types.push({
      name,
      kinds: kinds.length > 1 ? ['*'] : kinds,
      atomic: schema['x-kubernetes-map-type'] === 'atomic',
      fields: Object.entries(schema.properties ?? {}).map(([fieldName, property]) =>
        field(fieldName, property, schema.required?.includes(fieldName) ?? false),
      ),
    });
  }
  return types;
}

function goOptions(field: TableField, fact: GoFact | undefined): string {
  const mark = fact?.mark === 'z' || (fact?.mark === 'n' && !field.required) ? fact.mark : '';
  return [mark, fact?.type === undefined ? '' : `g=${fact.type}`].filter(part => part !== '').join(' ');
}

/** One line: `name kind? atomic?|field|field`, a field being `name[!] tag type option…`. */
export function typeLine(type: TableType, facts: ReadonlyMap<string, GoFact> | undefined): string {
  const head = [
    type.name,
    type.kinds.length > 0 ? `k=${type.kinds[0]}` : '',
    type.atomic ? 'atomic' : '',
    type.preview ? 'preview' : '',
  ];
  const fields = type.fields.map(one =>
    [
      one.name + (one.required ? '!' : ''),
      one.tag ?? '-',
      one.type,
      one.listKeys === undefined ? '' : `l=${one.listKeys}`,
      one.patch === undefined ? '' : `p=${one.patch}`,
      one.mergeKey === undefined ? '' : `m=${one.mergeKey}`,
      one.atomic ? 'atomic' : '',
      goOptions(one, facts?.get(one.name)),
      one.preview && !type.preview ? 'preview' : '',
      one.default === undefined ? '' : `d=${one.default}`,
    ]
      .filter(part => part !== '')
      .join(' '),
  );
  return [head.filter(part => part !== '').join(' '), ...fields].join('|');
}
