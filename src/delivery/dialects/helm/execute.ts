import { methodsOf } from './files.ts';
import { goString } from './format.ts';
import type { Node, Operand, Pipe, Template } from './parse.ts';
import { TemplateError } from './refuse.ts';
import { type Call, isDict, isNil, sortedKeys, Struct, truth, typeName } from './value.ts';

/** Functions a template may call, and the templates it may use. */
export interface Library {
  readonly functions: ReadonlyMap<string, Call>;
  readonly templates: ReadonlyMap<string, Template>;
}

const DEPTH_MAX = 1000;
const STEPS_MAX = 50_000_000;
const OUTPUT_MAX = 64 * 1024 * 1024;

/** Bounds of one chart's rendering, shared by everything it includes. */
export class Budget {
  depth = 0;
  steps = 0;
  length = 0;
}

/** A node that does something at a line. */
type Acting = Exclude<Node, { readonly is: 'text' | 'break' | 'continue' }>;

class Jump extends Error {
  readonly how: 'break' | 'continue';
  constructor(how: 'break' | 'continue') {
    super(how);
    this.how = how;
  }
}

interface Variable {
  readonly name: string;
  value: unknown;
}

/** What a value prints as in a template; nothing where there is none. */
const printed = (value: unknown): string => (isNil(value) ? '<no value>' : goString(value));

class Execution {
  readonly #library: Library;
  readonly #budget: Budget;
  readonly #name: string;
  readonly #variables: Variable[];
  readonly parts: string[] = [];
  #line = 0;

  constructor(library: Library, budget: Budget, name: string, data: unknown) {
    this.#library = library;
    this.#budget = budget;
    this.#name = name;
    this.#variables = [{ name: '$', value: data }];
  }

  #write(text: string): void {
    this.#budget.length += text.length;
    if (this.#budget.length > OUTPUT_MAX) throw new TemplateError('the output is too large');
    this.parts.push(text);
  }

  run(nodes: readonly Node[], dot: unknown): void {
    for (const node of nodes) {
      if (++this.#budget.steps > STEPS_MAX) throw new TemplateError('the template does too much');
      if ('line' in node) this.#line = node.line;
      if (node.is === 'text') this.#write(node.text);
      else if (node.is === 'break' || node.is === 'continue') throw new Jump(node.is);
      else this.#guarded(node, dot);
    }
  }

  #guarded(node: Acting, dot: unknown): void {
    try {
      this.#node(node, dot);
    } catch (error) {
      if (
        !(error instanceof TemplateError) ||
        error.message.startsWith('template:') ||
        error.message.startsWith('execution error at')
      )
        throw error;
      throw new TemplateError(`template: ${this.#name}:${node.line}: ${error.message}`);
    }
  }

