import { ownVars } from './order.ts';
import type { Body, Literal, Module, Place, Rule, Term, With } from './syntax.ts';
import { RegoError } from './syntax.ts';
import type { TreeNode } from './tree.ts';
import { findNode } from './tree.ts';

/** What names mean in one module: imports, rules of its package, functions. */
export interface Names {
  readonly module: Module;
  readonly root: TreeNode;
  readonly isBuiltin: (name: string) => boolean;
}

/** How a local came to be: the words of OPA's refusals. */
type Declaration = 'assigned' | 'declared' | 'argument';

interface Local {
  readonly unique: string;
  readonly how: Declaration;
  /** Whether it is an error when nothing reads it. */
  readonly mustBeUsed: boolean;
  used: boolean;
}

/** Declared locals of a body; a name not found in any scope is a global or a variable bound by unification. */
class Scope {
  readonly #parent: Scope | undefined;
  readonly #declared = new Map<string, Local>();
  /** Names that were read here before they were declared. */
  readonly #referred = new Set<string>();
  readonly #count: { n: number };

  constructor(parent?: Scope) {
    this.#parent = parent;
    this.#count = parent ? parent.#count : { n: 0 };
  }

  declare(name: string, how: Declaration, mustBeUsed = false): string {
    const unique = `${name}#${this.#count.n++}`;
    this.#declared.set(name, { unique, how, mustBeUsed: mustBeUsed && !name.startsWith('$'), used: false });
    return unique;
  }

  isDeclaredHere(name: string): boolean {
    return this.#declared.has(name);
  }

  /** Why a name cannot be declared here any more. */
  objection(name: string): string | undefined {
    if (name.startsWith('$')) return undefined;
    const known = this.#declared.get(name);
    if (known) return `var ${name} ${known.how === 'assigned' ? 'assigned' : 'declared'} above`;
    return this.#referred.has(name) ? `var ${name} referenced above` : undefined;
  }

  find(name: string): string | undefined {
    const known = this.#declared.get(name);
    if (known) {
      known.used = true;
      return known.unique;
    }
    return this.#parent?.find(name);
  }

