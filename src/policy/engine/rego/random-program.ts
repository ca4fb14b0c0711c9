/** Random Rego modules for differential tests: most of them compile, many of them mean something. */

type Kind = 'number' | 'string' | 'boolean' | 'array' | 'set' | 'object' | 'any';

/** The input the modules speak of. */
export const RANDOM_INPUT = {
  a: 1,
  b: [1, 2, 3, 2],
  s: 'xyz',
  o: { k: 'v', n: 2, constructor: 7 },
  l: [
    { x: 1, y: 'p' },
    { x: 2, y: 'q' },
    { x: 2, y: 'p', z: [] },
  ],
  t: true,
  z: null,
  big: 12345678901234567890n,
} as const;

const CALLS: readonly (readonly [Kind, string, ...Kind[]])[] = [
  ['number', 'count', 'array'],
  ['number', 'count', 'set'],
  ['number', 'count', 'object'],
  ['number', 'count', 'string'],
  ['number', 'abs', 'number'],
  ['number', 'round', 'number'],
  ['number', 'ceil', 'number'],
  ['number', 'floor', 'number'],
  ['number', 'bits.and', 'number', 'number'],
  ['number', 'indexof', 'string', 'string'],
  ['number', 'to_number', 'string'],
  ['any', 'max', 'array'],
  ['any', 'min', 'set'],
  ['any', 'object.get', 'object', 'any', 'any'],
  ['string', 'upper', 'string'],
  ['string', 'lower', 'string'],
  ['string', 'type_name', 'any'],
  ['string', 'json.marshal', 'any'],
  ['string', 'trim', 'string', 'string'],
  ['string', 'replace', 'string', 'string', 'string'],
  ['string', 'substring', 'string', 'number', 'number'],
  ['string', 'base64.encode', 'string'],
  ['string', 'format_int', 'number', 'number'],
  ['boolean', 'startswith', 'string', 'string'],
  ['boolean', 'contains', 'string', 'string'],
  ['boolean', 'is_number', 'any'],
  ['boolean', 'is_string', 'any'],
  ['boolean', 'object.subset', 'object', 'object'],
  ['array', 'array.concat', 'array', 'array'],
  ['array', 'array.slice', 'array', 'number', 'number'],
  ['array', 'array.reverse', 'array'],
  ['array', 'split', 'string', 'string'],
  ['array', 'sort', 'array'],
  ['array', 'sort', 'set'],
  ['array', 'numbers.range', 'number', 'number'],
  ['set', 'object.keys', 'object'],
  ['object', 'object.union', 'object', 'object'],
  ['object', 'object.remove', 'object', 'array'],
];

const KINDS: readonly Kind[] = ['number', 'string', 'boolean', 'array', 'set', 'object', 'any'];

