import { list, strings, text, trees, tree } from './kustomization.ts';
import { describeId, effectiveNamespace, selectedBy } from './kinds.ts';
import { plainValue } from './read.ts';
import { refuse } from './refuse.ts';
import type { Resource, ResourceMap } from './resource.ts';
import { readSelector, select } from './select.ts';
import type { Slot } from './fields.ts';
import { clone, isScalar, isTree, newTree, splitFields, type Tree, type Value } from './tree.ts';

const slot = (owner: Tree | Value[], key: string | number): Slot => ({
  get: () => (owner as Record<string | number, Value>)[key]!,
  set: value => {
    (owner as Record<string | number, Value>)[key] = value;
  },
});

function steps(at: Value, part: string, create: boolean, last: boolean): Slot[] {
  const filter = /^\[([^=\]]*)=([^\]]*)\]$/.exec(part);
  if (Array.isArray(at)) {
    if (filter) {
      const [, key, wanted] = filter as unknown as [string, string, string];
      const found = at.flatMap((item, index) => {
        const value = key === '' ? item : isTree(item) ? item[key] : undefined;
        return isScalar(value) && String(value) === wanted ? [slot(at, index)] : [];
      });
      if (found.length > 0 || !create || key === '') return found;
      const made = newTree();
      made[key] = wanted;
      at.push(made);
      return [slot(at, at.length - 1)];
    }
    if (part === '*') return at.map((_, index) => slot(at, index));
    if (part === '-') {
      at.push(newTree());
      return [slot(at, at.length - 1)];
    }
    if (!/^\d+$/.test(part)) return [];
    const index = Number(part);
    if (index < at.length) return [slot(at, index)];
    if (!create || index > at.length) return [];
    at.push(newTree());
    return [slot(at, index)];
  }
  if (!isTree(at) || filter) return [];
  if (part === '*') return Object.keys(at).map(key => slot(at, key));
  const key = /^\[(.*)\]$/.exec(part)?.[1] ?? part;
  if (!(key in at)) {
    if (!create) return [];
    at[key] = last ? '' : newTree();
  }
  return [slot(at, key)];
}

/** Places a field path names: `spec.containers.[name=a].image`, `*` for every item. */
function slotsAt(object: Tree, path: string, create: boolean): Slot[] {
  const parts = splitFields(path);
  const root: Tree = newTree();
  root.object = object;
  let found: Slot[] = [slot(root, 'object')];
  parts.forEach((part, index) => {
    const last = index === parts.length - 1;
    found = found.flatMap(one => {
      // A list that is to be made is one where the next step looks for an item.
      if (create && /^\[.*=.*\]$|^-$/.test(part) && isTree(one.get()) && Object.keys(one.get() as Tree).length === 0)
        one.set([]);
      return steps(one.get(), part, create, last);
    });
  });
  return found;
}

function sourceValue(map: ResourceMap, replacement: Tree): Value {
  if (replacement.sourceValue !== undefined && replacement.sourceValue !== null) return replacement.sourceValue;
  const source = tree(replacement, 'source');
  const wanted = { group: text(source, 'group'), version: text(source, 'version'), kind: text(source, 'kind') };
  const [name, namespace] = [text(source, 'name'), text(source, 'namespace')];
  const found = map.items.filter(resource =>
    resource.ids.some(
      id =>
        selectedBy(id, wanted) &&
        (name === '' || id.name === name) &&
        (namespace === '' || effectiveNamespace(id) === namespace),
    ),
  );
  if (found.length !== 1) {
    const many = found.length === 0 ? 'nothing selected by' : 'multiple matches for selector';
    throw refuse(
      `${many} ${[wanted.kind, wanted.version, wanted.group].filter(Boolean).join('.')}:${name}:${namespace}`,
    );
  }
  const path = text(source, 'fieldPath') || 'metadata.name';
  const value = slotsAt(found[0]!.object, path, false)[0]?.get();
  if (value === undefined)
    throw refuse(`fieldPath \`${path}\` is missing for replacement source ${describeId(found[0]!.id)}`);
  const options = tree(source, 'options');
  const delimiter = text(options, 'delimiter');
  if (delimiter === '') return clone(value);
  const parts = String(value).split(delimiter);
  const index = Number(options.index ?? 0);
  if (!isScalar(value) || parts[index] === undefined)
    throw refuse(`options.index ${index} is out of bounds for value ${String(value)}`);
  return parts[index];
}

function written(before: Value, value: Value, options: Tree): Value {
  const delimiter = text(options, 'delimiter');
  if (delimiter === '') {
    // What stands there keeps its type: a text stays a text, a number takes the number a text writes.
    if ((typeof before === 'number' || typeof before === 'boolean') && isScalar(value))
      return plainValue(String(value));
    return typeof before === 'string' && before !== '' && isScalar(value) ? String(value) : clone(value);
  }
  const parts = String(before ?? '').split(delimiter);
  const index = Number(options.index ?? 0);
  if (index < 0) parts.unshift(String(value));
  else if (index >= parts.length) parts.push(String(value));
  else parts[index] = String(value);
  return parts.join(delimiter);
}

function matches(map: ResourceMap, target: Tree): Resource[] {
  const selector = readSelector(target.select);
  if (selector === undefined) throw refuse('target must specify resources to select');
  const rejected = new Set<Resource>();
  for (const entry of list(target, 'reject')) {
    const reject = readSelector(entry);
    if (reject && Object.keys(reject).length > 0) for (const resource of select(map, reject)) rejected.add(resource);
  }
  return select(map, selector).filter(resource => !rejected.has(resource));
}

/** Copies the value of one field into others. */
export function replace(map: ResourceMap, replacement: Tree): void {
  const value = sourceValue(map, replacement);
  for (const target of trees(replacement, 'targets')) {
    const options = tree(target, 'options');
    const paths = strings(target, 'fieldPaths');
    for (const resource of matches(map, target)) {
      for (const path of paths.length === 0 ? ['metadata.name'] : paths) {
        const found = slotsAt(resource.object, path, options.create === true);
        if (found.length === 0 && options.create !== true && !path.includes('*')) {
          throw refuse(`unable to find field "${path}" in replacement target ${describeId(resource.id)}`);
        }
        if (path === 'metadata.name' || path === 'metadata.namespace') resource.rememberId();
        for (const one of found) one.set(written(one.get(), value, options));
      }
    }
  }
}
