import { groundValue } from '../compile-body.ts';
import type { BuiltinDefinition, Evaluation } from '../compile.ts';
import { metadataChain, metadataRule } from '../metadata.ts';
import { isPattern, ownVars } from '../order.ts';
import * as runtime from '../runtime.ts';
import { type Body, type Literal, type Module, RegoError, type Rule, type Term } from '../syntax.ts';
import { findNode, type PlacedRule, type RuleDocument, type TreeNode } from '../tree.ts';
import { equal, objectOf, type Value } from '../value.ts';
import { type Bindings, BodyInterpreter } from './body.ts';
import type { Tracer, TwinProgram } from './model.ts';

export type { Tracer } from './model.ts';

/** What an interpreter is made from: a program that compiled. */
export interface TwinSource {
  readonly root: TreeNode;
  readonly modules: readonly Module[];
  readonly builtins: ReadonlyMap<string, BuiltinDefinition>;
  resolved(placed: PlacedRule): Rule;
}

/** Evaluates the same resolved rules as the compiler's code, one literal at a time. */
export class Interpreter implements TwinProgram {
  readonly root: TreeNode;
  readonly #source: TwinSource;
  readonly #tracer: Tracer | undefined;
  readonly #body: BodyInterpreter;
  readonly #nodes = new Map<TreeNode, runtime.LinkedNode>();
  #placed: PlacedRule | undefined;

  constructor(source: TwinSource, tracer?: Tracer) {
    this.root = source.root;
    this.#source = source;
    this.#tracer = tracer;
    this.#body = new BodyInterpreter(this, tracer);
  }

  builtin(name: string): BuiltinDefinition | undefined {
    return this.#source.builtins.get(name);
  }

  get file(): string {
    return this.#placed?.module.file ?? 'query';
  }

  function(path: readonly string[]): RuleDocument | undefined {
    const document = path[0] === 'data' ? findNode(this.root, path.slice(1))?.document : undefined;
    return document?.kind === 'function' ? document : undefined;
  }

  arity(path: readonly string[]): number | undefined {
    return this.function(path)?.arity ?? this.builtin(path.join('.'))?.arity;
  }

  metadata(name: string): Value | undefined {
    if (name === 'rego.metadata.chain') return this.#placed ? metadataChain(this.#placed, this.#source.modules) : [];
    if (name === 'rego.metadata.rule') return this.#placed ? metadataRule(this.#placed) : objectOf([]);
    return undefined;
  }

  unsafe(names: readonly string[], literal: Literal): never {
    throw new RegoError('rego_unsafe_var_error', `var ${names.join(', ')} is unsafe`, literal.at, this.file);
  }

