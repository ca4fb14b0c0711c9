import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
} from 'yaml';
import type { Span } from '../../../base/index.ts';
import { refuse } from './refuse.ts';
import { newTree, isTree, type Value } from './tree.ts';

/** One document of a file. */
export interface ReadDocument {
  readonly value: Value;
  readonly span: Span;
}

const SIZE_MAX = 3 * 1024 * 1024;
const NODES_MAX = 500_000;
const DEPTH_MAX = 100;

const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

function integer(text: string): number {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '').toLowerCase();
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  return (negative ? -1 : 1) * Number(octal);
}

/** A plain scalar as the tools that build kustomizations read it: the words of YAML 1.2, numbers of both. */
export function plainValue(text: string): Value {
  switch (text) {
    case '':
    case '~':
    case 'null':
    case 'Null':
    case 'NULL':
      return null;
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
  }
  if (!/^[-+.0-9]/.test(text)) return text;
  // A date becomes the moment it begins at.
  if (/^\d{4}-\d\d?-\d\d?$/.test(text)) return `${text.replace(/-(\d)(?!\d)/g, '-0$1')}T00:00:00Z`;
  const digits = text.replaceAll('_', '');
  if (INTEGER.test(digits)) {
    const value = integer(digits);
    return Number.isSafeInteger(value) ? value : text;
  }
  return FLOAT.test(digits) ? Number(digits) : text;
}

class Reader {
  readonly #text: string;
  readonly #lastWins: boolean;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(text: string, lastWins: boolean) {
    this.#text = text;
    this.#lastWins = lastWins;
  }

  value(node: Node | null | undefined, depth: number): Value {
    if (++this.#nodes > NODES_MAX || depth > DEPTH_MAX) throw refuse('the document is too large');
    if (!node) return null;
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (!target || this.#open.has(target)) throw refuse(`unknown anchor '${node.source}' referenced`);
      return this.value(target, depth + 1);
    }
    if (node.anchor) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.scalar(node);
    this.#open.add(node);
    const value = isSeq(node) ? node.items.map(item => this.value(item as Node, depth + 1)) : this.#map(node, depth);
    this.#open.delete(node);
    return value;
  }

  scalar(node: Scalar): Value {
    const text = node.source ?? (typeof node.value === 'string' ? node.value : '');
    const tag = node.tag;
    // A block that ends with the file has no line break to keep.
    if (node.type?.startsWith('BLOCK') && (node.range?.[1] ?? 0) >= this.#text.length && !this.#text.endsWith('\n')) {
      return text.replace(/\n$/, '');
    }
    if (tag === undefined || tag === '') return node.type === 'PLAIN' ? plainValue(text) : text;
    return /:(int|float|bool|null)$/.test(tag) ? plainValue(text) : text;
  }

  #map(node: Node, depth: number): Value {
    const tree = newTree();
    if (!isMap(node)) return tree;
    const merges: Value[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      if (isScalar(keyNode) && keyNode.type === 'PLAIN' && keyNode.source === '<<') {
        const merged = this.value(pair.value as Node, depth + 1);
        merges.push(...(Array.isArray(merged) ? merged : [merged]));
        continue;
      }
      const key = isScalar(keyNode)
        ? (keyNode.source ?? String(keyNode.value))
        : String(this.value(keyNode, depth + 1));
      if (key in tree && !this.#lastWins) throw refuse(`mapping key "${key}" already defined`);
      tree[key] = this.value(pair.value as Node, depth + 1);
    }
    for (const merged of merges) {
      if (!isTree(merged)) throw refuse('map merge requires map or sequence of maps as the value');
      for (const key of Object.keys(merged)) if (!(key in tree)) tree[key] = merged[key]!;
    }
    return tree;
  }
}

/** Every non-empty document of a text. A key written twice is refused, or with `lastWins` its last value is taken. */
export function readDocuments(text: string, file: string, lastWins = false): ReadDocument[] {
  if (text.length > SIZE_MAX) throw refuse(`${file} is larger than ${SIZE_MAX} bytes`);
  const lineCounter = new LineCounter();
  const source = text.replace(/^\ufeff/, '');
  const documents = parseAllDocuments(source, {
    schema: 'failsafe',
    uniqueKeys: false,
    merge: false,
    logLevel: 'silent',
    prettyErrors: false,
    lineCounter,
  });
  if (!Array.isArray(documents)) return [];
  const found: ReadDocument[] = [];
  for (const document of documents as Document.Parsed[]) {
    const offset = document.contents?.range?.[0] ?? document.range[0];
    const { line, col } = lineCounter.linePos(offset);
    const span = { file, line: Math.max(1, line), column: Math.max(1, col) };
    const error = document.errors[0];
    if (error)
      throw refuse(`invalid YAML: ${error.message}`, { ...span, line: lineCounter.linePos(error.pos[0]).line });
    const value = new Reader(source, lastWins).value(document.contents as Node | null, 1);
    if (value !== null) found.push({ value, span });
  }
  return found;
}
