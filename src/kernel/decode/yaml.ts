import {
  type CST,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Fault } from '../../base/index.ts';
import type { Json, JsonObject } from '../object.ts';
import { decodeFaults } from './faults.ts';
import { setField, type Spot } from './json.ts';
import type { DecodeLimits } from './limits.ts';
import type { Path } from './path.ts';
import { keyText, resolvePlain } from './scalar.ts';

/** One YAML document as values and places, with what was wrong in it. */
export interface YamlDocument {
  readonly value: Json;
  readonly spot: Spot;
  readonly faults: readonly YamlFault[];
  /** True when nothing but comments and white space was there. */
  readonly empty: boolean;
}

/** A fault and the offset it is at; the caller knows the file. */
export interface YamlFault {
  readonly offset: number;
  readonly path?: Path;
  readonly fault: Fault;
}

const TAG = 'tag:yaml.org,2002:';

class TooMuch extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.code);
    this.fault = fault;
  }
}

/** Quoted texts may go on in lines that are not indented more than their key, as the YAML library of kubectl reads them. */
const { parseQuotedScalar } = Lexer.prototype as unknown as {
  parseQuotedScalar: () => Generator<string, unknown>;
};

class ManifestLexer extends Lexer {}

Object.defineProperty(ManifestLexer.prototype, 'parseQuotedScalar', {
  value: function* (this: { indentNext: number }) {
    const indent = this.indentNext;
    this.indentNext = 0;
    const result: unknown = yield* parseQuotedScalar.call(this);
    this.indentNext = indent;
    return result;
  },
});

/** Nesting of the token tree, found without recursion because a hostile text may nest as deep as it is long. */
function nesting(token: CST.Token, limit: number): number {
  let deepest = 0;
  const stack: { token: CST.Token; depth: number }[] = [{ token, depth: 0 }];
  while (stack.length > 0) {
    const { token: current, depth } = stack.pop()!;
    if (depth > deepest) deepest = depth;
    if (deepest > limit) return deepest;
    if (current.type === 'document' && current.value) stack.push({ token: current.value, depth: 1 });
    if ('items' in current) {
      for (const item of current.items) {
        if (item.key) stack.push({ token: item.key, depth: depth + 1 });
        if (item.value) stack.push({ token: item.value, depth: depth + 1 });
      }
    }
  }
  return deepest;
}

class Builder {
  readonly limits: DecodeLimits;
  readonly faults: YamlFault[] = [];
  readonly anchors = new Map<string, Node>();
  readonly building = new Set<Node>();
  readonly path: (string | number)[] = [];
  nodes = 0;

  constructor(limits: DecodeLimits) {
    this.limits = limits;
  }

  report(offset: number, fault: Fault): void {
    this.faults.push({ offset, path: [...this.path], fault });
  }

  build(node: Node | null | undefined, depth: number, offset: number): { value: Json; spot: Spot } {
    if (++this.nodes > this.limits.nodes_max) {
      throw new TooMuch(decodeFaults.make('too-many-nodes', { limit: this.limits.nodes_max }));
    }
    if (depth > this.limits.depth_max) {
      throw new TooMuch(decodeFaults.make('too-deep', { limit: this.limits.depth_max }));
    }
    if (!node) return { value: null, spot: { start: offset, end: offset } };
    const [start, end] = node.range ?? [offset, offset];
    if (isAlias(node)) return this.#alias(node.source, depth, start, end);
    if (node.anchor) this.anchors.set(node.anchor, node);
    if (isScalar(node)) return { value: this.scalar(node), spot: { start, end } };
    this.building.add(node);
    const built = isMap(node) ? this.#map(node, depth, start, end) : this.#list(node, depth, start, end);
    this.building.delete(node);
    return built;
  }

