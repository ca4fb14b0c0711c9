import { isObject, type Json, type JsonObject, ownMember } from '../../src/kernel/index.ts';
import { compileJmes, JmesError, type JmesPorts } from '../../src/policy/index.ts';

/** What an assertion tree is judged with: the values of `$name`, and what JMESPath functions may ask. */
export interface TreeScope {
  readonly bindings: JsonObject;
  readonly ports: JmesPorts;
}

/** `(expr)` is an expression; a leading backslash takes the text as it stands. */
const expressionOf = (text: string): string | undefined => /^\((.*)\)$/s.exec(text.trim())?.[1];

/** `trim_space` belongs to assertions alone; policies write the same as `trim`. */
const ownWords = (expression: string): string =>
  expression.replace(/\btrim_space\(([^()]*)\)/g, 'trim($1, `" \\n\\t\\r"`)');

function valueOf(expression: string, value: Json, scope: TreeScope): Json {
  try {
    return compileJmes(ownWords(expression)).evaluate(value, scope.ports, scope.bindings) as Json;
  } catch (error) {
    // Paths that lead nowhere are null in the language of assertions.
    if (error instanceof JmesError && error.message.startsWith('Unknown key')) return null;
    throw error;
  }
}

/**
 * Compares a value with an assertion tree (Kyverno JSON, "Assertion trees"): objects name the members that must be
 * there, lists are compared item by item, keys and texts in parentheses are JMESPath. Undefined means it holds; else
 * what differs and where.
 */
export function assertTree(tree: Json, value: Json | undefined, scope: TreeScope, path = ''): string | undefined {
  if (Array.isArray(tree)) return assertList(tree, value, scope, path);
  if (isObject(tree)) return assertObject(tree, value, scope, path);
  let wanted: Json = tree;
  if (typeof tree === 'string') {
    const expression = expressionOf(tree);
    if (expression !== undefined) wanted = valueOf(expression, value ?? null, scope);
  }
  if (sameScalar(wanted, value ?? null)) return undefined;
  return `${path || '.'}: expected ${JSON.stringify(wanted)} got ${JSON.stringify(value ?? null)}`;
}

const sameScalar = (left: Json, right: Json): boolean =>
  left === right ||
  (typeof left === 'object' && left !== null && JSON.stringify(left) === JSON.stringify(right)) ||
  (typeof left === 'number' && typeof right === 'number' && left === right);

function assertList(
  tree: readonly Json[],
  value: Json | undefined,
  scope: TreeScope,
  path: string,
): string | undefined {
  if (!Array.isArray(value)) return `${path}: expected a list got ${JSON.stringify(value ?? null)}`;
  if (value.length !== tree.length)
    return `${path}: expected ${tree.length} items got ${value.length}: ${JSON.stringify(value)}`;
  for (const [i, item] of tree.entries()) {
    const wrong = assertTree(item, value[i], scope, `${path}[${i}]`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function assertObject(tree: JsonObject, value: Json | undefined, scope: TreeScope, path: string): string | undefined {
  for (const [key, wanted] of Object.entries(tree)) {
    const wrong = assertMember(key, wanted, value, scope, path);
    if (wrong !== undefined) return wrong;
  }
  if (Object.keys(tree).length === 0 && value !== undefined && value !== null && !isObject(value))
    return `${path}: expected an object got ${JSON.stringify(value)}`;
  return undefined;
}

function assertMember(
  key: string,
  wanted: Json,
  value: Json | undefined,
  scope: TreeScope,
  path: string,
): string | undefined {
  const [, each, named, binding] = /^(~(?:[A-Za-z_]\w*)?\.)?(.*?)(?:->([A-Za-z_]\w*))?$/s.exec(key)!;
  const expression = expressionOf(named!);
  let member: Json | undefined;
  if (expression !== undefined) member = valueOf(expression, value ?? null, scope);
  else {
    if (!isObject(value)) return `${path}: expected an object got ${JSON.stringify(value ?? null)}`;
    member = ownMember(value, named!.replace(/^\\/, ''));
    if (member === undefined) return `${path}.${named}: expected ${JSON.stringify(wanted)} got nothing`;
  }
  const inner =
    binding === undefined ? scope : { ...scope, bindings: { ...scope.bindings, [binding]: member ?? null } };
  if (each === undefined) return assertTree(wanted, member, inner, `${path}.${named}`);
  const items = Array.isArray(member) ? member : isObject(member) ? Object.values(member) : [];
  for (const [i, item] of items.entries()) {
    const wrong = assertTree(wanted, item, inner, `${path}.${named}[${i}]`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
