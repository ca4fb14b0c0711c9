import { isEvaluable, ownVars } from '../order.ts';
import * as runtime from '../runtime.ts';
import type { Term } from '../syntax.ts';
import type { TreeNode } from '../tree.ts';
import type { Value } from '../value.ts';
import type { Bindings, BodyInterpreter } from './body.ts';
import type { TwinProgram } from './model.ts';

type Found = (value: Value, bindings: Bindings) => boolean;

/** `data.…`: rules where the tree has them, base documents elsewhere. */
export function followData(
  body: BodyInterpreter,
  program: TwinProgram,
  path: readonly Term[],
  bindings: Bindings,
  context: runtime.Context,
  next: Found,
): boolean {
  const stored = (names: readonly string[], from: number): boolean => {
    const value = runtime.base(context, names);
    return value !== undefined && body.steps(value, path.slice(from), bindings, context, runtime.stored, next);
  };
  let node = program.root;
  const names: string[] = [];
  while (!node.document && names.length < path.length) {
    const key = path[names.length]!;
    if (key.kind !== 'scalar') return dynamic(body, program, node, path.slice(names.length), bindings, context, next);
    if (typeof key.value !== 'string') return stored(names, names.length);
    const child = node.children.get(key.value);
    if (!child) return stored([...names, key.value], names.length + 1);
    names.push(key.value);
    node = child;
  }
  const value = isPlain(node)
    ? runtime.read(context, program.node(node))
    : runtime.materialize(context, program.node(node));
  return value !== undefined && body.steps(value, path.slice(names.length), bindings, context, runtime.lookup, next);
}

const isPlain = (node: TreeNode): boolean =>
  node.document !== undefined &&
  node.document.kind !== 'function' &&
  [...node.children.values()].every(child => child.isFolded);

/** A key among packages and rules that is only known now. */
function dynamic(
  body: BodyInterpreter,
  program: TwinProgram,
  node: TreeNode,
  path: readonly Term[],
  bindings: Bindings,
  context: runtime.Context,
  next: Found,
): boolean {
  const [key, ...rest] = path;
  const count = rest.findIndex(term => term.kind !== 'scalar');
  const fixed = rest.slice(0, count < 0 ? rest.length : count) as Extract<Term, { kind: 'scalar' }>[];
  const link = program.node(node);
  const go = (name: Value, known: Bindings): boolean => {
    const value = runtime.descend(context, link, [name, ...fixed.map(term => term.value)]);
    return value !== undefined && body.steps(value, rest.slice(fixed.length), known, context, runtime.lookup, next);
  };
  const bound = new Set(bindings.keys());
  if (isEvaluable(key!, bound, new Set([...bound, ...ownVars(key!)]))) return body.term(key!, bindings, context, go);
  for (const name of runtime.childKeys(context, link)) {
    runtime.spend(context);
    if (body.match(key!, name, bindings, context, known => go(name, known))) return true;
  }
  return false;
}
