import { rego } from '../policy/index.ts';

/** A change of data that cannot be made, with its HTTP status and OPA's code. */
export class DataError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const missing = (): DataError =>
  new DataError(404, 'resource_not_found', 'storage_not_found_error: document does not exist');

const isTree = (value: rego.Value | undefined): value is { readonly [name: string]: rego.Value } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const INDEX = /^(?:0|[1-9]\d*)$/;

function at(value: rego.Value, path: readonly string[]): rego.Value | undefined {
  let found: rego.Value | undefined = value;
  for (const name of path) {
    if (Array.isArray(found)) found = INDEX.test(name) ? (found as rego.Value[])[Number(name)] : undefined;
    else found = isTree(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

export const exists = (data: rego.Value, path: readonly string[]): boolean => at(data, path) !== undefined;

type Operation = 'add' | 'replace' | 'remove';

/** Data with one document changed; what is not on the way is shared with the data before. */
function changed(
  data: rego.Value | undefined,
  path: readonly string[],
  operation: Operation,
  value: rego.Value | undefined,
): rego.Value | undefined {
  const [name, ...rest] = path;
  if (name === undefined) return operation === 'remove' ? undefined : value;
  if (Array.isArray(data)) return changedArray(data as rego.Value[], name, rest, operation, value);
  if (!isTree(data)) throw missing();
  const own = Object.hasOwn(data, name) ? data[name] : undefined;
  if (own === undefined && (rest.length > 0 || operation !== 'add')) throw missing();
  const out = Object.assign(Object.create(null), data) as { [name: string]: rego.Value };
  const next = changed(own, rest, operation, value);
  if (next === undefined) delete out[name];
  else Object.defineProperty(out, name, { value: next, enumerable: true, configurable: true, writable: true });
  return out;
}

function changedArray(
  list: readonly rego.Value[],
  name: string,
  rest: readonly string[],
  operation: Operation,
  value: rego.Value | undefined,
): rego.Value {
  const isNew = rest.length === 0 && operation === 'add';
  if (isNew && name === '-') return [...list, value!];
  const index = INDEX.test(name) ? Number(name) : -1;
  if (index < 0 || index > list.length || (index === list.length && !isNew)) throw missing();
  if (isNew) return [...list.slice(0, index), value!, ...list.slice(index)];
  const next = changed(list[index], rest, operation, value);
  return [...list.slice(0, index), ...(next === undefined ? [] : [next]), ...list.slice(index + 1)];
}

/** `/a~1b` or `a/b` as names (RFC 6901; OPA lets the first slash out). */
const namesOf = (pointer: string): string[] =>
  pointer
    .replace(/^\//, '')
    .split('/')
    .filter((name, _index, all) => all.length > 1 || name !== '')
    .map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'));

/** Applies a patch to the document at a path: all of it, or nothing. Throws DataError. */
export function patched(data: rego.Value, path: readonly string[], patch: rego.Value): rego.Value {
  if (!Array.isArray(patch)) throw new DataError(400, 'invalid_parameter', 'patch must be an array of operations');
  let now = data;
  for (const item of patch as readonly {
    readonly op?: string;
    readonly path?: string;
    readonly value?: rego.Value;
  }[]) {
    const { op, path: pointer, value } = item ?? {};
    if (op !== 'add' && op !== 'replace' && op !== 'remove')
      throw new DataError(400, 'invalid_parameter', `bad patch operation: ${op}`);
    if (typeof pointer !== 'string')
      throw new DataError(400, 'invalid_parameter', `bad patch path: ${String(pointer)}`);
    now = changed(now, [...path, ...namesOf(pointer)], op, value ?? null) ?? ({} as rego.Value);
  }
  return now;
}

/** Data without the document at a path. Throws DataError when there is none. */
export function removed(data: rego.Value, path: readonly string[]): rego.Value {
  if (!exists(data, path)) throw missing();
  return changed(data, path, 'remove', undefined) ?? ({} as rego.Value);
}
