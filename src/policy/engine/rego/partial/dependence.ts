import type { Body, Literal, Rule, Term } from '../syntax.ts';
import type { PlacedRule, RuleDocument, TreeNode } from '../tree.ts';
import { findNode } from '../tree.ts';
import { type Ref, reference, variable } from './terms.ts';

/** Builtins that may answer differently next time: their calls are left for then. */
const NONDETERMINISTIC: ReadonlySet<string> = new Set([
  'http.send',
  'io.jwt.decode_verify',
  'io.jwt.encode_sign',
  'io.jwt.encode_sign_raw',
  'net.lookup_ip_addr',
  'opa.runtime',
  'rand.intn',
  'time.now_ns',
  'uuid.rfc4122',
]);

/** The package of support rules, below `data`. */
export const SUPPORT = 'partial';

export const isNondeterministic = (name: readonly string[]): boolean => NONDETERMINISTIC.has(name.join('.'));

/** Tells what depends on documents that are not known yet. */
export class Dependence {
  readonly #root: TreeNode;
  readonly #resolved: (placed: PlacedRule) => Rule;
  readonly #unknowns: readonly (readonly string[])[];
  readonly #known = new Map<number, boolean>();

  /** Unknowns are paths: `['input']`, `['data', 'users']`. */
  constructor(root: TreeNode, resolved: (placed: PlacedRule) => Rule, unknowns: readonly (readonly string[])[]) {
    this.#root = root;
    this.#resolved = resolved;
    this.#unknowns = unknowns;
  }

  /** Whether a reference leads into, or holds, an unknown document. */
  isUnknown(head: string, path: readonly Term[]): boolean {
    return this.#unknowns.some(
      ([first, ...rest]) =>
        first === head &&
        rest.every((name, index) => {
          const key = path[index];
          return !key || key.kind !== 'scalar' || key.value === name;
        }),
    );
  }

  document(document: RuleDocument): boolean {
    const known = this.#known.get(document.id);
    if (known !== undefined) return known;
    this.#known.set(document.id, false);
    const rules = [...document.rules, ...(document.default ? [document.default] : [])];
    const found = rules.some(placed => this.#rule(this.#resolved(placed)));
    this.#known.set(document.id, found);
    return found;
  }

  #rule(rule: Rule): boolean {
    const { head } = rule;
    const terms = [...head.path.slice(1), ...(head.args ?? []), head.key, head.value];
    return (
      terms.some(term => term !== undefined && this.term(term)) ||
      this.body(rule.body) ||
      (rule.else !== undefined && this.#rule(rule.else))
    );
  }

  #below(node: TreeNode): boolean {
    if (node.document && this.document(node.document)) return true;
    return [...node.children.values()].some(child => this.#below(child));
  }

  #data(path: readonly Term[]): boolean {
    let node: TreeNode | undefined = this.#root;
    // What was left of a document before is known no better.
    const [first] = path;
    if (first?.kind === 'scalar' && first.value === SUPPORT) return true;
    for (const key of path) {
      if (node.document) break;
      if (key.kind !== 'scalar') break;
      node = typeof key.value === 'string' ? node.children.get(key.value) : undefined;
      if (!node) return false;
    }
    return this.#below(node);
  }

  body(body: Body): boolean {
    return body.some(literal => this.literal(literal));
  }

  literal(literal: Literal): boolean {
    if (literal.kind === 'some') return false;
    if (literal.with.some(({ value, replacement }) => this.term(value) || (replacement && this.#called(replacement))))
      return true;
    switch (literal.kind) {
      case 'term':
        return this.term(literal.term);
      case 'unify':
      case 'assign':
        return this.term(literal.left) || this.term(literal.right);
      case 'someIn':
        return [literal.key, literal.value, literal.domain].some(term => term !== undefined && this.term(term));
      case 'every':
        return this.term(literal.domain) || this.body(literal.body);
      case 'notBody':
        return this.body(literal.body);
    }
  }

  #called(name: readonly string[]): boolean {
    if (name[0] !== 'data') return isNondeterministic(name);
    if (name[1] === SUPPORT) return true;
    const document = findNode(this.#root, name.slice(1))?.document;
    return document !== undefined && this.document(document);
  }

  term(term: Term): boolean {
    switch (term.kind) {
      case 'scalar':
        return false;
      case 'var':
        return this.#global(term.name, []);
      case 'ref':
        return this.#reference(term) || term.path.some(key => this.term(key));
      case 'array':
      case 'set':
        return term.items.some(item => this.term(item));
      case 'object':
        return term.entries.flat().some(item => this.term(item));
      case 'call':
        return this.#called(term.name) || term.args.some(arg => this.term(arg));
      case 'template':
        return term.parts.some(part => typeof part !== 'string' && this.literal(part));
      case 'comprehension':
        return [term.key, term.value].some(each => each !== undefined && this.term(each)) || this.body(term.body);
    }
  }

  #reference(term: Ref): boolean {
    return term.head.kind === 'var' ? this.#global(term.head.name, term.path) : this.term(term.head);
  }

  #global(name: string, path: readonly Term[]): boolean {
    if (name !== 'input' && name !== 'data') return false;
    return this.isUnknown(name, path) || (name === 'data' && this.#data(path));
  }
}

/** `data.partial.<path>`: where what is left of a document is written. */
export const supportReference = (path: readonly string[], rest: readonly Term[]): Term =>
  reference('data', [
    ...[SUPPORT, ...path].map((name): Term => ({ kind: 'scalar', value: name, at: variable('').at })),
    ...rest,
  ]);
