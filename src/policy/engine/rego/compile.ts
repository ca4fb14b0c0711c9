import { BodyCompiler, type Bindings, groundValue, plain, type ProgramParts } from './compile-body.ts';
import { type Dependencies, dependenciesOf } from './dependencies.ts';
import { Interpreter, type Tracer } from './interpret/index.ts';
import { metadataChain, metadataRule } from './metadata.ts';
import { contextOf, settle } from './evaluation.ts';
import { isPattern, ownVars } from './order.ts';
import { parseQuery } from './parser.ts';
import { partially, type PartialOptions, type PartialResult, type PartialSource } from './partial/index.ts';
import { bodiesOf, checkRecursion, mockedNames, throwAll, valued } from './program.ts';
import { Resolver } from './resolve.ts';
import { planIndex, ruleIndex, rulesFor } from './rule-index.ts';
import * as runtime from './runtime.ts';
import {
  type Body,
  type Import,
  type Literal,
  type Module,
  type Place,
  RegoError,
  type Rule,
  type Term,
} from './syntax.ts';
import { buildTree, findNode, type PlacedRule, type RuleDocument, type TreeNode } from './tree.ts';
import { TypeChecker } from './types/check.ts';
import { equal, objectOf, type Value } from './value.ts';

/** A builtin as the compiler sees it; relations give many values. */
export interface BuiltinDefinition {
  readonly name: string;
  readonly arity: number;
  readonly call: runtime.Builtin;
}

export interface Evaluation {
  readonly input?: Value;
  readonly data?: Value;
  readonly builtins: runtime.BuiltinContext;
}

/** A query compiled against a program: every call gives all bindings of its variables. */
export interface CompiledQuery {
  /** Names of the query's own variables, in order. */
  readonly names: readonly string[];
  /** Under `values`: the expressions as written; rows hold the value of the n-th under `$e<n>`. */
  readonly expressions: readonly { readonly text: string; readonly at: Place }[];
  evaluate(evaluation: Evaluation): { readonly [name: string]: Value }[];
  /** The same by the interpreter, every step told to the tracer. */
  interpret(evaluation: Evaluation, tracer?: Tracer): { readonly [name: string]: Value }[];
}

/** How the text of a query is read. */
export interface QueryOptions {
  readonly package?: string;
  readonly version?: 'v0' | 'v1';
  readonly imports?: readonly string[];
  /** Imports as a module has them. */
  readonly uses?: readonly Import[];
  /** Whether rows tell the value of each expression. */
  readonly values?: boolean;
}

/** Modules compiled together. */
export interface Program {
  readonly modules: readonly Module[];
  readonly documents: readonly RuleDocument[];
  query(text: string, options?: QueryOptions): CompiledQuery;
  /** The value of one rule document: the fast way in. Undefined path: no such document. */
  entry(path: readonly string[]): ((evaluation: Evaluation) => Value | undefined) | undefined;
  /** What is left of a query when only a part of the documents is known. */
  partially(text: string, options: PartialOptions & QueryOptions, evaluation: Evaluation): PartialResult;
  /** The documents a query is made of. */
  dependencies(text: string, options?: QueryOptions): Dependencies;
  /** The interpreter of the same rules: slower, but it tells what it does. */
  interpreter(tracer?: Tracer): Interpreter;
  /** The JavaScript that was made, for people and tests. */
  readonly source: string;
}

/** Compiles modules to JavaScript. Our templates and numbered constants are all the source there is: no text of a policy. */
export function compileRego(modules: readonly Module[], builtins: ReadonlyMap<string, BuiltinDefinition>): Program {
  return new RegoProgram(modules, builtins);
}

class RegoProgram implements Program {
  readonly modules: readonly Module[];
  readonly documents: readonly RuleDocument[];
  readonly source: string;
  readonly #root: TreeNode;
  readonly #builtins: ReadonlyMap<string, BuiltinDefinition>;
  readonly #constants: Value[] = [];
  readonly #constantIds = new Map<Value, number>();
  readonly #nodes = new Map<TreeNode, number>();
  readonly #calls = new Map<string, number>();
  readonly #mocked: ReadonlySet<string>;
  readonly #resolved = new Map<PlacedRule, Rule>();
  readonly #functions: readonly ((...args: never[]) => unknown)[];
  readonly #linked: runtime.LinkedNode[] = [];

