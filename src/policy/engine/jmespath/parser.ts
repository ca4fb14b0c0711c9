import type { Json } from '../../../kernel/index.ts';
import type { Node } from './ast.ts';
import { type Token, tokenizeJmes } from './lexer.ts';
import { JmesError } from './value.ts';

/** How strongly signs bind, as in the reference implementations. */
const POWER: Readonly<Record<string, number>> = {
  '|': 1,
  '||': 2,
  '&&': 3,
  '==': 5,
  '!=': 5,
  '<': 5,
  '>': 5,
  '<=': 5,
  '>=': 5,
  '[]': 9,
  '*': 20,
  '[?': 21,
  '.': 40,
  '!': 45,
  '{': 50,
  '[': 55,
  '(': 60,
};
const COMPARED = new Set(['==', '!=', '<', '>', '<=', '>=']);
const DEPTH_MAX = 200;
const CURRENT: Node = { kind: 'current' };

/** Reads an expression; throws a JmesError where it is none. */
export function parseJmes(text: string): Node {
  const parser = new Parser(tokenizeJmes(text));
  const node = parser.expression(0);
  parser.expect('end');
  return node;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  #next(): Token {
    return this.#tokens[this.#at++]!;
  }

  #taken(type: string): boolean {
    if (this.#peek().type !== type) return false;
    this.#at++;
    return true;
  }

  expect(type: string): Token {
    const token = this.#peek();
    if (token.type !== type)
      throw new JmesError(`SyntaxError: Expected ${type}, received: ${token.type === 'end' ? 'tEOF' : token.value}`);
    return this.#next();
  }

  expression(power: number): Node {
    if (++this.#depth > DEPTH_MAX) throw new JmesError('SyntaxError: expression nests too deep');
    let left = this.#prefix(this.#next());
    while (power < (POWER[this.#peek().type] ?? 0)) left = this.#infix(left, this.#next());
    this.#depth--;
    return left;
  }

  #prefix(token: Token): Node {
    switch (token.type) {
      case 'literal':
        return { kind: 'literal', value: literal(token.value) };
      case 'raw':
        return { kind: 'literal', value: token.value };
      case 'name':
        return { kind: 'field', name: token.value };
      case 'quoted':
        if (this.#peek().type === '(')
          throw new JmesError("SyntaxError: Can't have quoted identifier as function name");
        return { kind: 'field', name: token.value };
      case 'binding':
        return { kind: 'binding', name: token.value };
      case '@':
        return CURRENT;
      case '&':
        return { kind: 'reference', of: this.expression(0) };
      case '!':
        return { kind: 'not', of: this.expression(POWER['!']!) };
      case '*':
        return { kind: 'values', left: CURRENT, right: this.#projected(POWER['*']!) };
      case '[]':
        return { kind: 'flatten', left: CURRENT, right: this.#projected(POWER['[]']!) };
      case '[?':
        return this.#filter(CURRENT);
      case '{':
        return this.#object();
      case '(': {
        const inner = this.expression(0);
        this.expect(')');
        return inner;
      }
      case '[':
        return this.#startsWithBracket();
      default:
        throw new JmesError(`SyntaxError: Unexpected token: ${token.type === 'end' ? 'tEOF' : token.value}`);
    }
  }

  #startsWithBracket(): Node {
    const type = this.#peek().type;
    if (type === 'number' || type === ':') return this.#position(CURRENT);
    if (type === '*' && this.#peek(1).type === ']') {
      this.#at += 2;
      return { kind: 'list', left: CURRENT, right: this.#projected(POWER['*']!) };
    }
    return this.#many();
  }

  #infix(left: Node, token: Token): Node {
    switch (token.type) {
      case '.':
        if (this.#taken('*')) return { kind: 'values', left, right: this.#projected(POWER['*']!) };
        return { kind: 'sub', left, right: this.#afterDot(POWER['.']!) };
      case '|':
        return { kind: 'pipe', left, right: this.expression(POWER['|']!) };
      case '||':
        return { kind: 'or', left, right: this.expression(POWER['||']!) };
      case '&&':
        return { kind: 'and', left, right: this.expression(POWER['&&']!) };
      case '(':
        return this.#call(left);
      case '[?':
        return this.#filter(left);
      case '[]':
        return { kind: 'flatten', left, right: this.#projected(POWER['[]']!) };
      case '[': {
        const type = this.#peek().type;
        if (type === 'number' || type === ':') return this.#position(left);
        this.expect('*');
        this.expect(']');
        return { kind: 'list', left, right: this.#projected(POWER['*']!) };
      }
      default:
        if (COMPARED.has(token.type))
          return { kind: 'compare', operator: token.type, left, right: this.expression(POWER[token.type]!) };
        throw new JmesError(`SyntaxError: Unexpected token: ${token.value}`);
    }
  }

  #call(left: Node): Node {
    if (left.kind !== 'field') throw new JmesError('SyntaxError: Invalid function call');
    const args: Node[] = [];
    while (this.#peek().type !== ')') {
      args.push(this.expression(0));
      if (!this.#taken(',')) break;
      if (this.#peek().type === ')') throw new JmesError('SyntaxError: Unexpected token: )');
    }
    this.expect(')');
    return { kind: 'call', name: left.name, args };
  }

  #filter(left: Node): Node {
    const condition = this.expression(0);
    this.expect(']');
    const right = this.#peek().type === '[]' ? CURRENT : this.#projected(POWER['[?']!);
    return { kind: 'filter', left, right, condition };
  }

  /** `[3]` or `[1:2:3]`; slices project. */
  #position(left: Node): Node {
    const parts: (number | undefined)[] = [undefined, undefined, undefined];
    let colons = 0;
    while (this.#peek().type !== ']') {
      const token = this.#next();
      if (token.type === ':') {
        if (++colons > 2) throw new JmesError('SyntaxError: Too many colons in slice expression');
      } else if (token.type === 'number') parts[colons] = Number(token.value);
      else throw new JmesError(`SyntaxError: Expected tColon or tNumber, received: ${token.value}`);
    }
    this.expect(']');
    if (colons === 0) return { kind: 'index', left, index: parts[0]! };
    return { kind: 'slice', left, parts, right: this.#projected(POWER['*']!) };
  }

  #many(): Node {
    const items: Node[] = [];
    do items.push(this.expression(0));
    while (this.#taken(','));
    this.expect(']');
    return { kind: 'many', items };
  }

  #object(): Node {
    const entries: (readonly [string, Node])[] = [];
    do {
      const name = this.#next();
      if (name.type !== 'name' && name.type !== 'quoted')
        throw new JmesError('SyntaxError: Expected tQuotedIdentifier or tUnquotedIdentifier');
      this.expect(':');
      entries.push([name.value, this.expression(0)]);
    } while (this.#taken(','));
    this.expect('}');
    return { kind: 'object', entries };
  }

  #afterDot(power: number): Node {
    const { type } = this.#peek();
    if (type === 'name' || type === 'quoted' || type === '*') return this.expression(power);
    if (this.#taken('[')) return this.#many();
    if (this.#taken('{')) return this.#object();
    throw new JmesError('SyntaxError: Expected identifier, lbracket, or lbrace');
  }

  /** What a projection does with each element. */
  #projected(power: number): Node {
    const { type } = this.#peek();
    if ((POWER[type] ?? 0) < 10) return CURRENT;
    if (type === '[' || type === '[?') return this.expression(power);
    if (type === '.') {
      this.#at++;
      return this.#afterDot(power);
    }
    throw new JmesError(`SyntaxError: Unexpected token: ${this.#peek().value}`);
  }
}

function literal(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // JEP 12 forbids bare words in literals, as this grammar does; the message is the decoder's.
    throw new JmesError(`invalid character in literal \`${text}\``);
  }
}