  /** A name as a term reads it. */
  read(name: string): string | undefined {
    if (!this.#declared.has(name)) this.#referred.add(name);
    return this.find(name);
  }

  /** A local that was declared for nothing. */
  unused(): string | undefined {
    for (const [name, local] of this.#declared) if (local.mustBeUsed && !local.used) return name;
    return undefined;
  }
}

/** Gives every local a name of its own and turns names of rules and imports into references on `data` and `input`. */
export class Resolver {
  readonly #names: Names;
  readonly #imports = new Map<string, readonly string[]>();

  constructor(names: Names) {
    this.#names = names;
    for (const { path, alias } of names.module.imports) {
      if (path[0] !== 'data' && path[0] !== 'input') continue;
      this.#imports.set(alias ?? path.at(-1)!, path);
    }
  }

  #fail(message: string, at: Place, code = 'rego_compile_error'): never {
    throw new RegoError(code, message, at, this.#names.module.file);
  }

  /** A rule with its body, head and else chain resolved; arguments are patterns. */
  rule(rule: Rule): Rule {
    const scope = new Scope();
    const args = rule.head.args?.map(arg => this.#pattern(arg, scope));
    return this.#ruleIn(rule, scope, args);
  }

  #ruleIn(rule: Rule, outer: Scope, args: readonly Term[] | undefined): Rule {
    const scope = new Scope(outer);
    const body = this.#body(rule.body, scope);
    const { head } = rule;
    const [name, ...keys] = head.path;
    const resolved: Rule['head'] = {
      path: [name!, ...keys.map(key => this.#term(key, scope))],
      ...(args ? { args } : {}),
      ...(head.key ? { key: this.#term(head.key, scope) } : {}),
      ...(head.value ? { value: this.#term(head.value, scope) } : {}),
      assigned: head.assigned,
    };
    this.#checkUnused(scope, rule.at);
    return { ...rule, head: resolved, body, ...(rule.else ? { else: this.#ruleIn(rule.else, outer, args) } : {}) };
  }

  #declare(name: string, scope: Scope, at: Place, how: Declaration, mustBeUsed = false): void {
    const objection = scope.objection(name);
    if (objection !== undefined) this.#fail(objection, at);
    scope.declare(name, how, mustBeUsed);
  }

  #checkUnused(scope: Scope, at: Place): void {
    const name = scope.unused();
    if (name !== undefined) this.#fail(`declared var ${name} unused`, at);
  }

  /** Vars of a function's parameter are always new. */
  #pattern(term: Term, scope: Scope): Term {
    for (const name of patternVars(term)) if (!scope.isDeclaredHere(name)) scope.declare(name, 'argument');
    return this.#term(term, scope);
  }

  query(body: Body): Body {
    return this.#body(body, new Scope());
  }

  #body(body: Body, scope: Scope): Body {
    return body.flatMap(literal => this.#literal(literal, scope));
  }

  #with(list: readonly With[], scope: Scope): With[] {
    return list.map(item => {
      const target = this.#target(item.target);
      const replacement = this.#replacement(target, item.value, scope);
      if (!replacement) return { ...item, target, value: this.#term(item.value, scope) };
      return { ...item, target, value: { kind: 'scalar', value: null, at: item.value.at }, replacement };
    });
  }

  /** `with f as g`: the name of a builtin or function that stands in for a function. */
  #replacement(target: Term, value: Term, scope: Scope): readonly string[] | undefined {
    const replaced = groundPath(target)!;
    const path = groundPath(value);
    if (!path || replaced[0] === 'input' || scope.find(path[0]!) !== undefined) return undefined;
    const global = this.#global(path[0]!);
    const name = global ? [...global, ...path.slice(1)] : path;
    if (global) return findNode(this.#names.root, name.slice(1))?.document?.kind === 'function' ? name : undefined;
    return this.#names.isBuiltin(name.join('.')) ? name : undefined;
  }

  /** `with` targets name input, data or a function: never locals. */
  #target(term: Term): Term {
    const path = groundPath(term);
    if (!path) this.#fail('with keyword target must reference existing input, data, or a function', term.at);
    if (path[0] === 'input' || path[0] === 'data') return term;
    const name = this.#functionName(path, term.at, new Scope());
    return groundTerm(name, term.at);
  }

  #literal(literal: Literal, scope: Scope): Literal[] {
    switch (literal.kind) {
      case 'some':
        for (const name of literal.names) this.#declare(name, scope, literal.at, 'declared', true);
        return [];
      case 'term': {
        return [{ ...literal, with: this.#with(literal.with, scope), term: this.#term(literal.term, scope) }];
      }
      case 'unify': {
        const left = this.#term(literal.left, scope);
        const right = this.#term(literal.right, scope);
        return [{ ...literal, left, right, with: this.#with(literal.with, scope) }];
      }
      case 'assign':
        return [this.#assign(literal, scope)];
      case 'someIn': {
        const domain = this.#term(literal.domain, scope);
        const modifiers = this.#with(literal.with, scope);
        const patterns = literal.key ? [literal.key, literal.value] : [literal.value];
        const names = new Set(patterns.flatMap(term => [...patternVars(term)]));
        for (const name of names) this.#declare(name, scope, literal.at, 'declared');
        const [key, value] = literal.key
          ? [this.#term(literal.key, scope), this.#term(literal.value, scope)]
          : [undefined, this.#term(literal.value, scope)];
        return [{ ...literal, ...(key ? { key } : {}), value, domain, with: modifiers }];
      }
      case 'every': {
        const domain = this.#term(literal.domain, scope);
        const modifiers = this.#with(literal.with, scope);
        const inner = new Scope(scope);
        const key = literal.key === undefined ? undefined : inner.declare(literal.key, 'declared', true);
        const value = inner.declare(literal.value, 'declared', true);
        const body = this.#body(literal.body, inner);
        this.#checkUnused(inner, literal.at);
        return [{ ...literal, ...(key === undefined ? {} : { key }), value, domain, body, with: modifiers }];
      }
      case 'notBody':
        return [
          { ...literal, body: this.#body(literal.body, new Scope(scope)), with: this.#with(literal.with, scope) },
        ];
    }
  }

  #assign(literal: Extract<Literal, { kind: 'assign' }>, scope: Scope): Literal {
    // The right side still sees what the name meant before.
    const right = this.#term(literal.right, scope);
    const modifiers = this.#with(literal.with, scope);
    for (const name of patternVars(literal.left)) {
      this.#declare(name, scope, literal.at, 'assigned');
    }
    if (literal.left.kind !== 'var' && literal.left.kind !== 'array' && literal.left.kind !== 'object')
      this.#fail(`cannot assign to ${literal.left.kind}`, literal.left.at);
    const left = this.#term(literal.left, scope);
    return { kind: 'unify', left, right, negated: false, with: modifiers, at: literal.at };
  }

  /** The path of a name that is no local: an import, a rule of this package, `data` or `input`. */
  #global(name: string): readonly string[] | undefined {
    if (name === 'data' || name === 'input') return [name];
    const imported = this.#imports.get(name);
    if (imported) return imported;
    const own = [...this.#names.module.package, name];
    const node = findNode(this.#names.root, own);
    // A sub-package of the same name is no rule of this package.
    return node && hasRules(node, this.#names.module) ? ['data', ...own] : undefined;
  }

  #functionName(path: readonly string[], at: Place, scope: Scope): readonly string[] {
    const [first, ...rest] = path;
    if (scope.find(first!) === undefined) {
      const global = this.#global(first!);
      if (global) return [...global, ...rest];
    }
    const name = path.join('.');
    if (this.#names.isBuiltin(name)) return path;
    return this.#fail(`undefined function ${name}`, at, 'rego_type_error');
  }

  #templatePart(part: Literal, scope: Scope): Literal {
    for (const name of ownVars(part)) if (name.startsWith('$')) this.#fail('var _ is undeclared', part.at);
    return this.#literal(part, scope)[0]!;
  }

  /** A function of this name must be there; a call without arguments may mean a rule. */
  #called(name: readonly string[], { args, at }: Extract<Term, { kind: 'call' }>): readonly string[] {
    if (name[0] === 'data' && args.length > 0 && findNode(this.#names.root, name.slice(1))?.document === undefined)
      this.#fail(`undefined function ${name.join('.')}`, at, 'rego_type_error');
    return name;
  }

  #term(term: Term, scope: Scope): Term {
    switch (term.kind) {
      case 'scalar':
        return term;
      case 'var': {
        const local = scope.read(term.name);
        if (local !== undefined) return { ...term, name: local };
        const global = term.name.startsWith('$') ? undefined : this.#global(term.name);
        return global ? groundTerm(global, term.at) : term;
      }
      case 'ref': {
        const head = this.#term(term.head, scope);
        const path = term.path.map(key => this.#term(key, scope));
        return head.kind === 'ref'
          ? { ...term, head: head.head, path: [...head.path, ...path] }
          : { ...term, head, path };
      }
      case 'array':
      case 'set':
        return { ...term, items: term.items.map(item => this.#term(item, scope)) };
      case 'object':
        return {
          ...term,
          entries: term.entries.map(([key, value]) => [this.#term(key, scope), this.#term(value, scope)] as const),
        };
      case 'call':
        return {
          ...term,
          name: this.#called(this.#functionName(term.name, term.at, scope), term),
          args: term.args.map(arg => this.#term(arg, scope)),
        };
      case 'template':
        return {
          ...term,
          parts: term.parts.map(part => (typeof part === 'string' ? part : this.#templatePart(part, scope))),
        };
      case 'comprehension': {
        const inner = new Scope(scope);
        const body = this.#body(term.body, inner);
        const made = {
          ...term,
          ...(term.key ? { key: this.#term(term.key, inner) } : {}),
          value: this.#term(term.value, inner),
          body,
        };
        this.#checkUnused(inner, term.at);
        return made;
      }
    }
  }
}

function hasRules(node: TreeNode, module: Module): boolean {
  if (node.document) return true;
  return module.rules.some(rule => (rule.head.path[0] as { name: string }).name === node.path.at(-1)) &&
    node.path.length === module.package.length + 1
    ? true
    : [...node.children.values()].some(
        child =>
          child.document?.rules.some(
            placed =>
              placed.module.package.length < child.path.length - 1 && samePath(placed.module.package, module.package),
          ) ?? false,
      );
}

const samePath = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((part, index) => part === right[index]);

/** Vars a pattern would bind: bare, and inside arrays and object values. */
export function patternVars(term: Term): Set<string> {
  const found = new Set<string>();
  const visit = (part: Term): void => {
    if (part.kind === 'var') found.add(part.name);
    else if (part.kind === 'array') part.items.forEach(visit);
    else if (part.kind === 'object') part.entries.forEach(([, value]) => visit(value));
  };
  visit(term);
  return found;
}

/** `['data', 'a', 'b']` of a reference without variables. */
export function groundPath(term: Term): readonly string[] | undefined {
  if (term.kind === 'var') return [term.name];
  if (term.kind !== 'ref' || term.head.kind !== 'var') return undefined;
  const path = [term.head.name];
  for (const key of term.path) {
    if (key.kind !== 'scalar' || typeof key.value !== 'string') return undefined;
    path.push(key.value);
  }
  return path;
}

export function groundTerm(path: readonly string[], at: Place): Term {
  const [head, ...rest] = path;
  const first: Term = { kind: 'var', name: head!, at };
  if (rest.length === 0) return first;
  return { kind: 'ref', head: first, path: rest.map(value => ({ kind: 'scalar', value, at }) as const), at };
}
