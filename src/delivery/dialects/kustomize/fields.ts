import { gvkOf, selectedBy } from './kinds.ts';
import { refuse } from './refuse.ts';
import { isTree, newTree, splitPath, type Tree, type Value } from './tree.ts';

/** A field of some kinds; `create` makes it where it is absent. */
export interface FieldSpec {
  readonly path: string;
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly create?: boolean;
}

/** A place in a tree that can be read and written. */
export interface Slot {
  get(): Value;
  set(value: Value): void;
}

const slotOf = (owner: Tree | Value[], key: string | number): Slot => ({
  get: () => (owner as Record<string | number, Value>)[key]!,
  set: value => {
    (owner as Record<string | number, Value>)[key] = value;
  },
});

export type CreateKind = 'map' | 'scalar' | 'none';

function visit(at: Value, path: readonly string[], create: CreateKind, found: (slot: Slot) => void, slot?: Slot): void {
  if (path.length === 0) {
    if (slot) found(slot);
    return;
  }
  if (at === null || at === undefined) return;
  if (Array.isArray(at)) {
    at.forEach((item, index) => visit(item, path, create, found, slotOf(at, index)));
    return;
  }
  if (!isTree(at)) throw refuse(`expected sequence or mapping node`);
  const sequence = path[0]!.endsWith('[]');
  const key = sequence ? path[0]!.slice(0, -2) : path[0]!;
  if (key === '') throw refuse('cannot set or create an empty field name');
  const next = slotOf(at, key);
  if (!(key in at) || at[key] === null) {
    const kind = sequence || create === 'none' ? 'none' : path.length > 1 ? 'map' : create;
    if (kind === 'none') {
      if (key in at && path.length === 1) found(next);
      return;
    }
    next.set(kind === 'map' ? newTree() : '');
  }
  visit(next.get(), path.slice(1), create, found, next);
}

/** Calls back for every place the field names in an object of the right kind; makes it when the spec says so. */
export function visitField(object: Tree, spec: FieldSpec, create: CreateKind, found: (slot: Slot) => void): void {
  if (!selectedBy(gvkOf(object.apiVersion, object.kind), spec)) return;
  try {
    visit(object, splitPath(spec.path), spec.create ? create : 'none', found);
  } catch (error) {
    throw refuse(`considering field '${spec.path}' of object ${String(object.kind)}: ${(error as Error).message}`);
  }
}

const specKey = (spec: FieldSpec): string => [spec.group, spec.version, spec.kind, spec.path].join('|');

/** Adds specs that are not there yet; one of the same field that disagrees about `create` is refused. */
export function mergeSpecs(into: readonly FieldSpec[], more: readonly FieldSpec[]): FieldSpec[] {
  const known = new Map(into.map(spec => [specKey(spec), spec]));
  for (const spec of more) {
    const before = known.get(specKey(spec));
    if (before && (before.create ?? false) !== (spec.create ?? false)) {
      throw refuse(`conflicting fieldspecs: ${spec.path} of ${spec.kind ?? 'any kind'}`);
    }
    if (!before) known.set(specKey(spec), spec);
  }
  return [...known.values()];
}