  node(node: TreeNode): runtime.LinkedNode {
    const known = this.#nodes.get(node);
    if (known) return known;
    const children = new Map<string, runtime.LinkedNode>();
    const { document } = node;
    const linked: runtime.LinkedNode = {
      path: node.path,
      children,
      ...(document?.kind === 'function' ? { isFunction: true } : {}),
      ...(document && document.kind !== 'function'
        ? { rules: (context: runtime.Context) => this.#document(document, context) }
        : {}),
    };
    this.#nodes.set(node, linked);
    for (const [name, child] of node.children) if (!child.isFolded) children.set(name, this.node(child));
    return linked;
  }

  /** Every way a resolved query holds. */
  query(body: Body, context: runtime.Context, tell: (bindings: Bindings) => void): void {
    this.#body.body(body, new Map(), context, bindings => {
      tell(bindings);
      return false;
    });
  }

  /** The value of a rule document. */
  entry(path: readonly string[], { input, data, builtins }: Evaluation): Value | undefined {
    const node = findNode(this.root, path);
    return node && runtime.materialize(new runtime.Context(input, data ?? objectOf([]), builtins), this.node(node));
  }

  /** The value of a document that is no function, once for each context. */
  #document(document: RuleDocument, context: runtime.Context): Value | undefined {
    const known = context.m[document.id];
    if (known === runtime.BUSY) runtime.recursion();
    if (known !== undefined) return known === runtime.NONE ? undefined : (known as Value);
    runtime.spend(context);
    context.m[document.id] = runtime.BUSY;
    const value = document.kind === 'complete' ? this.apply(document, context, []) : this.#partial(document, context);
    context.m[document.id] = value === undefined ? runtime.NONE : value;
    return value;
  }

  #partial(document: RuleDocument, context: runtime.Context): Value {
    const set = runtime.newSet();
    const object = runtime.newObject();
    for (const placed of document.rules) {
      const rule = this.#source.resolved(placed);
      const below = (placed.below ?? []).map((value): Term => ({ kind: 'scalar', value, at: rule.at }));
      const keys = [...below, ...rule.head.path.slice(rule.head.path.length - placed.keys.length)];
      if (rule.else) {
        const value = this.#chain(placed, rule, document, [], context);
        const path = keys.map(key => groundValue(key)!);
        if (value !== undefined) object.put(path, value);
        continue;
      }
      this.#inside(placed, () => {
        this.#tracer?.enter(placed, rule);
        const last = rule.head.key ?? rule.head.value ?? truth(rule);
        this.#body.body(rule.body, new Map(), context, bindings =>
          this.#body.terms([...keys, last], bindings, context, values => {
            this.#tracer?.exit(placed, rule);
            const value = values.pop()!;
            if (document.kind === 'set') set.add(value);
            else if (rule.head.key) object.addTo(values, value);
            else object.put(values, value);
            return false;
          }),
        );
        this.#tracer?.leave?.();
      });
    }
    return document.kind === 'set' ? set : object.done();
  }

  #inside<T>(placed: PlacedRule, run: () => T): T {
    const around = this.#placed;
    this.#placed = placed;
    try {
      return run();
    } finally {
      this.#placed = around;
    }
  }

  /** A function applied, or a complete document. */
  apply(document: RuleDocument, context: runtime.Context, args: readonly Value[]): Value | undefined {
    runtime.spend(context);
    let value: Value | undefined;
    for (const placed of document.rules) {
      const found = this.#chain(placed, this.#source.resolved(placed), document, args, context);
      if (found === undefined) continue;
      if (value === undefined) value = found;
      else if (!equal(value, found)) runtime.conflict(document.kind === 'set' ? 'object' : document.kind);
    }
    if (value !== undefined || !document.default) return value;
    return this.#default(document.default, context);
  }

  #default(placed: PlacedRule, context: runtime.Context): Value | undefined {
    const rule = this.#source.resolved(placed);
    let value: Value | undefined;
    this.#tracer?.enter(placed, rule);
    this.#body.term(rule.head.value!, new Map(), context, found => {
      value = found;
      return true;
    });
    if (value !== undefined) this.#tracer?.exit(placed, rule);
    this.#tracer?.leave?.();
    return value;
  }

  /** A rule, else the next of its chain. */
  #chain(
    placed: PlacedRule,
    rule: Rule,
    document: RuleDocument,
    args: readonly Value[],
    context: runtime.Context,
  ): Value | undefined {
    for (let level: Rule | undefined = rule; level; level = level.else) {
      const own: Rule = level;
      const value = this.#inside(placed, () => this.#level(placed, own, document, args, context));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #level(
    placed: PlacedRule,
    rule: Rule,
    document: RuleDocument,
    args: readonly Value[],
    context: runtime.Context,
  ): Value | undefined {
    let value: Value | undefined;
    const late: Literal[] = [];
    const head = rule.head.value ?? truth(rule);
    const constant = groundValue(head);
    const finish = (bindings: Bindings): boolean =>
      this.#body.term(head, bindings, context, found => {
        this.#tracer?.exit(placed, rule);
        if (value === undefined) value = found;
        else if (!equal(value, found)) runtime.conflict(document.kind === 'set' ? 'object' : document.kind);
        return constant !== undefined;
      });
    const match = (at: number, bindings: Bindings): boolean => {
      const arg = rule.head.args?.[at];
      if (!arg)
        return this.#body.body(late.length > 0 ? [...late, ...rule.body] : rule.body, bindings, context, finish);
      const known = new Set(bindings.keys());
      if (isPattern(arg, known, new Set([...known, ...ownVars(arg)])))
        return this.#body.match(arg, args[at]!, bindings, context, inner => match(at + 1, inner));
      const left: Term = { kind: 'var', name: `$p${at}`, at: arg.at };
      late.push({ kind: 'unify', left, right: arg, negated: false, with: [], at: arg.at });
      return match(at + 1, new Map(bindings).set(left.name, args[at]!));
    };
    this.#tracer?.enter(placed, rule);
    match(0, new Map());
    this.#tracer?.leave?.();
    return value;
  }
}

const truth = (rule: Rule): Term => ({ kind: 'scalar', value: true, at: rule.at });
