import { call, comprehension, isTest, template, testCode } from './compile-calls.ts';
import { reference } from './compile-references.ts';
import { groundPath } from './resolve.ts';
import { isEvaluable, orderBody, ownVars } from './order.ts';
import { type Operand, operandsOf } from './negation.ts';
import { isNumber, type RegoNumber } from './number.ts';
import type { Body, Literal, Term, With } from './syntax.ts';
import type { RuleDocument, TreeNode } from './tree.ts';
import { objectOf, RegoSet, type Value } from './value.ts';

/** JavaScript names of variables that are bound, by their Rego names. */
export type Bindings = ReadonlyMap<string, string>;
export type Continue = (code: string, bindings: Bindings) => void;
export type Next = (bindings: Bindings) => void;

/** What body code needs to know of the whole program. Constants, nodes and builtins are reached by number only. */
export interface ProgramParts {
  readonly root: TreeNode;
  constant(value: Value): string;
  node(node: TreeNode): string;
  builtin(name: string): string;
  arity(name: readonly string[]): number | undefined;
  /** The document a function name means; undefined for builtins. */
  functionDocument(name: readonly string[]): RuleDocument | undefined;
  /** Whether some `with` of the program replaces this function. */
  isMocked(name: string): boolean;
  uses(document: RuleDocument): void;
  unsafe(names: readonly string[], literal: Literal): never;
  fail(message: string, literal: { readonly at: Term['at'] }): never;
  /** What `rego.metadata.chain()` and `rego.metadata.rule()` are in the rule being compiled. */
  metadata(of: 'chain' | 'rule'): Value;
}

/** The value of a term without variables, references or calls. */
export function groundValue(term: Term): Value | undefined {
  if (term.kind === 'scalar') return term.value;
  if (term.kind === 'array' || term.kind === 'set') {
    const items = term.items.map(groundValue);
    if (items.some(item => item === undefined)) return undefined;
    return term.kind === 'array' ? (items as Value[]) : new RegoSet(items as Value[]);
  }
  if (term.kind !== 'object') return undefined;
  const entries = term.entries.map(([key, value]) => [groundValue(key), groundValue(value)] as const);
  if (entries.some(([key, value]) => key === undefined || value === undefined)) return undefined;
  return objectOf(entries as [Value, Value][]);
}

/** Emits JavaScript for bodies: nested loops and conditions, the continuation innermost. */
export class BodyCompiler {
  readonly lines: string[] = [];
  readonly parts: ProgramParts;
  #count = 0;

  constructor(parts: ProgramParts) {
    this.parts = parts;
  }

  emit(code: string): void {
    this.lines.push(code);
  }

  /** A loop over a collection in Rego's order; neither pairs nor iterators are made. */
  loop(collection: string, inside: (key: string, value: string) => void): void {
    const [keys, size, at, key, value] = ['s', 'n', 'i', 'k', 'v'].map(prefix => this.fresh(prefix)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    this.emit(
      `const ${keys}=R.keysOf(${collection}),${size}=${keys}===undefined?(${collection}).length:${keys}.length;` +
        `for(let ${at}=0;${at}<${size};${at}++){if(--c.b.fuel.left<0)R.exhausted();` +
        `const ${key}=${keys}===undefined?${at}:${keys}[${at}],${value}=${keys}===undefined?(${collection})[${at}]:R.memberOf(${collection},${key});`,
    );
    inside(key, value);
    this.emit('}');
  }

  fresh(prefix = 't'): string {
    return `${prefix}${this.#count++}`;
  }

  /** A body in a safe order; `next` is emitted where every literal holds. */
  body(body: Body, bindings: Bindings, context: string, next: Next): void {
    const ordered = orderBody(
      body,
      new Set(bindings.keys()),
      name => this.parts.arity(name),
      (names, literal) => this.parts.unsafe(names, literal),
    );
    this.#literals(ordered, 0, bindings, context, next);
  }

  #literals(body: Body, at: number, bindings: Bindings, context: string, next: Next): void {
    const literal = body[at];
    if (!literal) return next(bindings);
    this.#literal(literal, bindings, context, inner => this.#literals(body, at + 1, inner, context, next));
  }