  #alias(name: string, depth: number, start: number, end: number): { value: Json; spot: Spot } {
    const target = this.anchors.get(name);
    if (target === undefined) this.report(start, decodeFaults.make('unknown-alias', { alias: name }));
    else if (this.building.has(target)) this.report(start, decodeFaults.make('recursive-alias', { alias: name }));
    else return { value: this.build(target, depth, start).value, spot: { start, end } };
    return { value: null, spot: { start, end } };
  }

  scalar(node: Scalar): Json {
    const text = node.source ?? (typeof node.value === 'string' ? node.value : '');
    const tag = node.tag?.startsWith(TAG) ? node.tag.slice(TAG.length) : node.tag;
    if (tag === undefined || tag === '') return node.type === 'PLAIN' ? resolvePlain(text) : text;
    if (tag === 'int' || tag === 'float' || tag === 'bool' || tag === 'null') return resolvePlain(text);
    if (tag === 'binary') return Buffer.from(text, 'base64').toString('utf8');
    return text;
  }

  #list(node: Node, depth: number, start: number, end: number): { value: Json; spot: Spot } {
    const value: Json[] = [];
    const items: Spot[] = [];
    if (isSeq(node)) {
      for (const item of node.items) {
        this.path.push(value.length);
        const part = this.build(item as Node, depth + 1, start);
        this.path.pop();
        value.push(part.value);
        items.push(part.spot);
      }
    }
    return { value, spot: { start, end, items } };
  }

  #key(key: unknown, offset: number): string | undefined {
    if (key === null || key === undefined) return 'null';
    let node = key as Node;
    if (isAlias(node)) node = this.anchors.get(node.source) ?? node;
    if (!isScalar(node)) {
      this.report(node.range?.[0] ?? offset, decodeFaults.make('bad-key'));
      return undefined;
    }
    if (node.anchor) this.anchors.set(node.anchor, node);
    return keyText(this.scalar(node));
  }

  #map(node: YAMLMap, depth: number, start: number, end: number): { value: Json; spot: Spot } {
    const value: JsonObject = {};
    const fields = new Map<string, Spot>();
    const merges: { node: Node; offset: number }[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const offset = keyNode?.range?.[0] ?? start;
      if (isScalar(keyNode) && keyNode.type === 'PLAIN' && keyNode.source === '<<' && pair.value) {
        merges.push({ node: pair.value as Node, offset });
        continue;
      }
      const key = this.#key(keyNode, offset);
      if (key === undefined) continue;
      this.path.push(key);
      const part = this.build(pair.value as Node | null, depth + 1, keyNode?.range?.[1] ?? offset);
      if (fields.has(key)) this.report(offset, decodeFaults.make('duplicate-key', { key }));
      this.path.pop();
      setField(value, key, part.value);
      fields.set(key, part.spot);
    }
    for (const merge of merges) this.#merge(merge.node, merge.offset, depth, value, fields);
    return { value, spot: { start, end, fields } };
  }

  /** `<<`: keys of the map itself win, then those of the first map of a list (YAML merge key language-independent type). */
  #merge(node: Node, offset: number, depth: number, into: JsonObject, fields: Map<string, Spot>): void {
    const merged = this.build(node, depth + 1, offset);
    const sources = Array.isArray(merged.value) ? merged.value : [merged.value];
    for (const source of sources) {
      if (source === null || typeof source !== 'object' || Array.isArray(source)) {
        this.report(offset, decodeFaults.make('bad-merge'));
        continue;
      }
      for (const key of Object.keys(source)) {
        if (fields.has(key)) continue;
        setField(into, key, source[key]!);
        fields.set(key, merged.spot.fields?.get(key) ?? { start: offset, end: offset });
      }
    }
  }
}

/** Compact cause of a syntax error: the library's text ends with a picture of the place. */
const firstLine = (message: string): string => message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');

function readDocument(document: Document.Parsed, limits: DecodeLimits): YamlDocument {
  const builder = new Builder(limits);
  for (const error of document.errors) {
    builder.report(error.pos[0], decodeFaults.make('syntax', { reason: firstLine(error.message) }));
  }
  const start = document.contents?.range?.[0] ?? document.range[0];
  const none: Spot = { start, end: start };
  try {
    const built = builder.build(document.contents as Node | null, 1, start);
    const empty =
      document.contents === null ||
      (isScalar(document.contents) && built.value === null && document.errors.length === 0);
    return { ...built, faults: builder.faults, empty };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return { value: null, spot: none, faults: [{ offset: start, fault: error.fault }], empty: false };
  }
}

/** Reads every document of a YAML stream; `lines` learns where lines start. */
export function readYaml(text: string, limits: DecodeLimits, lines: LineCounter): YamlDocument[] {
  const composer = new Composer({
    schema: 'failsafe',
    version: '1.2',
    uniqueKeys: false,
    merge: false,
    strict: true,
    logLevel: 'silent',
    prettyErrors: false,
    stringKeys: false,
    lineCounter: lines,
  });
  const documents: YamlDocument[] = [];
  const take = (document: Document.Parsed): void => {
    documents.push(readDocument(document, limits));
  };
  const parser = new Parser(lines.addNewLine);
  const give = (tokens: Iterable<CST.Token>): void => {
    for (const token of tokens) {
      if (token.type === 'document' && nesting(token, limits.depth_max) > limits.depth_max) {
        throw new TooMuch(decodeFaults.make('too-deep', { limit: limits.depth_max }));
      }
      for (const document of composer.next(token)) take(document);
    }
  };
  lines.addNewLine(0);
  try {
    let count = 0;
    let flow = 0;
    for (const lexeme of new ManifestLexer().lex(text)) {
      if (++count > limits.lexemes_max) {
        throw new TooMuch(decodeFaults.make('too-many-nodes', { limit: limits.lexemes_max }));
      }
      if (lexeme === '[' || lexeme === '{') flow++;
      else if (lexeme === ']' || lexeme === '}') flow--;
      if (flow > limits.depth_max) throw new TooMuch(decodeFaults.make('too-deep', { limit: limits.depth_max }));
      give(parser.next(lexeme));
    }
    give(parser.end());
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    const at = parser.offset;
    documents.push({
      value: null,
      spot: { start: at, end: at },
      faults: [{ offset: at, fault: error.fault }],
      empty: false,
    });
    return documents;
  }
  for (const document of composer.end(false, text.length)) take(document);
  return documents;
}

export { LineCounter };
