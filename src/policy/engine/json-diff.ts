import { cloneJson, equalJson, isObject, type Json, type JsonObject } from '../../kernel/index.ts';

/** RFC 6901 escaping of one reference token. */
const token = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * The RFC 6902 patch that makes `after` of `before`. Objects are compared member by member; lists of one length item by item,
 * others are replaced whole, so that a patch never depends on how items moved.
 */
export function jsonPatchBetween(before: Json, after: Json): JsonObject[] {
  const operations: JsonObject[] = [];
  collect(before, after, '', operations);
  return operations;
}

function collect(before: Json, after: Json, path: string, into: JsonObject[]): void {
  if (equalJson(before, after)) return;
  if (isObject(before) && isObject(after)) {
    for (const name of Object.keys(before))
      if (!Object.hasOwn(after, name)) into.push({ op: 'remove', path: `${path}/${token(name)}` });
    for (const [name, value] of Object.entries(after)) {
      const at = `${path}/${token(name)}`;
      if (Object.hasOwn(before, name)) collect(before[name]!, value, at, into);
      else into.push({ op: 'add', path: at, value: cloneJson(value) });
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, value] of after.entries()) collect(before[index]!, value, `${path}/${index}`, into);
    return;
  }
  into.push({ op: 'replace', path, value: cloneJson(after) });
}
