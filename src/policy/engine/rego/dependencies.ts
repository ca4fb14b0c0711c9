import { bodiesOf } from './program.ts';
import type { Body, Rule, Term } from './syntax.ts';
import type { PlacedRule, RuleDocument, TreeNode } from './tree.ts';

/** What a query is made of: paths as far as they are constant, `['input', 'user']` or `['data', 'p', 'allow']`, in order. */
export interface Dependencies {
  /** Documents that are given. */
  readonly base: readonly (readonly string[])[];
  /** Documents that rules make. */
  readonly virtual: readonly (readonly string[])[];
}

/** Follows a resolved query through every rule it may ask. */
export function dependenciesOf(root: TreeNode, resolved: (placed: PlacedRule) => Rule, query: Body): Dependencies {
  const [base, virtual] = [new Map<string, readonly string[]>(), new Map<string, readonly string[]>()];
  const seen = new Set<number>();
  const note = (into: Map<string, readonly string[]>, path: readonly string[]): void =>
    void into.set(path.join('.'), path);

  const document = (found: RuleDocument): void => {
    if (seen.has(found.id)) return;
    seen.add(found.id);
    note(virtual, ['data', ...found.path]);
    for (const placed of [...found.rules, ...(found.default ? [found.default] : [])]) {
      const rule = resolved(placed);
      visit([bodiesOf(rule), rule.head.path.slice(1), rule.head.args, rule.head.key]);
    }
  };
  const below = (node: TreeNode): void => {
    if (node.document) document(node.document);
    node.children.forEach(below);
  };
  const reference = (head: string, path: readonly Term[]): void => {
    const names = constantPrefix(path);
    if (head === 'input') return note(base, ['input', ...names]);
    let node = root;
    for (const name of names) {
      if (node.document) break;
      const child = node.children.get(name);
      if (!child) return note(base, ['data', ...names]);
      node = child;
    }
    below(node);
  };
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    if (Array.isArray(part)) return part.forEach(visit);
    const item = part as Term & { readonly target?: Term };
    if (item.kind === 'ref' && item.head.kind === 'var' && isGlobal(item.head.name)) {
      reference(item.head.name, item.path);
      return visit(item.path);
    }
    if (item.kind === 'var' && isGlobal(item.name)) return reference(item.name, []);
    if (item.kind === 'call' && item.name[0] === 'data')
      reference(
        'data',
        item.name.slice(1).map(value => ({ kind: 'scalar', value, at: item.at })),
      );
    for (const [name, value] of Object.entries(item)) if (name !== 'target') visit(value);
  };
  visit(query);
  const sorted = (paths: Map<string, readonly string[]>): (readonly string[])[] =>
    [...paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  return { base: sorted(base), virtual: sorted(virtual) };
}

const isGlobal = (name: string): boolean => name === 'input' || name === 'data';

function constantPrefix(path: readonly Term[]): string[] {
  const names: string[] = [];
  for (const key of path) {
    if (key.kind !== 'scalar' || typeof key.value !== 'string') break;
    names.push(key.value);
  }
  return names;
}
