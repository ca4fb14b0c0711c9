import type { Bindings, BodyCompiler, Continue } from './compile-body.ts';
import { isEvaluable, ownVars } from './order.ts';
import type { Term } from './syntax.ts';
import type { TreeNode } from './tree.ts';
import type { Value } from './value.ts';

/** The values of a reference, each with the variables of its keys bound. */
export function reference(
  compiler: BodyCompiler,
  term: Extract<Term, { kind: 'ref' }>,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  const { head, path } = term;
  if (head.kind === 'var' && head.name === 'data' && !bindings.has('data'))
    return dataReference(compiler, term, bindings, context, next);
  if (head.kind === 'var' && head.name === 'input' && !bindings.has('input')) {
    const value = compiler.fresh();
    compiler.emit(`const ${value}=${context}.i;if(${value}!==undefined){`);
    steps(compiler, value, path, 0, bindings, context, next);
    return compiler.emit('}');
  }
  compiler.term(head, bindings, context, (code, inner) => steps(compiler, code, path, 0, inner, context, next));
}

/** How keys are looked up: in values, or in base documents, where a key is a part of a path (`data.o[2]` finds "2"). */
type Lookup = 'lookup' | 'stored';

/** Keys one after the other; an unknown variable iterates. */
function steps(
  compiler: BodyCompiler,
  code: string,
  path: readonly Term[],
  at: number,
  bindings: Bindings,
  context: string,
  next: Continue,
  by: Lookup = 'lookup',
): void {
  const key = path[at];
  if (!key) return next(code, bindings);
  const value = compiler.fresh();
  if (key.kind === 'scalar' && typeof key.value === 'string' && !(by === 'stored' && /^\d+$/.test(key.value))) {
    const step =
      key.value in Object.prototype
        ? `R.lookup(${code},${compiler.parts.constant(key.value)})`
        : `R.field(${code},${compiler.parts.constant(key.value)})`;
    compiler.emit(`const ${value}=${step};if(${value}!==undefined){`);
    steps(compiler, value, path, at + 1, bindings, context, next, by);
    return compiler.emit('}');
  }
  const known = new Set(bindings.keys());
  if (isEvaluable(key, known, new Set([...known, ...ownVars(key)]))) {
    return compiler.term(key, bindings, context, (index, inner) => {
      compiler.emit(`const ${value}=R.${by}(${code},${index});if(${value}!==undefined){`);
      steps(compiler, value, path, at + 1, inner, context, next, by);
      compiler.emit('}');
    });
  }
  if (key.kind === 'var' && key.name.startsWith('$')) {
    return compiler.loop(code, (_key, member) => steps(compiler, member, path, at + 1, bindings, context, next));
  }
  compiler.loop(code, (index, member) =>
    compiler.match(key, index, bindings, context, inner =>
      steps(compiler, member, path, at + 1, inner, context, next, by),
    ),
  );
}

/** `data.…`: as far as names are known the tree is followed now; rules are asked, the rest is base documents. */
function dataReference(
  compiler: BodyCompiler,
  term: Extract<Term, { kind: 'ref' }>,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  let node = compiler.parts.root;
  let at = 0;
  const names: string[] = [];
  while (!node.document && at < term.path.length) {
    const key = term.path[at]!;
    if (key.kind !== 'scalar') break;
    // Packages and rules have names: another key can only be one of base documents.
    if (typeof key.value !== 'string') return baseReference(compiler, names, term.path, at, bindings, context, next);
    const child: TreeNode | undefined = node.children.get(key.value);
    if (!child) return baseReference(compiler, [...names, key.value], term.path, at + 1, bindings, context, next);
    names.push(key.value);
    node = child;
    at++;
  }
  const value = compiler.fresh();
  if (node.document || at === term.path.length) {
    useAll(compiler, node);
    const plainRule =
      node.document?.kind !== 'function' && node.document && [...node.children.values()].every(child => child.isFolded);
    const code = plainRule
      ? `R.read(${context},${compiler.parts.node(node)})`
      : `R.materialize(${context},${compiler.parts.node(node)})`;
    compiler.emit(`const ${value}=${code};if(${value}!==undefined){`);
    steps(compiler, value, term.path, at, bindings, context, next);
    return compiler.emit('}');
  }
  useMatching(compiler, node, term.path, at);
  dynamicReference(compiler, node, term.path, at, bindings, context, next);
}

function useAll(compiler: BodyCompiler, node: TreeNode): void {
  if (node.document) compiler.parts.uses(node.document);
  for (const child of node.children.values()) useAll(compiler, child);
}

/** Rules a reference may ask: `data[x].p` only those called p. */
function useMatching(compiler: BodyCompiler, node: TreeNode, path: readonly Term[], at: number): void {
  const key = path[at];
  if (!key || node.document) return useAll(compiler, node);
  for (const [name, child] of node.children)
    if (key.kind !== 'scalar' || key.value === name) useMatching(compiler, child, path, at + 1);
}

function baseReference(
  compiler: BodyCompiler,
  names: readonly string[],
  path: readonly Term[],
  at: number,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  const value = compiler.fresh();
  compiler.emit(
    `const ${value}=R.base(${context},${compiler.parts.constant(names as Value)});if(${value}!==undefined){`,
  );
  steps(compiler, value, path, at, bindings, context, next, 'stored');
  compiler.emit('}');
}

/** A key among packages and rules that is only known at run time. */
function dynamicReference(
  compiler: BodyCompiler,
  node: TreeNode,
  path: readonly Term[],
  at: number,
  bindings: Bindings,
  context: string,
  next: Continue,
): void {
  const key = path[at]!;
  const link = compiler.parts.node(node);
  const known = new Set(bindings.keys());
  const rest = path.slice(at + 1);
  const count = rest.findIndex(term => term.kind !== 'scalar');
  const fixed = rest.slice(0, count < 0 ? rest.length : count) as Extract<Term, { kind: 'scalar' }>[];
  const after = at + 1 + fixed.length;
  const go = (code: string, inner: Bindings): void => {
    const value = compiler.fresh();
    const keys = [code, ...fixed.map(term => compiler.scalar(term.value))];
    compiler.emit(`const ${value}=R.descend(${context},${link},[${keys.join(',')}]);if(${value}!==undefined){`);
    steps(compiler, value, path, after, inner, context, next);
    compiler.emit('}');
  };
  if (isEvaluable(key, known, new Set([...known, ...ownVars(key)]))) return compiler.term(key, bindings, context, go);
  const index = compiler.fresh('k');
  compiler.emit(`for(const ${index} of R.childKeys(${context},${link})){if(--c.b.fuel.left<0)R.exhausted();`);
  compiler.match(key, index, bindings, context, inner => go(index, inner));
  compiler.emit('}');
}
