import { groundPath } from '../resolve.ts';
import { ownVars } from '../order.ts';
import { type Body, type Literal, type Module, RegoError, type Rule, type Term } from '../syntax.ts';
import { findNode, type PlacedRule, type RuleDocument, type TreeNode } from '../tree.ts';
import { arrangeBody } from './arrange.ts';
import { BodyTypes, type Globals } from './bodies.ts';
import { declarationOf } from './declarations.ts';
import { documentType } from './document.ts';
import { Hoisting } from './hoist.ts';
import { Lowering } from './lower.ts';
import { Scope } from './scope.ts';
import { ANY, type FunctionType, mergedTypes, objectType, type Type, typeOfValue } from './type.ts';
import type { TypedProgram } from './typed-program.ts';

type Ref = Extract<Term, { kind: 'ref' }>;

const ERRORS_MAX = 10;

/** Finds what can never hold: wrong operands, values that cannot be equal, references to nothing (OPA, "Schema and types"). */
export class TypeChecker {
  readonly errors: RegoError[] = [];
  readonly #program: TypedProgram;
  readonly #types = new Map<number, Type | undefined>();
  readonly #open = new Set<number>();

  constructor(program: TypedProgram) {
    this.#program = program;
  }

  /** Checks every rule, those it uses first. */
  rules(): void {
    for (const document of this.#program.documents) {
      this.#document(document);
      if (this.errors.length >= ERRORS_MAX) return;
    }
  }

  /** Checks a query against rules that are fine. */
  query(body: Body, file: string): void {
    const lowering = new Lowering();
    const ordered = this.#arranged(lowering.body(body), new Set(), file);
    const bodies = new BodyTypes(this.#globals(file, undefined));
    this.errors.push(...bodies.check(new Hoisting(lowering, true).body(ordered), new Scope()));
  }

  #arranged(body: readonly Literal[], bound: ReadonlySet<string>, file: string): Literal[] {
    return arrangeBody(
      body,
      bound,
      name => this.#program.arity(name),
      (names, { at }) => {
        throw new RegoError('rego_unsafe_var_error', `var ${names[0]} is unsafe`, at, file);
      },
    );
  }

  #document(document: RuleDocument): Type | undefined {
    if (this.#types.has(document.id)) return this.#types.get(document.id);
    // Recursion is refused elsewhere.
    if (this.#open.has(document.id)) return ANY;
    this.#open.add(document.id);
    let type: Type | undefined;
    for (const placed of [...document.rules, ...(document.default ? [document.default] : [])])
      for (let rule: Rule | undefined = this.#program.resolved(placed); rule; rule = rule.else)
        type = mergedTypes(type, this.#rule(document, placed, rule));
    this.#types.set(document.id, type);
    return type;
  }

  #rule(document: RuleDocument, placed: PlacedRule, rule: Rule): Type | undefined {
    const { file }: Module = placed.module;
    const args = rule.head.args ?? [];
    const bound = new Set(args.flatMap(arg => [...ownVars(arg)]));
    const lowering = new Lowering();
    const { body, path, key, value } = lowering.rule(rule);
    const ordered = new Hoisting(lowering, false).body(this.#arranged(body, bound, file));
    const bodies = new BodyTypes(this.#globals(file, placed));
    const scope = new Scope();
    const errors = bodies.check(ordered, scope);
    this.errors.push(...errors);
    // Who uses a rule that is wrong is not wrong for it.
    if (errors.length > 0) return ANY;
    for (const name of bound) if (!scope.get(name)) scope.set(name, ANY);
    const typeOf = (term: Term): Type | undefined => bodies.typeOf(term, scope);
    const own = value ? typeOf(value) : typeOfValue(true);
    switch (document.kind) {
      case 'function':
        return {
          kind: 'function',
          args: args.map(typeOf),
          names: [],
          variadic: false,
          ...(own ? { result: own } : {}),
        };
      case 'complete':
        return own;
      case 'set':
        return { kind: 'set', of: key ? typeOf(key) : ANY };
      case 'object': {
        if (placed.below && placed.below.length > 0) return objectType([], { key: ANY, value: ANY });
        const last: Type | undefined = key ? { kind: 'set', of: typeOf(key) } : own;
        return documentType(path.slice(path.length - placed.keys.length), last, typeOf);
      }
    }
  }

  #globals(file: string, placed: PlacedRule | undefined): Globals {
    return {
      file,
      start: ref => this.#start(ref, placed),
      input: () => this.#program.schema?.(['input'], placed) ?? ANY,
      functionType: name => this.#functionType(name),
    };
  }

  #functionType(name: readonly string[]): FunctionType | undefined {
    if (name[0] !== 'data') return declarationOf(name.join('.'));
    const document = findNode(this.#program.root, name.slice(1))?.document;
    const type = document?.kind === 'function' ? this.#document(document) : undefined;
    return type?.kind === 'function' ? type : undefined;
  }

  /** The type a reference to a document starts from and how many of its keys that takes. */
  #start(ref: Ref, placed: PlacedRule | undefined): { type: Type | undefined; at: number } {
    const other = (at: number): { type: Type | undefined; at: number } =>
      this.#schema(ref, placed) ?? { type: ANY, at };
    if ((ref.head as { name: string }).name === 'input') return other(0);
    let node = this.#program.root;
    for (let at = 0; at < ref.path.length; at++) {
      const key = ref.path[at]!;
      if (key.kind !== 'scalar') return this.#schema(ref, placed) ?? { type: this.#extent(node) ?? ANY, at };
      const child = typeof key.value === 'string' ? node.children.get(key.value) : undefined;
      if (!child) return other(at);
      node = child;
      if (!node.document) continue;
      const rest = ref.path[at + 1];
      const hasRulesBelow = rest?.kind === 'scalar' && typeof rest.value === 'string' && node.children.has(rest.value);
      if (hasRulesBelow || node.document.kind === 'function') return { type: ANY, at: at + 1 };
      return { type: node.children.size > 0 ? ANY : (this.#document(node.document) ?? ANY), at: at + 1 };
    }
    return this.#schema(ref, placed) ?? { type: this.#extent(node) ?? ANY, at: ref.path.length };
  }

  /** The type of all documents below a node, beside which there may be data. */
  #extent(node: TreeNode): Type | undefined {
    if (node.document) return node.document.kind === 'function' ? undefined : (this.#document(node.document) ?? ANY);
    const fields = [...node.children].flatMap(([name, child]) => {
      const type = this.#extent(child);
      return type ? [[name, type] as const] : [];
    });
    return fields.length > 0 ? objectType(fields, { key: { kind: 'string' }, value: ANY }) : undefined;
  }

  #schema(ref: Ref, placed: PlacedRule | undefined): { type: Type; at: number } | undefined {
    for (let at = ref.path.length; at >= 0; at--) {
      const path = groundPath(at === 0 ? ref.head : { ...ref, path: ref.path.slice(0, at) });
      const type = path && this.#program.schema?.(path, placed);
      if (type) return { type, at };
    }
    return undefined;
  }
}