  #literal(literal: Literal, bindings: Bindings, context: string, next: Next): void {
    if (literal.kind === 'some' || literal.kind === 'assign') return next(bindings);
    this.withModifiers(literal.with, bindings, context, (inner, known) => {
      const negated = literal.kind === 'notBody' || (literal.kind !== 'someIn' && literal.negated);
      if (!negated) return this.#positive(literal, known, inner, next);
      if (literal.kind !== 'term' && literal.kind !== 'unify') return this.#negative(literal, known, inner, next);
      const { operands, rest } = operandsOf(literal);
      this.#operands(operands, 0, known, inner, bound => this.#negative(rest, bound, inner, () => next(known)));
    });
  }

  /** Binds what a negated literal is made of; undefined where a part of it is. */
  #operands(operands: readonly Operand[], at: number, bindings: Bindings, context: string, next: Next): void {
    const operand = operands[at];
    if (!operand) return next(bindings);
    this.term(operand.term, bindings, context, (code, known) =>
      this.#operands(operands, at + 1, new Map(known).set(operand.name, code), context, next),
    );
  }

  #negative(
    literal: Exclude<Literal, { kind: 'some' | 'assign' }>,
    known: Bindings,
    context: string,
    next: Next,
  ): void {
    const found = this.fresh('n');
    const label = this.fresh('L');
    this.emit(`let ${found}=false;${label}:{`);
    this.#positive(literal, known, context, () => this.emit(`${found}=true;break ${label};`));
    this.emit(`}if(!${found}){`);
    next(known);
    this.emit('}');
  }

  #positive(
    literal: Exclude<Literal, { kind: 'some' | 'assign' }>,
    bindings: Bindings,
    context: string,
    next: Next,
  ): void {
    switch (literal.kind) {
      case 'term':
        return this.#termLiteral(literal.term, bindings, context, next);
      case 'unify':
        return this.unify(literal.left, literal.right, bindings, context, next);
      case 'someIn':
        return this.#someIn(literal, bindings, context, next);
      case 'every':
        return this.#every(literal, bindings, context, next);
      case 'notBody':
        return this.body(literal.body, bindings, context, next);
    }
  }

  #termLiteral(term: Term, bindings: Bindings, context: string, next: Next): void {
    if (term.kind === 'call' && term.args.length > 0 && this.parts.arity(term.name) === term.args.length - 1) {
      const call: Term = { ...term, args: term.args.slice(0, -1) };
      return this.unify(call, term.args.at(-1)!, bindings, context, next);
    }
    if (term.kind === 'call' && isTest(term, this.parts)) {
      return this.terms(term.args, bindings, context, (codes, known) => {
        this.emit(`if(${testCode(term.name[0]!, term.args, codes)}){`);
        next(known);
        this.emit('}');
      });
    }
    this.term(term, bindings, context, (code, known) => {
      this.emit(`if(${code}!==false){`);
      next(known);
      this.emit('}');
    });
  }

  #someIn(literal: Extract<Literal, { kind: 'someIn' }>, bindings: Bindings, context: string, next: Next): void {
    this.term(literal.domain, bindings, context, (domain, known) => {
      this.loop(domain, (key, value) => {
        const matchValue = (after: Bindings): void => this.match(literal.value, value, after, context, next);
        if (literal.key) this.match(literal.key, key, known, context, matchValue);
        else matchValue(known);
      });
    });
  }

  #every(literal: Extract<Literal, { kind: 'every' }>, bindings: Bindings, context: string, next: Next): void {
    this.term(literal.domain, bindings, context, (domain, known) => {
      const [holds, found, outer, inner] = ['h', 'f', 'L', 'L'].map(prefix => this.fresh(prefix));
      this.emit(`if(R.isCollection(${domain})){let ${holds}=true;${outer}:{`);
      this.loop(domain, (key, value) => {
        this.emit(`let ${found}=false;${inner}:{`);
        const inside = new Map(known).set(literal.value, value);
        if (literal.key !== undefined) inside.set(literal.key, key);
        this.body(literal.body, inside, context, () => this.emit(`${found}=true;break ${inner};`));
        this.emit(`}if(!${found}){${holds}=false;break ${outer};}`);
      });
      this.emit(`}if(${holds}){`);
      next(known);
      this.emit('}}');
    });
  }

  /** The context under `with`. */
  withModifiers(
    list: readonly With[],
    bindings: Bindings,
    context: string,
    next: (context: string, bindings: Bindings) => void,
  ): void {
    if (list.length === 0) return next(context, bindings);
    const items: string[] = [];
    const step = (at: number, known: Bindings): void => {
      const item = list[at];
      if (!item) {
        const inner = this.fresh('c');
        this.emit(`const ${inner}=R.withContext(${context},[${items.join(',')}]);`);
        return next(inner, known);
      }
      const path = groundPath(item.target)!;
      const kind =
        path[0] === 'input' ? 'input' : path[0] === 'data' && !this.parts.functionDocument(path) ? 'data' : 'function';
      const names = this.parts.constant((kind === 'function' ? path : path.slice(1)) as Value);
      const replacement = kind === 'function' ? this.#replacement(item, context) : undefined;
      if (replacement) {
        items.push(`{kind:'function',path:${names},call:${replacement}}`);
        return step(at + 1, known);
      }
      this.term(item.value, known, context, (code, after) => {
        items.push(`{kind:'${kind}',path:${names},value:${code}}`);
        step(at + 1, after);
      });
    };
    step(0, bindings);
  }

  /** `with f as g`: the call that stands in for the function, when the value names a function. */
  #replacement(item: With, context: string): string | undefined {
    const path = item.replacement ?? groundPath(item.value);
    if (!path) return undefined;
    const document = this.parts.functionDocument(path);
    if (document) {
      this.parts.uses(document);
      return `a=>d${document.id}(R.withoutMocks(${context}),...a)`;
    }
    const name = path.join('.');
    if (path[0] === 'data' || path[0] === 'input' || this.parts.arity(path) === undefined) return undefined;
    return `a=>R.callBuiltin(${context},${JSON.stringify(name)},${this.parts.builtin(name)},a.slice(0,${this.parts.arity(path)}))`;
  }

  /** Both sides equal; unknown variables of one side are bound. */
  unify(left: Term, right: Term, bindings: Bindings, context: string, next: Next): void {
    const known = new Set(bindings.keys());
    const shared = new Set([...known, ...ownVars(left), ...ownVars(right)]);
    const [source, pattern] = isEvaluable(left, known, shared) ? [left, right] : [right, left];
    this.term(source, bindings, context, (code, inner) => this.match(pattern, code, inner, context, next));
  }

  /** A value against a pattern. */
  match(pattern: Term, code: string, bindings: Bindings, context: string, next: Next): void {
    if (pattern.kind === 'var' && !bindings.has(pattern.name) && pattern.name !== 'input' && pattern.name !== 'data') {
      return next(new Map(bindings).set(pattern.name, code));
    }
    if (pattern.kind === 'array' && groundValue(pattern) === undefined)
      return this.#matchArray(pattern, code, bindings, context, next);
    if (pattern.kind === 'object' && groundValue(pattern) === undefined)
      return this.#matchObject(pattern, code, bindings, context, next);
    this.term(pattern, bindings, context, (other, inner) => {
      const simple = pattern.kind === 'scalar' && (typeof pattern.value !== 'object' || pattern.value === null);
      this.emit(simple ? `if(${code}===${other}){` : `if(R.equal(${code},${other})){`);
      next(inner);
      this.emit('}');
    });
  }

  #matchArray(
    pattern: Extract<Term, { kind: 'array' }>,
    code: string,
    bindings: Bindings,
    context: string,
    next: Next,
  ): void {
    this.emit(`if(R.isArray(${code})&&(${code}).length===${pattern.items.length}){`);
    const step = (at: number, known: Bindings): void => {
      const item = pattern.items[at];
      if (!item) return next(known);
      const value = this.fresh();
      this.emit(`const ${value}=(${code})[${at}];`);
      this.match(item, value, known, context, inner => step(at + 1, inner));
    };
    step(0, bindings);
    this.emit('}');
  }

  #matchObject(
    pattern: Extract<Term, { kind: 'object' }>,
    code: string,
    bindings: Bindings,
    context: string,
    next: Next,
  ): void {
    this.emit(`if(R.isObject(${code})&&R.sizeOfObject(${code})===${pattern.entries.length}){`);
    const step = (at: number, known: Bindings): void => {
      const entry = pattern.entries[at];
      if (!entry) return next(known);
      this.term(entry[0], known, context, (key, inner) => {
        const value = this.fresh();
        this.emit(`const ${value}=R.lookup(${code},${key});if(${value}!==undefined){`);
        this.match(entry[1], value, inner, context, after => step(at + 1, after));
        this.emit('}');
      });
    };
    step(0, bindings);
    this.emit('}');
  }

  /** Several terms, one after the other. */
  terms(
    list: readonly Term[],
    bindings: Bindings,
    context: string,
    next: (codes: string[], bindings: Bindings) => void,
  ): void {
    const codes: string[] = [];
    const step = (at: number, known: Bindings): void => {
      const term = list[at];
      if (!term) return next(codes, known);
      this.term(term, known, context, (code, inner) => {
        codes.push(code);
        step(at + 1, inner);
      });
    };
    step(0, bindings);
  }

  /** The values of a term; code given to `next` is a name or a constant and may be used many times. */
  term(term: Term, bindings: Bindings, context: string, next: Continue): void {
    switch (term.kind) {
      case 'scalar':
        return next(this.scalar(term.value), bindings);
      case 'var':
        if (term.name === 'input' || term.name === 'data')
          return reference(this, { kind: 'ref', head: term, path: [], at: term.at }, bindings, context, next);
        return next(bindings.get(term.name) ?? this.parts.fail(`var ${plain(term.name)} is unsafe`, term), bindings);
      case 'ref':
        return reference(this, term, bindings, context, next);
      case 'call':
        return call(this, term, bindings, context, next);
      case 'comprehension':
        return comprehension(this, term, bindings, context, next);
      case 'template':
        return template(this, term, bindings, context, next);
      default:
        return this.#composite(term, bindings, context, next);
    }
  }

  /** Code of a scalar. */
  scalar(value: null | boolean | string | RegoNumber): string {
    if (typeof value === 'string' || (isNumber(value) && typeof value !== 'number')) return this.parts.constant(value);
    return Object.is(value, -0) ? '0' : String(value as number | boolean | null);
  }

  #composite(
    term: Extract<Term, { kind: 'array' | 'set' | 'object' }>,
    bindings: Bindings,
    context: string,
    next: Continue,
  ): void {
    const ground = groundValue(term);
    if (ground !== undefined) return next(this.parts.constant(ground), bindings);
    const parts = term.kind === 'object' ? term.entries.flat() : term.items;
    this.terms(parts, bindings, context, (codes, inner) => {
      const made = this.fresh();
      if (term.kind === 'array') this.emit(`const ${made}=[${codes.join(',')}];`);
      else if (term.kind === 'set') this.emit(`const ${made}=new R.RegoSet([${codes.join(',')}]);`);
      else {
        const pairs = term.entries.map((_, index) => `[${codes[index * 2]},${codes[index * 2 + 1]}]`);
        this.emit(`const ${made}=R.objectOf([${pairs.join(',')}]);`);
      }
      next(made, inner);
    });
  }
}

/** A variable as the program wrote it. */
export const plain = (name: string): string => (name.startsWith('$') ? '_' : name.replace(/#\d+$/, ''));
