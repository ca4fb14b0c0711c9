import type { Type } from './type.ts';

/** Types of variables in one body; closures see those around them. */
export class Scope {
  readonly #types = new Map<string, Type>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  get(name: string): Type | undefined {
    return this.#types.get(name) ?? this.#outer?.get(name);
  }

  set(name: string, type: Type): void {
    this.#types.set(name, type);
  }
}
