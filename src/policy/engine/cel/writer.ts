import type { CelValue } from './values.ts';

/** A piece of generated source: always a name or a literal, free to be repeated; `known` when its type needs no check. */
export interface Code {
  readonly text: string;
  readonly known?: 'bool';
}

/**
 * Writes the body of one generated function. Nothing of the user's text gets in but JSON-encoded literals; names are
 * numbered, library functions and constants come in as parameters.
 */
export class Writer {
  private lines: string[] = [];
  private counter = 0;
  private readonly constants: unknown[] = [];
  private readonly pooled = new Map<unknown, string>();
  private cost = 0;

  /** A new name. */
  name(prefix = 't'): string {
    return `${prefix}${this.counter++}`;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  /** Adds to the cost of the current block. */
  charge(cost: number): void {
    this.cost += cost;
  }

  /** Binds an expression to a name, so that it is evaluated once. */
  keep(text: string, known?: 'bool'): Code {
    const name = this.name();
    this.line(`const ${name} = ${text};`);
    return known ? { text: name, known } : { text: name };
  }

  /** A value that cannot be written as a literal, by reference. */
  constant(value: unknown): string {
    let name = this.pooled.get(value);
    if (name === undefined) {
      name = `k${this.constants.length}`;
      this.constants.push(value);
      this.pooled.set(value, name);
    }
    return name;
  }

  /** A value as source. */
  literal(value: CelValue): string {
    if (value === null || typeof value === 'boolean') return String(value);
    if (typeof value === 'string') return JSON.stringify(value);
    // In parentheses, so that a member may be asked of it.
    if (typeof value === 'number' && Number.isSafeInteger(value)) return `(${value})`;
    return this.constant(value);
  }

  /** Writes a nested block; `loop` blocks check the budget each time round. */
  block(head: string, write: () => void, loop = false): void {
    const outer = { lines: this.lines, cost: this.cost };
    this.lines = [];
    this.cost = 0;
    write();
    const charge = this.cost;
    const body = this.lines;
    this.lines = outer.lines;
    this.cost = outer.cost;
    this.lines.push(`${head} {`);
    if (loop) this.lines.push(`if ((c += ${charge}) > L) over(S, c);`);
    else if (charge > 0) this.lines.push(`c += ${charge};`);
    this.lines.push(...body, '}');
  }

  /** Compiles what was written into a function of (activation, state, limit). */
  finish(result: string, library: Readonly<Record<string, unknown>>): GeneratedFunction {
    const names = Object.keys(library);
    const head = this.constants.map((_, i) => `const k${i} = K[${i}];`).join('');
    const source = `"use strict"; const { ${names.join(', ')} } = R; ${head}
return function program(A, S, L) { let c = ${this.cost};
${this.lines.join('\n')}
if (c > L) over(S, c);
S.cost = c; return ${result}; };`;
    // oxlint-disable-next-line no-implied-eval, no-new-func
    const factory = new Function('R', 'K', source) as (library: unknown, constants: unknown) => GeneratedFunction;
    return factory(library, this.constants);
  }
}

export interface RunState {
  cost: number;
}
export type GeneratedFunction = (activation: Activation, state: RunState, limit: number) => CelValue;

/** Values of variables by full name; may have getters, which run at most when an expression needs them. */
export interface Activation {
  readonly [name: string]: CelValue | undefined;
}