/** Writes one module; equal seeds write equal modules. */
class ProgramWriter {
  #state: number;
  #rules: { name: string; kind: Kind }[] = [];
  #functions: { name: string; kind: Kind }[] = [];
  #names = 0;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  #kind(): Kind {
    return this.#pick(KINDS);
  }

  module(): string {
    const count = 2 + this.#below(5);
    const rules: string[] = [];
    for (let at = 0; at < count; at++) rules.push(this.#rule(at));
    return `package p\n\n${rules.join('\n\n')}\n`;
  }

  #rule(at: number): string {
    const kind = this.#kind();
    const name = `r${at}`;
    const shape = this.#below(8);
    const scope: Scope = [];
    if (shape === 0) return this.#function(at, kind);
    if (shape === 1) {
      const body = this.#body(scope);
      const text = `${name} contains ${this.#term(kind, 2, scope)} if {\n${body}\n}`;
      this.#rules.push({ name, kind: 'set' });
      return text;
    }
    if (shape === 2) {
      const body = this.#body(scope);
      const key = this.#below(3) === 0 ? this.#constant('number') : this.#term('string', 1, scope);
      const text = `${name}[${key}] := ${this.#term(kind, 1, scope)} if {\n${body}\n}`;
      this.#rules.push({ name, kind: 'object' });
      return text;
    }
    if (shape === 3) {
      const text = `${name} := ${this.#term(kind, 3, [])}`;
      this.#rules.push({ name, kind });
      return text;
    }
    const body = this.#body(scope);
    const value = this.#term(kind, 2, scope);
    const otherwise = shape === 4 ? ` else := ${this.#term(kind, 1, [])} if {\n${this.#body([])}\n}` : '';
    const fallback = shape === 5 ? `default ${name} := ${this.#constant(kind)}\n\n` : '';
    this.#rules.push({ name, kind });
    return `${fallback}${name} := ${value} if {\n${body}\n}${otherwise}`;
  }

  #function(at: number, kind: Kind): string {
    const name = `f${at}`;
    const scope: Scope = [{ name: 'x', kind: 'any' }];
    const body = this.#body(scope);
    const value = this.#term(kind, 2, scope);
    this.#functions.push({ name, kind });
    return `${name}(x) := ${value} if {\n${body}\n}`;
  }

  #body(scope: Scope): string {
    const lines: string[] = [];
    for (let count = 1 + this.#below(3); count > 0; count--) lines.push(`\t${this.#statement(scope, 2)}`);
    // OPA 1.22.2 takes a rule whose whole body is `not true` for one without a body when its head is computed.
    return lines.length === 1 && lines[0] === '\tnot true' ? '\tnot input.t' : lines.join('\n');
  }

  #fresh(scope: Scope, kind: Kind): string {
    const name = `v${this.#names++}`;
    scope.push({ name, kind });
    return name;
  }

  #statement(scope: Scope, depth: number): string {
    const kind = this.#kind();
    switch (this.#below(11)) {
      case 0:
      case 1: {
        const value = this.#term(kind, depth, scope);
        return `${this.#fresh(scope, kind)} := ${value}`;
      }
      case 2: {
        const domain = this.#term(this.#pick(['array', 'set', 'object']), depth, scope);
        return `some ${this.#fresh(scope, 'any')} in ${domain}`;
      }
      case 3: {
        const domain = this.#term(this.#pick(['array', 'object']), depth, scope);
        return `some ${this.#fresh(scope, 'any')}, ${this.#fresh(scope, 'any')} in ${domain}`;
      }
      case 4:
        return `not ${this.#test(scope, depth - 1)}`;
      case 5: {
        const inner: Scope = [...scope];
        const domain = this.#term(this.#pick(['array', 'set']), depth - 1, scope);
        const name = this.#fresh(inner, 'any');
        return `every ${name} in ${domain} { ${name} ${this.#pick(['==', '!=', '<', '>='])} ${this.#term('any', 1, inner)} }`;
      }
      case 6: {
        const left = `[${this.#fresh(scope, 'any')}, ${this.#fresh(scope, 'any')}]`;
        return `${left} = [${this.#term('any', 1, scope.slice(0, -2))}, ${this.#term('any', 1, scope.slice(0, -2))}]`;
      }
      case 7: {
        const test = this.#test(scope, 1);
        return `${test} with input.a as ${this.#term('any', 1, scope)}`;
      }
      default:
        return this.#test(scope, depth);
    }
  }

  #test(scope: Scope, depth: number): string {
    const kind = this.#kind();
    const sign = this.#pick(['==', '!=', '<', '<=', '>', '>=', 'in']);
    if (sign === 'in')
      return `${this.#term(kind, 1, scope)} in ${this.#term(this.#pick(['array', 'set', 'object']), depth, scope)}`;
    if (this.#below(4) === 0) return this.#term('boolean', depth, scope);
    return `${this.#term(kind, depth, scope)} ${sign} ${this.#term(kind, depth, scope)}`;
  }

  #constant(kind: Kind): string {
    switch (kind === 'any' ? this.#pick(KINDS.slice(0, 6)) : kind) {
      case 'number':
        return this.#pick(['0', '1', '2', '3', '-1', '1.5', '100', '0.1', '12345678901234567890']);
      case 'string':
        return this.#pick(['"a"', '"xyz"', '""', '"k"', '"x,y"', '"é"', '`raw`', '"__proto__"']);
      case 'boolean':
        return this.#pick(['true', 'false']);
      case 'array':
        return this.#pick(['[]', '[1, 2, 3]', '["a", "b"]', '[[1], {"k": 2}]']);
      case 'set':
        return this.#pick(['set()', '{1, 2}', '{"a", "k"}', '{[1], 2}']);
      default:
        return this.#pick(['{}', '{"k": 1}', '{"a": "b", "k": [1]}', '{1: 2, "x": 3}']);
    }
  }

  #term(kind: Kind, depth: number, scope: Scope): string {
    const fitting = scope.filter(
      each => each.kind === kind || (kind === 'any' && this.#below(2) === 0) || each.kind === 'any',
    );
    if (fitting.length > 0 && this.#below(3) === 0) return this.#pick(fitting).name;
    if (depth <= 0 || this.#below(5) === 0) return this.#below(3) === 0 ? this.#input(kind) : this.#constant(kind);
    const rules = this.#rules.filter(rule => rule.kind === kind || kind === 'any');
    if (rules.length > 0 && this.#below(5) === 0) return this.#pick(rules).name;
    const functions = this.#functions.filter(each => each.kind === kind || kind === 'any');
    if (functions.length > 0 && this.#below(5) === 0)
      return `${this.#pick(functions).name}(${this.#term('any', depth - 1, scope)})`;
    if (this.#below(3) === 0) return this.#call(kind, depth, scope);
    return this.#composite(kind, depth, scope);
  }

  /** A name or a path without unknowns. */
  #plain(scope: Scope): string {
    const names = scope.map(({ name }) => name);
    return this.#pick([...names, 'input.a', 'input.o', 'input.nothing', 'input.b[1]', '1', '"a"']);
  }

  #input(kind: Kind): string {
    const paths: Readonly<Record<Kind, readonly string[]>> = {
      number: ['input.a', 'input.b[0]', 'input.o.n', 'input.l[_].x', 'input.big'],
      string: ['input.s', 'input.o.k', 'input.l[_].y', 'input.l[1].y'],
      boolean: ['input.t'],
      array: ['input.b', 'input.l', 'input.l[2].z'],
      set: ['{x | some x in input.b}', '{x | x := input.l[_].y}'],
      object: ['input.o', 'input.l[0]', 'input'],
      any: ['input.z', 'input.nothing', 'input.b[_]', 'input.o[_]', 'input.l[_]', 'input.o.constructor'],
    };
    return this.#pick(paths[kind]);
  }

  #call(kind: Kind, depth: number, scope: Scope): string {
    const calls = CALLS.filter(([result]) => result === kind);
    if (calls.length === 0) return this.#composite(kind, depth, scope);
    const [, name, ...args] = this.#pick(calls);
    if (name === 'numbers.range') return `numbers.range(${this.#below(5)}, ${this.#below(9)})`;
    // A base of numbers is one of few.
    if (name === 'format_int')
      return `format_int(${this.#term('number', depth - 1, scope)}, ${this.#pick(['2', '8', '10', '16'])})`;
    return `${name}(${args.map(arg => this.#term(arg, depth - 1, scope)).join(', ')})`;
  }

  #composite(kind: Kind, depth: number, scope: Scope): string {
    const term = (wanted: Kind): string => this.#term(wanted, depth - 1, scope);
    switch (kind) {
      case 'number':
        return `(${term('number')} ${this.#pick(['+', '-', '*', '/', '%'])} ${term('number')})`;
      case 'string':
        return this.#below(2) === 0
          ? `concat(",", [${term('string')}, ${term('string')}])`
          : `$"{${this.#plain(scope)}}-{${this.#plain(scope)}}"`;
      case 'boolean':
        return `(${term('any')} ${this.#pick(['==', '!=', '<', '>='])} ${term('any')})`;
      case 'array':
        return this.#below(2) === 0 ? `[${term('any')}, ${term('any')}]` : `[${this.#comprehension(depth, scope, '')}]`;
      case 'set':
        if (this.#below(3) === 0) return `(${term('set')} ${this.#pick(['&', '|', '-'])} ${term('set')})`;
        return this.#below(2) === 0
          ? `{${term('any')}, ${term('number')}}`
          : `{${this.#comprehension(depth, scope, '')}}`;
      case 'object':
        if (this.#below(2) === 0) return `{"k": ${term('any')}, ${term('string')}: ${term('any')}}`;
        return `{${this.#comprehension(depth, scope, 'key')}}`;
      default:
        return this.#term(this.#pick(KINDS.slice(0, 6)), depth, scope);
    }
  }

  #comprehension(depth: number, scope: Scope, key: string): string {
    const inner: Scope = [...scope];
    const first = this.#statement(inner, depth - 1);
    const second = this.#below(2) === 0 ? `; ${this.#statement(inner, 1)}` : '';
    const name = this.#fresh(inner, 'any');
    const value = this.#term('any', 1, inner.slice(0, -1));
    const keyed = key === '' ? '' : `${this.#pick(['"a"', name])}: `;
    return `${keyed}${name} | ${first}${second}; ${name} := ${value}`;
  }
}

type Scope = { readonly name: string; readonly kind: Kind }[];

/** A module of package `p`. */
export const randomModule = (seed: number): string => new ProgramWriter(seed).module();
