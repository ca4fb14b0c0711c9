import {
  cloneJson,
  equalJson,
  isObject,
  type Json,
  type JsonObject,
  ownMember,
  setOwn,
} from '../../../kernel/index.ts';

const OPERATIONS_MAX = 10_000;

/**
 * Applies an RFC 6902 patch to a copy, as Kyverno does: `add` makes the objects and lists on its way, `remove` of what is
 * absent does nothing. Throws an Error that says why it cannot.
 */
export function applyLenientJsonPatch(document: JsonObject, operations: readonly Json[]): JsonObject {
  if (operations.length > OPERATIONS_MAX) throw new Error('too many patch operations');
  const root = cloneJson(document);
  for (const operation of operations) {
    if (!isObject(operation)) throw new Error('patch operation is no object');
    applyOne(root, operation);
  }
  return root;
}

const pointer = (value: Json | undefined): string[] => {
  if (typeof value !== 'string') throw new Error('patch operation lacks a path');
  return value
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'));
};

function applyOne(root: JsonObject, operation: JsonObject): void {
  const path = pointer(operation.path);
  switch (operation.op) {
    case 'add':
      return put(root, path, cloneJson(operation.value ?? null), true);
    case 'replace':
      if (read(root, path) === undefined)
        throw new Error(`replace operation does not apply: missing ${path.join('/')}`);
      return put(root, path, cloneJson(operation.value ?? null), false);
    case 'remove':
      return remove(root, path);
    case 'test':
      if (read(root, path.slice(0, -1)) === undefined || !equalJson(read(root, path) ?? null, operation.value ?? null))
        throw new Error('testing value failed');
      return;
    case 'copy':
    case 'move': {
      const from = pointer(operation.from);
      const value = read(root, from);
      if (value === undefined) throw new Error(`${operation.op} operation does not apply: missing ${from.join('/')}`);
      // Only `add` makes what is missing on its way.
      if (read(root, path.slice(0, -1)) === undefined)
        throw new Error(`${operation.op} operation does not apply: missing ${path.slice(0, -1).join('/')}`);
      const copy = cloneJson(value);
      if (operation.op === 'move') remove(root, from);
      return put(root, path, copy, true);
    }
    default:
      throw new Error(`unexpected operation ${String(operation.op)}`);
  }
}

function read(root: Json, path: readonly string[]): Json | undefined {
  let node: Json | undefined = root;
  for (const step of path) {
    if (Array.isArray(node)) node = node.at(Number(step));
    else if (isObject(node)) node = ownMember(node, step);
    else return undefined;
  }
  return node;
}

function put(root: JsonObject, path: readonly string[], value: Json, insert: boolean): void {
  let node: Json = root;
  for (const [i, step] of path.entries()) {
    const last = i === path.length - 1;
    if (Array.isArray(node)) {
      const end: number = node.length + (insert ? 1 : 0);
      const at: number = step === '-' ? node.length : Number(step) < 0 ? end + Number(step) : Number(step);
      if (!Number.isInteger(at) || at < 0 || at > node.length) throw new Error(`no position ${step} in the list`);
      if (!last) {
        if (at === node.length) node.push(emptyFor(path[i + 1]!));
        node = node[at]!;
      } else if (insert) node.splice(at, 0, value);
      else node[at] = value;
    } else if (isObject(node)) {
      if (last) setOwn(node, step, value);
      else {
        const next: Json | undefined = ownMember(node, step);
        if (next === undefined || next === null) setOwn(node, step, emptyFor(path[i + 1]!));
        node = ownMember(node, step)!;
      }
    } else throw new Error(`cannot reach ${path.join('/')}`);
  }
}

const emptyFor = (step: string): Json => (/^(?:-|-?\d+)$/.test(step) ? [] : {});

function remove(root: JsonObject, path: readonly string[]): void {
  const parent = read(root, path.slice(0, -1));
  const step = path.at(-1);
  if (step === undefined) return;
  if (Array.isArray(parent)) {
    if (!/^-?\d+$/.test(step)) throw new Error(`remove operation does not apply: no position ${step} in the list`);
    const at = Number(step) < 0 ? parent.length + Number(step) : Number(step);
    if (at < parent.length) parent.splice(at, 1);
  } else if (isObject(parent)) delete parent[step];
}
