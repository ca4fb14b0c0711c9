import type { Json, JsonObject } from '../object.ts';
import { badRequest, statusError, type StatusError } from '../status.ts';
import { cloneJson, equalJson, setOwn } from './json.ts';

/** The API server's limit of operations in one JSON patch (apiserver `maxJSONPatchOperations`). */
export const JSON_PATCH_OPERATIONS_MAX = 10_000;

/** Applies an RFC 6902 patch to a copy; nothing of `object` is changed. Refusals are StatusErrors (400, 413, 422). */
export function applyJsonPatch<T>(object: T, operations: readonly JsonObject[]): T {
  if (!Array.isArray(operations))
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (operations.length > JSON_PATCH_OPERATIONS_MAX) {
    throw statusError(
      413,
      'RequestEntityTooLarge',
      `Request entity is too large: The allowed maximum operations in a JSON patch is ${JSON_PATCH_OPERATIONS_MAX}, got ${operations.length}`,
    );
  }
  const root: { document: Json } = { document: cloneJson(object as Json) };
  for (const operation of operations) applyOperation(root, operation);
  return root.document as T;
}

function applyOperation(root: { document: Json }, operation: JsonObject): void {
  const op = textOf(operation, 'op');
  const path = textOf(operation, 'path');
  switch (op) {
    case 'add':
      return insert(root, op, path, valueOf(operation));
    case 'remove':
      take(root, op, path);
      return;
    case 'replace':
      read(root.document, op, path);
      return replace(root, path, valueOf(operation));
    case 'move': {
      const from = textOf(operation, 'from');
      if (path !== from && path.startsWith(`${from}/`))
        throw unprocessable(`cannot move "${from}" into its own child "${path}"`);
      const moved = read(root.document, op, from);
      take(root, op, from);
      return insert(root, op, path, moved);
    }
    case 'copy':
      return insert(root, op, path, cloneJson(read(root.document, op, textOf(operation, 'from'))));
    case 'test': {
      const found = find(root.document, path);
      const wanted = Object.hasOwn(operation, 'value') ? operation.value! : null;
      // An absent member equals null in a test, as the API server's patch library has it.
      if (found === undefined ? wanted !== null : !equalJson(found, wanted)) {
        throw unprocessable(`testing value ${path} failed: test failed`);
      }
      return;
    }
    default:
      throw unprocessable(`Unexpected kind: ${op}`);
  }
}

/** RFC 6901: the unescaped reference tokens of a pointer. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw unprocessable(`missing path: "${pointer}" does not start with "/"`);
  return pointer
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function find(document: Json, pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const token of parsePointer(pointer)) value = child(value, token);
  return value;
}

function child(value: Json | undefined, token: string): Json | undefined {
  if (Array.isArray(value)) {
    const index = indexOf(token, value.length);
    return index === undefined ? undefined : value[index];
  }
  if (value !== null && typeof value === 'object' && Object.hasOwn(value, token)) return value[token];
  return undefined;
}

function indexOf(token: string, length: number): number | undefined {
  if (/^(0|[1-9]\d*)$/.test(token)) return Number(token);
  // Negative indices count from the end, as the API server's patch library allows.
  if (/^-[1-9]\d*$/.test(token) && Number(token) >= -length) return length + Number(token);
  return undefined;
}

function read(document: Json, op: string, pointer: string): Json {
  const value = find(document, pointer);
  if (value === undefined) throw missing(op, pointer);
  return value;
}

function parentOf(root: { document: Json }, op: string, pointer: string): { parent: Json; token: string } {
  const tokens = parsePointer(pointer);
  const token = tokens.pop()!;
  let parent: Json | undefined = root.document;
  for (const step of tokens) parent = child(parent, step);
  if (parent === undefined || parent === null || typeof parent !== 'object') throw missing(op, pointer);
  return { parent, token };
}

function insert(root: { document: Json }, op: string, pointer: string, value: Json): void {
  if (pointer === '') {
    root.document = value;
    return;
  }
  const { parent, token } = parentOf(root, op, pointer);
  if (Array.isArray(parent)) {
    const index = token === '-' ? parent.length : indexOf(token, parent.length + 1);
    if (index === undefined || index > parent.length) {
      throw unprocessable(
        `${op} operation does not apply: doc is missing path: "${pointer}": invalid index referenced`,
      );
    }
    parent.splice(index, 0, value);
  } else setOwn(parent as JsonObject, token, value);
}

function replace(root: { document: Json }, pointer: string, value: Json): void {
  if (pointer === '') {
    root.document = value;
    return;
  }
  const { parent, token } = parentOf(root, 'replace', pointer);
  if (Array.isArray(parent)) parent[indexOf(token, parent.length)!] = value;
  else setOwn(parent as JsonObject, token, value);
}

function take(root: { document: Json }, op: string, pointer: string): void {
  if (pointer === '') {
    root.document = null;
    return;
  }
  const { parent, token } = parentOf(root, op, pointer);
  if (child(parent, token) === undefined) throw missing(op, pointer);
  if (Array.isArray(parent)) parent.splice(indexOf(token, parent.length)!, 1);
  else delete (parent as JsonObject)[token];
}

function textOf(operation: JsonObject, field: string): string {
  const value =
    operation !== null && typeof operation === 'object' && Object.hasOwn(operation, field)
      ? operation[field]
      : undefined;
  if (typeof value !== 'string') throw unprocessable(`operation has no "${field}" of type string`);
  return value;
}

function valueOf(operation: JsonObject): Json {
  if (!Object.hasOwn(operation, 'value')) throw unprocessable('operation has no "value"');
  return cloneJson(operation.value!);
}

const missing = (op: string, pointer: string): StatusError =>
  unprocessable(`${op} operation does not apply: doc is missing path: "${pointer}": missing value`);

/** 422 as the API server words it for a patch that cannot be applied; the reason is kept for those who log it. */
function unprocessable(why: string): StatusError {
  const error = statusError(422, 'Invalid', 'the server rejected our request due to an error in our request');
  error.cause = new Error(why);
  return error;
}
