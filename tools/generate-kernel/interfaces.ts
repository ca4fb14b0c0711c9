import { SPECIAL, type TableType } from './types.ts';

const SCALARS: Readonly<Record<string, string>> = {
  s: 'string',
  i32: 'number',
  i64: 'number',
  f64: 'number',
  b: 'boolean',
  bytes: 'string',
  time: 'string',
  microtime: 'string',
  q: 'string | number',
  x: 'number | string',
  raw: 'JsonObject',
  fields: 'JsonObject',
  json: 'Json',
  any: 'Json',
  schemaorarray: 'JSONSchemaProps | JSONSchemaProps[]',
  schemaorbool: 'JSONSchemaProps | boolean',
  schemaorstrings: 'JSONSchemaProps | string[]',
};

const HAND_WRITTEN = new Set(['ObjectMeta', 'ListMeta', 'OwnerReference', 'ManagedFieldsEntry']);

/** Versions of which the plain name is given to the first that has it: stable before beta before alpha. */
function rank(name: string): number {
  const version = name.split('.').at(-2) ?? '';
  const stability = version.includes('alpha') ? 2 : version.includes('beta') ? 1 : 0;
  const group = name.startsWith('core.') ? 0 : name.startsWith('meta.') ? 1 : 2;
  const number = Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
  return stability * 10_000 + group * 1_000 - number;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** TypeScript names: the kind's own (`Pod`); where two types share it, the lesser one says group and version too. */
function interfaceNames(types: readonly TableType[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>(['Scale']);
  const ordered = [...types].sort(
    (left, right) => rank(left.name) - rank(right.name) || (left.name < right.name ? -1 : 1),
  );
  for (const type of ordered) {
    const plain = type.name.split('.').at(-1)!;
    let name = plain;
    if (type.name === 'autoscaling.v1.Scale') name = 'Scale';
    else if (taken.has(plain)) name = type.name.split('.').map(capital).join('').replaceAll('-', '');
    taken.add(name);
    names.set(type.name, name);
  }
  return names;
}

function typeText(expression: string, names: ReadonlyMap<string, string>): string {
  if (expression.startsWith('[]') || expression.startsWith('<>')) {
    const item = typeText(expression.slice(2), names);
    return item.includes('|') ? `(${item})[]` : `${item}[]`;
  }
  if (expression.startsWith('{}')) return `{ [key: string]: ${typeText(expression.slice(2), names)} }`;
  return SCALARS[expression] ?? names.get(expression) ?? 'Json';
}

/** TypeScript interfaces of every built-in type that is no list. */
export function interfaces(types: readonly TableType[]): string {
  const names = interfaceNames(types);
  const blocks: string[] = [];
  for (const type of types) {
    const name = names.get(type.name)!;
    const isList =
      type.name.endsWith('List') && type.fields.some(field => field.name === 'items') && type.kinds.length > 0;
    if (isList || SPECIAL.has(type.name) || HAND_WRITTEN.has(name)) continue;
    const isKind =
      type.kinds.length > 0 && type.kinds[0] !== '*' && type.fields.some(field => field.name === 'apiVersion');
    const lines = type.fields
      .filter(field => !isKind || !['apiVersion', 'kind', 'metadata'].includes(field.name))
      .map(
        field =>
          `  ${field.name.includes('$') || field.name.includes('-') ? `'${field.name}'` : field.name}${field.required ? '' : '?'}: ${typeText(field.type, names)};`,
      );
    const [, version, kind] = (type.kinds[0] ?? '').split('/');
    const group = (type.kinds[0] ?? '').split('/')[0];
    const head = isKind
      ? [
          `export interface ${name} extends KubeObject {`,
          `  apiVersion: '${group ? `${group}/` : ''}${version}';`,
          `  kind: '${kind}';`,
        ]
      : [`export interface ${name} {`];
    blocks.push([...head, ...lines, '}'].join('\n'));
  }
  return [
    '// Written by tools/generate-kernel; do not edit.',
    "import type { Json, JsonObject, KubeObject, ListMeta, ObjectMeta, OwnerReference } from '../object.ts';",
    '',
    blocks.join('\n\n'),
    '',
  ].join('\n');
}
