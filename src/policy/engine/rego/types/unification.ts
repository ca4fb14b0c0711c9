import type { Term } from '../syntax.ts';

/** Vars whose values a term is made of: not inside closures, sets, keys of objects, not heads of references. */
export function madeOf(term: Term, found: Set<string> = new Set(), sets = false): Set<string> {
  switch (term.kind) {
    case 'var':
      if (term.name !== 'data' && term.name !== 'input') found.add(term.name);
      break;
    case 'ref':
      for (const key of term.path) madeOf(key, found, sets);
      break;
    case 'array':
      for (const item of term.items) madeOf(item, found, sets);
      break;
    case 'set':
      if (sets) for (const item of term.items) madeOf(item, found, sets);
      break;
    case 'object':
      for (const [, value] of term.entries) madeOf(value, found, sets);
      break;
  }
  return found;
}

export const isRefSafe = (term: Extract<Term, { kind: 'ref' }>, safe: ReadonlySet<string>): boolean =>
  term.head.kind === 'var' && (term.head.name === 'data' || term.head.name === 'input' || safe.has(term.head.name));

const isRoot = (name: string): boolean => name === 'data' || name === 'input';

/** Which vars an equality binds when some are bound (OPA, unification of safe variables). */
export class Unification {
  readonly #safe: ReadonlySet<string>;
  readonly #bound = new Set<string>();
  /** What each unknown var waits for. */
  readonly #waits = new Map<string, Set<string>>();

  constructor(safe: ReadonlySet<string>) {
    this.#safe = safe;
  }

  of(left: Term, right: Term): ReadonlySet<string> {
    this.#unify(left, right);
    return this.#bound;
  }

  #isSafe(name: string): boolean {
    return isRoot(name) || this.#safe.has(name) || this.#bound.has(name);
  }

  #unify(left: Term, right: Term): void {
    if (left.kind === 'var' && right.kind === 'var') return this.#vars(left.name, right.name);
    if (left.kind === 'var') return this.#var(left.name, right);
    if (right.kind === 'var') return this.#var(right.name, left);
    const [first, second] = left.kind === 'array' || left.kind === 'object' ? [left, right] : [right, left];
    if (first.kind !== 'array' && first.kind !== 'object') return;
    const gives =
      second.kind === 'ref'
        ? isRefSafe(second, this.#safe)
        : second.kind === 'comprehension' && second.of === first.kind;
    if (gives) return this.#all(first);
    if (first.kind === 'array' && second.kind === 'array') {
      if (first.items.length !== second.items.length) return;
      first.items.forEach((item, index) => this.#unify(item, second.items[index]!));
    }
    if (first.kind === 'object' && second.kind === 'object') {
      if (first.entries.length !== second.entries.length) return;
      for (const [key, value] of first.entries) {
        const other = second.entries.find(([name]) => sameKey(name, key));
        if (other) this.#unify(value, other[1]);
      }
    }
  }

  #vars(left: string, right: string): void {
    if (this.#isSafe(left)) return this.#mark(right);
    if (this.#isSafe(right)) return this.#mark(left);
    this.#wait(left, right);
    this.#wait(right, left);
  }

  #var(name: string, other: Term): void {
    if (other.kind === 'ref') {
      if (isRefSafe(other, this.#safe)) this.#mark(name);
      return;
    }
    if (other.kind !== 'array' && other.kind !== 'object') return this.#mark(name);
    if (this.#isSafe(name)) return this.#all(other);
    const open = [...madeOf(other)].filter(each => !this.#isSafe(each));
    if (open.length === 0) return this.#mark(name);
    for (const each of open) this.#wait(name, each);
  }

  #all(term: Term): void {
    for (const name of madeOf(term, new Set(), true)) this.#mark(name);
  }

  #wait(name: string, on: string): void {
    const known = this.#waits.get(name) ?? new Set();
    known.add(on);
    this.#waits.set(name, known);
  }

  #mark(name: string): void {
    if (isRoot(name) || this.#bound.has(name)) return;
    this.#bound.add(name);
    const own = this.#waits.get(name);
    this.#waits.delete(name);
    for (const each of own ?? []) this.#mark(each);
    for (const [each, deps] of this.#waits) {
      if (!deps.delete(name) || deps.size > 0) continue;
      this.#waits.delete(each);
      this.#mark(each);
    }
  }
}

function sameKey(left: Term, right: Term): boolean {
  if (left.kind === 'scalar' && right.kind === 'scalar') return left.value === right.value;
  return left.kind === 'var' && right.kind === 'var' && left.name === right.name;
}
