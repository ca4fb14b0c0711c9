import { parseYaml } from '../../../kernel/index.ts';
import { plainValue, readDocuments } from './read.ts';
import { refuse } from './refuse.ts';
import { clone, equalValues, isTree, type Tree, type Value } from './tree.ts';

/** One operation of RFC 6902. */
export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Value;
}

/** Reads a JSON patch from YAML or JSON, or undefined when the text is something else. */
export function readJsonPatch(text: string, file: string): PatchOperation[] | undefined {
  const documents = readDocuments(text, file);
  if (!Array.isArray(documents[0]?.value) || documents.length !== 1) return undefined;
  // Patches are read as the API's clients read YAML: `yes` is true in them.
  const list = clone(parseYaml(text).value as Value);
  if (!Array.isArray(list)) return undefined;
  return list.map(item => {
    if (!isTree(item) || typeof item.op !== 'string' || typeof item.path !== 'string') {
      throw refuse('a JSON patch operation needs op and path', documents[0]!.span);
    }
    return item as unknown as PatchOperation;
  });
}

const pointer = (path: string): string[] => {
  if (path === '') return [];
  if (!path.startsWith('/')) throw refuse(`JSON pointer "${path}" must start with "/"`);
  return path
    .slice(1)
    .split('/')
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
};

const indexOf = (list: readonly Value[], part: string, add: boolean): number => {
  if (add && part === '-') return list.length;
  const index = Number(plainValue(part));
  const limit = add ? list.length : list.length - 1;
  const at = index < 0 ? index + list.length + (add ? 1 : 0) : index;
  if (!/^-?\d+$/.test(part) || at < 0 || at > limit)
    throw refuse(`JSON patch: no index "${part}" in a list of ${list.length}`);
  return at;
};

function step(at: Value, part: string, path: string): Value {
  if (Array.isArray(at)) return at[indexOf(at, part, false)]!;
  if (isTree(at) && part in at) return at[part]!;
  throw refuse(`JSON patch: nothing at "${path}"`);
}

function parentOf(root: Value, path: string): { parent: Value; last: string } {
  const parts = pointer(path);
  const last = parts.pop();
  if (last === undefined) throw refuse('JSON patch: the whole object cannot be changed');
  return { parent: parts.reduce((at, part) => step(at, part, path), root), last };
}

function add(root: Value, path: string, value: Value): void {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent.splice(indexOf(parent, last, true), 0, value);
  else if (isTree(parent)) parent[last] = value;
  else throw refuse(`JSON patch: nothing can be added at "${path}"`);
}

function remove(root: Value, path: string): Value {
  const { parent, last } = parentOf(root, path);
  const value = step(parent, last, path);
  if (Array.isArray(parent)) parent.splice(indexOf(parent, last, false), 1);
  else delete (parent as Tree)[last];
  return value;
}

const read = (root: Value, path: string): Value => pointer(path).reduce((at, part) => step(at, part, path), root);

/** Applies the operations in order to a copy. */
export function applyJsonPatch(object: Tree, operations: readonly PatchOperation[]): Tree {
  const root = clone(object);
  for (const { op, path, from, value = null } of operations) {
    if (op === 'add') add(root, path, clone(value));
    else if (op === 'remove') remove(root, path);
    else if (op === 'replace') {
      const { parent, last } = parentOf(root, path);
      step(parent, last, path);
      if (Array.isArray(parent)) parent[indexOf(parent, last, false)] = clone(value);
      else (parent as Tree)[last] = clone(value);
    } else if (op === 'move') add(root, path, remove(root, from ?? ''));
    else if (op === 'copy') add(root, path, clone(read(root, from ?? '')));
    else if (op === 'test') {
      if (!equalValues(read(root, path), value)) throw refuse(`JSON patch: test of "${path}" failed`);
    } else throw refuse(`JSON patch: unknown operation "${op}"`);
  }
  return root;
}
