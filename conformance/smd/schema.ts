import type { Field, JsonObject, Schema } from '../../src/kernel/index.ts';

type Mutable = { -readonly [K in keyof Schema]: Schema[K] };

/** Reads a structured-merge-diff schema document into one schema a named type; types may refer to each other. */
export function readTypes(document: JsonObject): Map<string, Schema> {
  const types = new Map<string, Mutable>();
  const definitions = (document.types ?? []) as JsonObject[];
  for (const definition of definitions) types.set(String(definition.name), { type: 'any' });
  for (const definition of definitions) Object.assign(types.get(String(definition.name))!, readAtom(definition, types));
  return types;
}

function readAtom(atom: JsonObject, types: ReadonlyMap<string, Mutable>): Schema {
  // Several shapes at once, or none: the value tells (a deduced type).
  const shapes = ['scalar', 'list', 'map'].filter(shape => atom[shape] !== undefined);
  if (shapes.length !== 1)
    return atom.scalar === 'untyped' || shapes.length === 0 ? { type: 'any' } : mixed(atom, types);
  if (atom.scalar !== undefined) return { type: scalarOf(String(atom.scalar)) };
  return atom.list === undefined ? readMap(atom.map as JsonObject, types) : readList(atom.list as JsonObject, types);
}

/** `scalar`, `list` and `map` together: what Kubernetes writes for open fields. */
function mixed(atom: JsonObject, types: ReadonlyMap<string, Mutable>): Schema {
  const map = atom.map as JsonObject | undefined;
  return map?.elementRelationship === 'atomic' && map.fields === undefined
    ? { type: 'any', atomic: true }
    : map?.fields
      ? readMap(map, types)
      : { type: 'any' };
}

const scalarOf = (name: string): Schema['type'] =>
  name === 'numeric' ? 'number' : name === 'boolean' || name === 'string' ? name : 'any';

function readRef(ref: JsonObject, types: ReadonlyMap<string, Mutable>): Schema {
  if (ref.namedType === undefined) return readAtom(ref, types);
  const named = types.get(String(ref.namedType)) ?? { type: 'any' };
  if (ref.elementRelationship === undefined) return named;
  // The reference may override how the named type merges; fields are shared, so the target must have been read.
  const overridden = {
    get fields() {
      return named.fields;
    },
    get items() {
      return named.items;
    },
    get type() {
      return named.type;
    },
  } as Mutable;
  return ref.elementRelationship === 'atomic' ? Object.assign(overridden, { atomic: true }) : overridden;
}

function readMap(map: JsonObject, types: ReadonlyMap<string, Mutable>): Schema {
  const atomic = map.elementRelationship === 'atomic' ? { atomic: true } : {};
  const items = map.elementType ? { items: readRef(map.elementType as JsonObject, types) } : {};
  if (map.fields === undefined) return { type: 'map', ...items, ...atomic };
  const fields = (map.fields as JsonObject[]).map((field): [string, Field] => [
    String(field.name),
    {
      name: String(field.name),
      schema: readRef(field.type as JsonObject, types),
      ...(field.default === undefined ? {} : { default: field.default }),
    },
  ]);
  return { type: 'object', fields: new Map(fields), ...items, ...atomic };
}

function readList(list: JsonObject, types: ReadonlyMap<string, Mutable>): Schema {
  const items = list.elementType ? { items: readRef(list.elementType as JsonObject, types) } : {};
  if (list.elementRelationship !== 'associative') return { type: 'list', listType: 'atomic', ...items };
  const keys = list.keys as string[] | undefined;
  return keys && keys.length > 0
    ? { type: 'list', listType: 'map', listMapKeys: keys, ...items }
    : { type: 'list', listType: 'set', ...items };
}
