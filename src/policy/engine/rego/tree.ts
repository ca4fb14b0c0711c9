import type { Module, Rule, Term } from './syntax.ts';

/** A rule where it stands, after its head was split into a ground path and keys. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly module: Module;
  /** Keys after the ground path, `p[x].y` -> `[x, "y"]`. */
  readonly keys: readonly Term[];
  /** Names between the document and the rule, when a rule with a longer path belongs to a document with unknown keys. */
  readonly below?: readonly string[];
}

export type DocumentKind = 'complete' | 'function' | 'set' | 'object';

/** Every rule of one ground path: what `data.a.b.p` is. */
export interface RuleDocument {
  readonly id: number;
  readonly path: readonly string[];
  kind: DocumentKind;
  readonly rules: PlacedRule[];
  default?: PlacedRule;
  /** Number of arguments of a function. */
  arity: number;
}

/** One step of the virtual document tree; the root is `data`. */
export interface TreeNode {
  readonly path: readonly string[];
  readonly children: Map<string, TreeNode>;
  document?: RuleDocument;
  /** Everything below belongs to a document above. */
  isFolded?: boolean;
}

/** Splits a head into the path known at compile time and the rest. A `contains` key is no part of either. */
function splitHead(rule: Rule, prefix: readonly string[]): { path: string[]; keys: Term[] } {
  const [name, ...rest] = rule.head.path;
  const path = [...prefix, (name as { name: string }).name];
  let at = 0;
  while (at < rest.length) {
    const key = rest[at]!;
    if (key.kind !== 'scalar' || typeof key.value !== 'string') break;
    path.push(key.value);
    at++;
  }
  return { path, keys: rest.slice(at) };
}

const kindOf = (rule: Rule, keys: readonly Term[]): DocumentKind =>
  rule.head.args ? 'function' : keys.length > 0 ? 'object' : rule.head.key ? 'set' : 'complete';

/** Builds the tree of all modules' rules; `conflict` is told of documents of two kinds. */
export function buildTree(
  modules: readonly Module[],
  conflict: (message: string, placed: PlacedRule) => never,
): { root: TreeNode; documents: RuleDocument[] } {
  const root: TreeNode = { path: [], children: new Map() };
  const documents: RuleDocument[] = [];
  const nodeAt = (path: readonly string[]): TreeNode => {
    let node = root;
    path.forEach((name, index) => {
      let child = node.children.get(name);
      if (!child) node.children.set(name, (child = { path: path.slice(0, index + 1), children: new Map() }));
      node = child;
    });
    return node;
  };
  for (const module of modules) {
    nodeAt(module.package);
    for (const rule of module.rules) {
      const { path, keys } = splitHead(rule, module.package);
      const placed: PlacedRule = { rule, module, keys };
      const node = nodeAt(path);
      const kind = kindOf(rule, keys);
      const document = (node.document ??= {
        id: documents.push(undefined as never) - 1,
        path,
        kind,
        rules: [],
        arity: rule.head.args?.length ?? 0,
      });
      documents[document.id] = document;
      if (document.kind !== kind && !(rule.isDefault && document.rules.length === 0 && !document.default)) {
        conflict(`conflicting rules data.${path.join('.')} found`, placed);
      }
      if (document.arity !== (rule.head.args?.length ?? 0))
        conflict(`conflicting rules data.${path.join('.')} found`, placed);
      if (rule.isDefault) {
        if (document.default) conflict(`multiple default rules data.${path.join('.')} found`, placed);
        document.default = placed;
      } else document.rules.push(placed);
    }
  }
  fold(root);
  return { root, documents };
}

/** `p[x] := …` and `p.q.r := …` make one document: only together can they tell conflicts at any depth. */
function fold(node: TreeNode): void {
  const { document } = node;
  if (document?.kind === 'object') for (const child of node.children.values()) foldInto(document, child);
  for (const child of node.children.values()) if (!child.isFolded) fold(child);
}

function foldInto(target: RuleDocument, node: TreeNode): void {
  for (const child of node.children.values()) foldInto(target, child);
  const own = node.document;
  const stays = own !== undefined && (own.kind === 'function' || own.default !== undefined);
  if (own && !stays) {
    const below = node.path.slice(target.path.length);
    for (const placed of own.rules) target.rules.push({ ...placed, below });
    own.rules.length = 0;
    own.kind = 'complete';
    delete node.document;
  }
  node.isFolded = !stays && [...node.children.values()].every(child => child.isFolded);
}

/** The node at a path, if rules or packages make one. */
export function findNode(root: TreeNode, path: readonly string[]): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path) node = node?.children.get(name);
  return node;
}