  constructor(
    modules: readonly Module[],
    builtins: ReadonlyMap<string, BuiltinDefinition>,
    mocked: Iterable<string> = [],
  ) {
    this.modules = modules;
    this.#builtins = builtins;
    const { root, documents } = buildTree(modules, (message, { rule, module }) => {
      throw new RegoError('rego_type_error', message, rule.at, module.file);
    });
    this.#root = root;
    this.documents = documents;
    const resolvers = new Map(
      modules.map(module => [module, new Resolver({ module, root, isBuiltin: name => builtins.has(name) })]),
    );
    for (const document of documents) {
      for (const placed of [...document.rules, ...(document.default ? [document.default] : [])])
        this.#resolved.set(placed, resolvers.get(placed.module)!.rule(placed.rule));
    }
    this.#mocked = new Set([...mocked, ...mockedNames([...this.#resolved.values()].flatMap(bodiesOf))]);
    const uses = new Map<number, Set<number>>();
    const lines = documents.flatMap(document => this.#document(document, uses));
    checkRecursion(documents, uses);
    this.#checkTypes();
    this.source = lines.join('\n');
    this.#functions = this.#link(`${this.source}\nreturn [${documents.map(({ id }) => `d${id}`).join(',')}];`) as never;
  }

  #typed(): TypeChecker {
    return new TypeChecker({
      root: this.#root,
      documents: this.documents,
      resolved: placed => this.#resolved.get(placed)!,
      arity: this.#parts(new Set(), undefined).arity,
    });
  }

