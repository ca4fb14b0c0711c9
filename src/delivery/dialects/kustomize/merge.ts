import { type Schema, schemaOf } from '../../../kernel/index.ts';
import { gvkOf } from './kinds.ts';
import { isScalar, isTree, newTree, type Tree, type Value } from './tree.ts';

/** What the merge needs to know of a list or map; built-in kinds have it, custom kinds by `openapi` or `crds`. */
export interface MergeType {
  readonly mergeKeys?: readonly string[];
  readonly fields?: (name: string) => MergeType | undefined;
  readonly items?: () => MergeType | undefined;
}

function typeOf(schema: Schema | undefined): MergeType | undefined {
  if (schema === undefined) return undefined;
  const merges = schema.type === 'list' && schema.patchStrategy?.includes('merge');
  const keys = !merges
    ? undefined
    : schema.patchMergeKey === undefined
      ? ['']
      : schema.listMapKeys?.includes(schema.patchMergeKey)
        ? schema.listMapKeys
        : [schema.patchMergeKey];
  return {
    ...(keys ? { mergeKeys: keys } : {}),
    fields: name => typeOf(schema.fields?.get(name)?.schema ?? (schema.type === 'map' ? schema.items : undefined)),
    items: () => typeOf(schema.items),
  };
}

/** Merge types of kinds that are not built in, by `group/version/kind`. */
export type MergeTypes = ReadonlyMap<string, MergeType>;

export function mergeTypeOf(object: Tree, custom: MergeTypes): MergeType | undefined {
  const gvk = gvkOf(object.apiVersion, object.kind);
  return custom.get(`${gvk.group}/${gvk.version}/${gvk.kind}`) ?? typeOf(schemaOf(gvk));
}

/** Merged value, or undefined for one that goes away. */
type Merged = Value | undefined;

function directive(patch: Tree): string | undefined {
  return typeof patch.$patch === 'string' ? patch.$patch : undefined;
}

function withoutDirective(patch: Tree): Tree {
  const rest = newTree();
  for (const key of Object.keys(patch)) if (key !== '$patch') rest[key] = patch[key]!;
  return rest;
}

function mergeMap(target: Tree | undefined, patch: Tree, type: MergeType | undefined): Merged {
  const how = directive(patch);
  if (how === 'delete') return undefined;
  if (how === 'replace') return withoutDirective(patch);
  const result = newTree();
  const base = target ?? newTree();
  for (const key of Object.keys(base)) {
    if (!(key in patch)) result[key] = base[key]!;
  }
  for (const key of Object.keys(patch)) {
    if (key === '$patch') continue;
    const merged = mergeValue(base[key], patch[key]!, type?.fields?.(key));
    if (merged !== undefined) result[key] = merged;
  }
  return result;
}

function keyValues(item: Value, keys: readonly string[]): string[] | undefined {
  if (!isTree(item)) return undefined;
  const values = keys.map(key => (isScalar(item[key]) ? String(item[key]) : ''));
  return values.every(value => value === '') ? undefined : values;
}

/** The keys that any element uses: a secondary key nobody writes is none. */
function usedKeys(items: readonly Value[], keys: readonly string[]): readonly string[] {
  const used = keys.filter(key => items.some(item => isTree(item) && isScalar(item[key]) && item[key] !== ''));
  return used.length === 0 ? keys : used;
}

function mergeKeyed(target: readonly Value[], patch: readonly Value[], type: MergeType): Value[] {
  // A secondary key counts only where both sides write it: a patch may leave the protocol of a port out.
  const all = usedKeys([...target, ...patch], type.mergeKeys!);
  const keys = all.length > 1 ? commonKeys(target, patch, all) : all;
  const identity = (item: Value): string | undefined => keyValues(item, keys)?.join('\0');
  const before = new Map<string, Value>();
  for (const item of target) {
    const key = identity(item);
    if (key !== undefined && !before.has(key)) before.set(key, item);
  }
  const result: Value[] = [];
  const merged = new Map<string, Merged>();
  for (const item of patch) {
    const key = identity(item);
    if (key === undefined || !isTree(item)) {
      result.push(item);
      continue;
    }
    if (merged.has(key)) continue;
    const made = mergeMap(before.get(key) as Tree | undefined, item, type.items?.());
    merged.set(key, made);
    // Items known by one key come in the order of the patch; those known by several keep theirs, after new ones.
    if (made !== undefined && (keys.length === 1 || !before.has(key))) result.push(made);
  }
  for (const item of target) {
    const key = identity(item);
    if (key === undefined || !merged.has(key)) result.push(item);
    else if (keys.length > 1 && before.get(key) === item && merged.get(key) !== undefined)
      result.push(merged.get(key)!);
  }
  return result;
}

function commonKeys(target: readonly Value[], patch: readonly Value[], keys: readonly string[]): readonly string[] {
  const writes = (items: readonly Value[], key: string): boolean => items.some(item => isTree(item) && key in item);
  const common = keys.filter(key => writes(target, key) && writes(patch, key));
  return common.length === 0 ? keys.slice(0, 1) : common;
}

function mergePrimitives(target: readonly Value[], patch: readonly Value[]): Value[] {
  return [...patch, ...target.filter(item => !patch.some(other => other === item))];
}

function mergeList(target: Value[] | undefined, patch: Value[], type: MergeType | undefined): Merged {
  const marks = patch.filter(item => isTree(item) && Object.keys(item).length === 1 && directive(item) !== undefined);
  const rest = patch.filter(item => !marks.includes(item));
  if (marks.some(item => directive(item as Tree) === 'delete')) return undefined;
  if (marks.length > 0 || type?.mergeKeys === undefined) return rest;
  if (type.mergeKeys[0] === '') return mergePrimitives(target ?? [], rest);
  return mergeKeyed(target ?? [], rest, type);
}

function mergeValue(target: Merged, patch: Value, type: MergeType | undefined): Merged {
  if (patch === null) return undefined;
  if (isTree(patch)) return mergeMap(isTree(target) ? target : undefined, patch, type);
  if (Array.isArray(patch)) return mergeList(Array.isArray(target) ? target : undefined, patch, type);
  return patch;
}

/** Strategic merge of a patch over an object; undefined when the patch deletes it. New list items come first. */
export function strategicMerge(object: Tree, patch: Tree, type: MergeType | undefined): Tree | undefined {
  return mergeMap(object, patch, type) as Tree | undefined;
}