  #node(node: Acting, dot: unknown): void {
    if (node.is === 'action') {
      const value = this.#pipe(node.pipe, dot);
      if (node.pipe.declares.length === 0) this.#write(printed(value));
    } else if (node.is === 'template') {
      const data = node.pipe ? this.#pipe(node.pipe, dot) : undefined;
      this.#write(execute(this.#library, node.name, data, this.#budget));
    } else {
      const mark = this.#variables.length;
      if (node.is === 'range') this.#range(node, dot);
      else {
        const value = this.#pipe(node.pipe, dot);
        if (truth(value)) this.run(node.body, node.is === 'with' ? value : dot);
        else this.run(node.otherwise, dot);
      }
      this.#variables.length = mark;
    }
  }

  #range(node: Extract<Node, { is: 'if' | 'with' | 'range' }>, dot: unknown): void {
    const { declares, assigns, commands } = node.pipe;
    const over = this.#pipe({ declares: [], assigns: false, commands }, dot);
    const pairs = rangePairs(over);
    if (pairs.length === 0) {
      this.run(node.otherwise, dot);
      return;
    }
    for (const [key, value] of pairs) {
      const mark = this.#variables.length;
      const values = declares.length === 1 ? [value] : [key, value];
      declares.forEach((name, index) => this.#bind(name, values[index], assigns));
      try {
        this.run(node.body, value);
      } catch (error) {
        if (!(error instanceof Jump)) throw error;
        if (error.how === 'break') return;
      } finally {
        this.#variables.length = mark;
      }
    }
  }

  #bind(name: string, value: unknown, assign: boolean): void {
    if (!assign) {
      this.#variables.push({ name, value });
      return;
    }
    const variable = this.#variables.findLast(one => one.name === name);
    if (!variable) throw new TemplateError(`undefined variable "${name}"`);
    variable.value = value;
  }

  #pipe(pipe: Pipe, dot: unknown): unknown {
    let value: unknown;
    pipe.commands.forEach((command, index) => {
      value = this.#command(command, dot, index > 0, value);
    });
    for (const name of pipe.declares) this.#bind(name, value, pipe.assigns);
    return value;
  }

  #command(command: readonly Operand[], dot: unknown, piped: boolean, last: unknown): unknown {
    const [first, ...rest] = command as [Operand, ...Operand[]];
    const more = piped ? [last] : [];
    if (first.is === 'function') return this.#call(first.name, rest, dot, more);
    const args = (): unknown[] => [...rest.map(operand => this.#value(operand, dot)), ...more];
    if (first.is === 'field') return this.#fields(dot, first.fields, args());
    if (first.is === 'variable') return this.#fields(this.#variable(first.name), first.fields, args());
    if (first.is === 'pipe') return this.#fields(this.#pipe(first.pipe, dot), first.fields, args());
    if (rest.length > 0 || piped) throw new TemplateError("can't give argument to non-function");
    return this.#value(first, dot);
  }

  #variable(name: string): unknown {
    const variable = this.#variables.findLast(one => one.name === name);
    if (!variable) throw new TemplateError(`undefined variable "${name}"`);
    return variable.value;
  }

  #value(operand: Operand, dot: unknown): unknown {
    switch (operand.is) {
      case 'constant':
        return operand.value;
      case 'nil':
        return undefined;
      case 'dot':
        return dot;
      case 'field':
        return this.#fields(dot, operand.fields, []);
      case 'variable':
        return this.#fields(this.#variable(operand.name), operand.fields, []);
      case 'pipe':
        return this.#fields(this.#pipe(operand.pipe, dot), operand.fields, []);
      case 'function':
        return this.#call(operand.name, [], dot, []);
    }
  }

  #call(name: string, operands: readonly Operand[], dot: unknown, more: readonly unknown[]): unknown {
    if (name === 'and' || name === 'or') {
      let value: unknown;
      for (const operand of operands) {
        value = this.#value(operand, dot);
        if (truth(value) === (name === 'or')) return value;
      }
      return more.length > 0 ? more[0] : value;
    }
    const found = this.#library.functions.get(name);
    if (!found) throw new TemplateError(`function "${name}" not defined`);
    const args = operands.map(operand => this.#value(operand, dot));
    try {
      return found(...args, ...more);
    } catch (error) {
      if (
        !(error instanceof TemplateError) ||
        error.message.startsWith('template:') ||
        error.message.startsWith('execution error')
      )
        throw error;
      if (name === 'fail' || name === 'required')
        throw new TemplateError(`execution error at (${this.#name}:${this.#line}): ${error.message}`);
      throw new TemplateError(`error calling ${name}: ${error.message}`);
    }
  }

  #fields(from: unknown, fields: readonly string[], args: readonly unknown[]): unknown {
    // Go's templates let the fields of nothing at all be nothing; only what a field gave must be there.
    if (isNil(from) && fields.length > 0) return undefined;
    let at = from;
    fields.forEach((field, index) => {
      at = fieldOf(at, field, index === fields.length - 1 ? args : []);
    });
    if (fields.length === 0 && args.length > 0) throw new TemplateError("can't give argument to non-function");
    return at;
  }
}

function fieldOf(value: unknown, field: string, args: readonly unknown[]): unknown {
  if (value instanceof Struct) {
    const method = Object.hasOwn(value.methods, field) ? value.methods[field] : undefined;
    if (method) return method(...args);
    if (value.fields.has(field)) return value.fields.get(field);
    throw new TemplateError(`can't evaluate field ${field} in type struct`);
  }
  const special = methodsOf(value);
  if (special && Object.hasOwn(special.methods, field)) return special.methods[field]!(...args);
  if (isDict(value)) {
    if (args.length > 0) throw new TemplateError(`${field} is not a method but has arguments`);
    return value.get(field);
  }
  if (isNil(value)) throw new TemplateError(`nil pointer evaluating interface {}.${field}`);
  throw new TemplateError(`can't evaluate field ${field} in type ${typeName(value)}`);
}

function rangePairs(over: unknown): [unknown, unknown][] {
  if (isNil(over)) return [];
  if (Array.isArray(over)) return over.map((value, index) => [BigInt(index), value]);
  if (isDict(over)) return sortedKeys(over).map(key => [key, over.get(key)]);
  if (typeof over === 'bigint') {
    if (over > 1_000_000n) throw new TemplateError(`range over ${over} is too long`);
    return Array.from({ length: Number(over) }, (_, index) => [BigInt(index), BigInt(index)]);
  }
  throw new TemplateError(`range can't iterate over ${goString(over)}`);
}

/** Runs a template by its name over some data and gives its text. */
export function execute(library: Library, name: string, data: unknown, budget: Budget): string {
  const template = library.templates.get(name);
  if (!template) throw new TemplateError(`template "${name}" not defined`);
  if (budget.depth >= DEPTH_MAX)
    throw new TemplateError(`rendering template has a nested reference name: ${name}: unable to execute template`);
  budget.depth++;
  try {
    const execution = new Execution(library, budget, name, data);
    execution.run(template.body, data);
    return execution.parts.join('');
  } finally {
    budget.depth--;
  }
}