  #checkTypes(): void {
    const checker = this.#typed();
    checker.rules();
    throwAll(checker.errors);
  }

  /** Runs emitted source. Its free names are R (runtime), K (constants), N (nodes), B (builtins). */
  #link(source: string): unknown {
    const build = new Function('R', 'K', 'N', 'B', `"use strict";${source}`) as (...args: unknown[]) => unknown;
    const calls = [...this.#calls.keys()].map(name => this.#builtins.get(name)!.call);
    const functions = build({ ...runtime, ruleIndex, rulesFor }, this.#constants, this.#linked, calls);
    return functions;
  }

  #nodeId(node: TreeNode): number {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const id = this.#nodes.size;
    this.#nodes.set(node, id);
    const children = new Map<string, runtime.LinkedNode>();
    const { document } = node;
    const hasValue = document !== undefined && document.kind !== 'function';
    const linked: runtime.LinkedNode = {
      path: node.path,
      children,
      ...(document?.kind === 'function' ? { isFunction: true } : {}),
      ...(hasValue
        ? {
            rules: (context: runtime.Context) =>
              (this.#functions[document.id] as (context: runtime.Context) => Value | undefined)(context),
          }
        : {}),
    };
    this.#linked[id] = linked;
    for (const [name, child] of node.children)
      if (!child.isFolded) children.set(name, this.#linked[this.#nodeId(child)]!);
    return id;
  }

  #parts(uses: Set<number>, module: Module | undefined, placed?: PlacedRule): ProgramParts {
    const file = module?.file ?? 'query';
    const functionDocument = (path: readonly string[]): RuleDocument | undefined => {
      if (path[0] !== 'data') return undefined;
      const document = findNode(this.#root, path.slice(1))?.document;
      return document?.kind === 'function' ? document : undefined;
    };
    return {
      root: this.#root,
      constant: value => {
        if (typeof value === 'object' && value !== null) return `K[${this.#constants.push(value) - 1}]`;
        let id = this.#constantIds.get(value);
        if (id === undefined) this.#constantIds.set(value, (id = this.#constants.push(value) - 1));
        return `K[${id}]`;
      },
      node: node => `N[${this.#nodeId(node)}]`,
      builtin: name => {
        let id = this.#calls.get(name);
        if (id === undefined) this.#calls.set(name, (id = this.#calls.size));
        return `B[${id}]`;
      },
      arity: path => functionDocument(path)?.arity ?? this.#builtins.get(path.join('.'))?.arity,
      functionDocument,
      isMocked: name => this.#mocked.has(name),
      uses: document => void uses.add(document.id),
      metadata: of => {
        if (!placed) return of === 'chain' ? [] : objectOf([]);
        return of === 'chain' ? metadataChain(placed, this.modules) : metadataRule(placed);
      },
      unsafe: (names, literal: Literal) => {
        throw new RegoError(
          'rego_unsafe_var_error',
          `var ${[...new Set(names)].map(plain).join(', ')} is unsafe`,
          literal.at,
          file,
        );
      },
      fail: (message, { at }) => {
        throw new RegoError(
          message.includes('unsafe') ? 'rego_unsafe_var_error' : 'rego_type_error',
          message,
          at,
          file,
        );
      },
    };
  }

  /** Functions of one document: `d<id>` and one a rule. */
  #document(document: RuleDocument, allUses: Map<number, Set<number>>): string[] {
    const uses = new Set<number>();
    allUses.set(document.id, uses);
    const params = Array.from({ length: document.arity }, (_, index) => `p${index}`);
    const lines = document.rules.flatMap((placed, index) =>
      this.#rule(document, placed, `r${document.id}_${index}`, params, uses),
    );
    const { runs, each } = this.#runs(document);
    const name = `d${document.id}`;
    const enter = `if(--c.b.fuel.left<0)R.exhausted();`;
    const memo = `c.m[${document.id}]`;
    if (document.kind === 'complete' || document.kind === 'function') {
      const isFunction = document.kind === 'function';
      const args = ['c', ...params].join(',');
      const stop = this.#oneValue(document) ? 'if(v!==undefined)break all;' : '';
      const take = `if(v===undefined)v=r;else if(!R.equal(v,r))R.conflict('${document.kind}');`;
      const all = `all:{${each(run => `const r=${run}(${args});if(r!==undefined){${take}${stop}}`)}}`;
      const otherwise = document.default ? `if(v===undefined)v=${this.#default(document, params, uses, lines)};` : '';
      const run = `let v;${all}${otherwise}`;
      lines.push(
        ...runs,
        isFunction
          ? `function ${name}(${args}){${enter}${run}return v;}`
          : `function ${name}(c){const m=${memo};if(m!==undefined){if(m===R.NONE)return undefined;if(m===R.BUSY)R.recursion();return m;}${enter}${memo}=R.BUSY;${run}${memo}=v===undefined?R.NONE:v;return v;}`,
      );
      return lines;
    }
    const [start, end] = document.kind === 'set' ? ['R.newSet()', 's'] : ['R.newObject()', 's.done()'];
    lines.push(
      ...runs,
      `function ${name}(c){const m=${memo};if(m!==undefined){if(m===R.BUSY)R.recursion();return m;}${enter}${memo}=R.BUSY;const s=${start};${each(run => `${run}(c,s);`)}return ${memo}=${end};}`,
    );
    return lines;
  }

  /** How a document runs its rules: one after the other, or those its index finds. */
  #runs(document: RuleDocument): { runs: string[]; each: (body: (run: string) => string) => string } {
    const names = document.rules.map((_, index) => `r${document.id}_${index}`);
    const plan = planIndex(document.rules.map(placed => this.#resolved.get(placed)!));
    if (!plan) return { runs: [], each: body => names.map(name => `{${body(name)}}`).join('') };
    const { constant } = this.#parts(new Set(), undefined);
    const index = `I${document.id}`;
    return {
      runs: [
        `const ${index}=R.ruleIndex(${constant(plan.path)},${constant(plan.keys as Value)},[${names.join(',')}]);`,
      ],
      each: body => `const l=R.rulesFor(${index},c);for(let i=0;i<l.length;i++){${body('l[i]')}}`,
    };
  }

  /** Whether every rule gives the same constant: the first that holds decides. */
  #oneValue(document: RuleDocument): boolean {
    const values = document.rules.map(placed => {
      const rule = this.#resolved.get(placed)!;
      return rule.else ? undefined : rule.head.value ? groundValue(rule.head.value) : true;
    });
    return values.length > 0 && values.every(value => value !== undefined && equal(value, values[0]!));
  }

  /** The default as an expression; a default that is no constant gets a function of its own. */
  #default(document: RuleDocument, params: readonly string[], uses: Set<number>, lines: string[]): string {
    const rule = this.#resolved.get(document.default!)!;
    const parts = this.#parts(uses, document.default!.module);
    const ground = groundValue(rule.head.value!);
    if (ground !== undefined) return parts.constant(ground);
    const compiler = new BodyCompiler(parts);
    compiler.term(rule.head.value!, new Map(), 'c', code => compiler.emit(`return ${code};`));
    lines.push(`function x${document.id}(${['c', ...params].join(',')}){${compiler.lines.join('')}}`);
    return `x${document.id}(${['c', ...params].join(',')})`;
  }

  #rule(
    document: RuleDocument,
    placed: PlacedRule,
    name: string,
    params: readonly string[],
    uses: Set<number>,
  ): string[] {
    const rule = this.#resolved.get(placed)!;
    const parts = this.#parts(uses, placed.module, placed);
    const compiler = new BodyCompiler(parts);
    if (document.kind === 'set' || document.kind === 'object') {
      const below = (placed.below ?? []).map((value): Term => ({ kind: 'scalar', value, at: rule.at }));
      const keys = [...below, ...rule.head.path.slice(rule.head.path.length - placed.keys.length)];
      if (rule.else) return this.#foldedElse(document, rule, name, keys, compiler);
      compiler.body(rule.body, new Map(), 'c', bindings => {
        const last = rule.head.key ?? rule.head.value ?? ({ kind: 'scalar', value: true, at: rule.at } as Term);
        compiler.terms([...keys, last], bindings, 'c', codes => {
          const value = codes.pop()!;
          if (document.kind === 'set') compiler.emit(`s.add(${value});`);
          else compiler.emit(`s.${rule.head.key ? 'addTo' : 'put'}([${codes.join(',')}],${value});`);
        });
      });
      return [`function ${name}(c,s){${compiler.lines.join('')}}`];
    }
    for (let level: Rule | undefined = rule; level; level = level.else) this.#level(compiler, level, document, params);
    return [`function ${name}(${['c', ...params].join(',')}){let v;${compiler.lines.join('')}return v;}`];
  }

  /** A complete rule with an else chain inside a document with unknown keys. */
  #foldedElse(
    document: RuleDocument,
    rule: Rule,
    name: string,
    keys: readonly Term[],
    compiler: BodyCompiler,
  ): string[] {
    for (let level: Rule | undefined = rule; level; level = level.else) this.#level(compiler, level, document, []);
    const path = keys.map(key => compiler.scalar((key as { value: string }).value)).join(',');
    return [
      `function ${name}v(c){let v;${compiler.lines.join('')}return v;}`,
      `function ${name}(c,s){const v=${name}v(c);if(v!==undefined)s.put([${path}],v);}`,
    ];
  }

  /** One step of an else chain: its value when the body holds, else the next step. */
  #level(compiler: BodyCompiler, rule: Rule, document: RuleDocument, params: readonly string[]): void {
    const value = rule.head.value ?? ({ kind: 'scalar', value: true, at: rule.at } as Term);
    const constant = groundValue(value) !== undefined;
    const finish = (bindings: Bindings): void => {
      compiler.term(value, bindings, 'c', code => {
        // A constant cannot differ next time: the first success is the answer.
        if (constant) compiler.emit(`return ${code};`);
        else compiler.emit(`if(v===undefined)v=${code};else if(!R.equal(v,${code}))R.conflict('${document.kind}');`);
      });
    };
    const args = rule.head.args ?? [];
    const late: Literal[] = [];
    const match = (at: number, bindings: Bindings): void => {
      const arg = args[at];
      if (!arg) return compiler.body([...late, ...rule.body], bindings, 'c', finish);
      const known = new Set(bindings.keys());
      if (!isPattern(arg, known, new Set([...known, ...ownVars(arg)]))) {
        // Its variables are bound by the body: `f($"{x}") if x = "a"`.
        const left: Term = { kind: 'var', name: `$p${at}`, at: arg.at };
        late.push({ kind: 'unify', left, right: arg, negated: false, with: [], at: arg.at });
        return match(at + 1, new Map(bindings).set(left.name, params[at]!));
      }
      compiler.match(arg, params[at]!, bindings, 'c', inner => match(at + 1, inner));
    };
    compiler.emit('{');
    match(0, new Map());
    compiler.emit('}if(v!==undefined)return v;');
  }

  dependencies(text: string, options: QueryOptions = {}): Dependencies {
    const { parsed, resolver } = this.#parsed(text, options);
    return dependenciesOf(this.#root, this.#source().resolved, resolver.query(parsed));
  }

  #source(): Pick<PartialSource, 'root' | 'builtins' | 'resolved'> {
    return { root: this.#root, builtins: this.#builtins, resolved: placed => this.#resolved.get(placed)! };
  }

  interpreter(tracer?: Tracer): Interpreter {
    return new Interpreter({ ...this.#source(), modules: this.modules }, tracer);
  }

  #parsed(text: string, options: QueryOptions): { readonly parsed: Body; readonly resolver: Resolver } {
    const version = options.version ?? 'v1';
    const parsed = parseQuery(text, {
      file: 'query',
      version,
      ...(options.imports ? { imports: options.imports } : {}),
    });
    const module: Module = {
      file: 'query',
      text,
      package: options.package?.split('.') ?? [],
      packageAt: { start: 0, end: 0 },
      imports: options.uses ?? [],
      rules: [],
      annotations: [],
      version,
    };
    return {
      parsed,
      resolver: new Resolver({ module, root: this.#root, isBuiltin: name => this.#builtins.has(name) }),
    };
  }

  partially(text: string, options: PartialOptions & QueryOptions, evaluation: Evaluation): PartialResult {
    const { parsed, resolver } = this.#parsed(text, options);
    const body = resolver.query(parsed);
    const checker = this.#typed();
    checker.query(body, 'query');
    throwAll(checker.errors);
    const context = contextOf(evaluation);
    const result = partially({ ...this.#source(), interpreter: this.interpreter() }, body, options, context);
    settle(context);
    return result;
  }

  query(text: string, options: QueryOptions = {}): CompiledQuery {
    const { parsed, resolver } = this.#parsed(text, options);
    const body = resolver.query(options.values ? parsed.map(valued) : parsed);
    // Rules check for replaced functions only where some `with` replaces them: a query that does so needs rules that look.
    const mocked = mockedNames([body]);
    if ([...mocked].some(name => !this.#mocked.has(name)))
      return new RegoProgram(this.modules, this.#builtins, mocked).query(text, options);
    const checker = this.#typed();
    checker.query(body, 'query');
    throwAll(checker.errors);
    const compiler = new BodyCompiler(this.#parts(new Set(), undefined));
    let names: string[] = [];
    compiler.body(body, new Map(), 'c', bindings => {
      const shown = [...bindings].filter(
        ([name]) => !name.startsWith('$') || (options.values === true && name.startsWith('$e')),
      );
      names = shown.map(([name]) => (name.startsWith('$e') ? name : plain(name)));
      compiler.emit(`out.push([${shown.map(([, code]) => code).join(',')}]);`);
    });
    const functions = this.documents.map(({ id }) => `d${id}=F[${id}]`).join(',');
    const build = new Function(
      'R',
      'K',
      'N',
      'B',
      'F',
      `"use strict";${functions ? `const ${functions};` : ''}return function(c,out){${compiler.lines.join('')}};`,
    ) as (...args: unknown[]) => (context: runtime.Context, out: Value[][]) => void;
    const calls = [...this.#calls.keys()].map(name => this.#builtins.get(name)!.call);
    const run = build(runtime, this.#constants, this.#linked, calls, this.#functions);
    return {
      names: names.filter(name => !name.startsWith('$')),
      expressions: parsed.map(({ at }) => ({ text: text.slice(at.start, at.end), at })),
      evaluate: evaluation => {
        const context = contextOf(evaluation);
        const out: Value[][] = [];
        run(context, out);
        settle(context);
        return out.map(row => Object.fromEntries(row.map((value, index) => [names[index]!, value])));
      },
      interpret: (evaluation, tracer) => {
        const context = contextOf(evaluation);
        const out: { [name: string]: Value }[] = [];
        this.interpreter(tracer).query(body, context, bindings => {
          const shown = [...bindings].map(
            ([name, value]) => [name.startsWith('$e') ? name : plain(name), value] as const,
          );
          out.push(Object.fromEntries(shown.filter(([name]) => names.includes(name))));
        });
        settle(context);
        return out;
      },
    };
  }

  entry(path: readonly string[]): ((evaluation: Evaluation) => Value | undefined) | undefined {
    const node = findNode(this.#root, path);
    if (!node) return undefined;
    const linked = this.#linked[this.#nodeId(node)]!;
    const document = node.document;
    if (document && document.kind !== 'function' && [...node.children.values()].every(child => child.isFolded)) {
      const run = this.#functions[document.id] as (context: runtime.Context) => Value | undefined;
      return evaluation => {
        const context = contextOf(evaluation);
        const value = run(context);
        settle(context);
        return value;
      };
    }
    return evaluation => {
      const context = contextOf(evaluation);
      const value = runtime.materialize(context, linked);
      settle(context);
      return value;
    };
  }
}
