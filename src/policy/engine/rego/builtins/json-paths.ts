import { BuiltinError } from '../runtime.ts';
import { entriesOf, isArray, isObject, keyOf, objectOf, RegoSet, type Value } from '../value.ts';

/** Paths as a tree; a leaf stands for everything below it. */
interface PathTree {
  readonly children: Map<string, PathTree>;
  leaf: boolean;
}

function treeOf(paths: readonly (readonly Value[])[]): PathTree {
  const root: PathTree = { children: new Map(), leaf: false };
  for (const path of paths) {
    if (path.length === 0) continue;
    let node = root;
    for (const key of path) {
      if (node.leaf) break;
      const name = keyOf(key);
      let child = node.children.get(name);
      if (!child) node.children.set(name, (child = { children: new Map(), leaf: false }));
      node = child;
    }
    node.leaf = true;
  }
  return root;
}

/** What the paths name, and nothing else. */
export function filterPaths(value: Value, paths: readonly (readonly Value[])[]): Value {
  return filtered(value, treeOf(paths));
}

function filtered(value: Value, tree: PathTree): Value {
  if (tree.leaf) return value;
  const kept = (key: Value): PathTree | undefined => tree.children.get(keyOf(key));
  if (isArray(value))
    return value.flatMap((item, index) => {
      const child = kept(String(index)) ?? kept(index);
      return child ? [filtered(item, child)] : [];
    });
  if (value instanceof RegoSet)
    return new RegoSet(
      value.sorted().flatMap(item => {
        const child = kept(item);
        return child ? [filtered(item, child)] : [];
      }),
    );
  if (isObject(value))
    return objectOf(
      entriesOf(value).flatMap(([key, item]) => {
        const child = kept(key);
        return child ? [[key, filtered(item, child)] as const] : [];
      }),
    );
  return value;
}

/** Everything but what the paths name. */
export function removePaths(value: Value, paths: readonly (readonly Value[])[]): Value {
  return removed(value, treeOf(paths)) ?? failed();
}

function failed(): never {
  throw new BuiltinError('cannot remove the whole document');
}

function removed(value: Value, tree: PathTree | undefined): Value | undefined {
  if (!tree) return value;
  if (tree.leaf) return undefined;
  const child = (key: Value): PathTree | undefined => tree.children.get(keyOf(key));
  const keep = (item: Value | undefined): Value[] => (item === undefined ? [] : [item]);
  if (isArray(value)) return value.flatMap((item, index) => keep(removed(item, child(String(index)) ?? child(index))));
  if (value instanceof RegoSet) return new RegoSet(value.sorted().flatMap(item => keep(removed(item, child(item)))));
  if (isObject(value))
    return objectOf(
      entriesOf(value).flatMap(([key, item]) => {
        const rest = removed(item, child(key));
        return rest === undefined ? [] : [[key, rest] as const];
      }),
    );
  return value;
}
