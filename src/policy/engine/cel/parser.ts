import type { Expr, ListItem, MapEntry, StructField } from './ast.ts';
import { SyntaxFault, type Token, tokenize } from './lexer.ts';
import { expandCall } from './macros.ts';
import { canonicalInt, doubleOf, Double, INT_MAX, isInt } from './values.ts';

const RESERVED = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
);
const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['<', '<=', '>=', '>', '==', '!=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];
const DEPTH_MAX = 250;

/** Reads one expression; throws a SyntaxFault at the first place that is not CEL. */
export function parseCel(text: string, macros: boolean): Expr {
  return new Parser(tokenize(text), macros).parse();
}

class Parser {
  private readonly tokens: readonly Token[];
  private readonly macros: boolean;
  private position = 0;
  private depth = 0;

  constructor(tokens: readonly Token[], macros: boolean) {
    this.tokens = tokens;
    this.macros = macros;
  }

  parse(): Expr {
    const expr = this.expression();
    if (this.token.kind !== 'end') throw this.unexpected();
    return expr;
  }

  private get token(): Token {
    return this.tokens[this.position]!;
  }

  private unexpected(): SyntaxFault {
    return new SyntaxFault(this.token.at, `Syntax error: mismatched input '${this.token.text}'`);
  }

  private take(text: string): boolean {
    if (!this.at(text)) return false;
    this.position++;
    return true;
  }

  private at(text: string): boolean {
    const { kind, text: found } = this.token;
    return found === text && (kind === 'op' || (text === 'in' && kind === 'ident'));
  }

  private expect(text: string): void {
    if (!this.take(text)) throw this.unexpected();
  }

  private expression(): Expr {
    if (++this.depth > DEPTH_MAX)
      throw new SyntaxFault(this.token.at, `expression recursion limit exceeded: ${DEPTH_MAX}`);
    const condition = this.binary(0);
    const at = this.token.at;
    let expr = condition;
    if (this.take('?')) {
      const yes = this.binary(0);
      this.expect(':');
      const no = this.expression();
      expr = { kind: 'call', fn: '_?_:_', args: [condition, yes, no], at };
    }
    this.depth--;
    return expr;
  }

  private binary(level: number): Expr {
    if (level === BINARY.length) return this.unary();
    let left = this.binary(level + 1);
    const operators = BINARY[level]!;
    let joined: Expr[] | undefined;
    for (;;) {
      const op = operators.find(each => this.at(each));
      if (op === undefined) break;
      const at = this.token.at;
      this.position++;
      const right = this.binary(level + 1);
      if (level < 2) {
        joined ??= [left];
        joined.push(right);
        left = { kind: 'call', fn: `_${op}_`, args: [left, right], at };
      } else left = { kind: 'call', fn: op === 'in' ? '@in' : `_${op}_`, args: [left, right], at };
    }
    // Long chains of && and || become one flat call, so that depth does not grow with length.
    return joined !== undefined && joined.length > 2
      ? { kind: 'call', fn: level === 0 ? '_||_' : '_&&_', args: joined, at: left.at }
      : left;
  }

  private unary(): Expr {
    const at = this.token.at;
    if (this.at('!') || this.at('-')) {
      const op = this.token.text;
      let count = 0;
      while (this.take(op)) count++;
      if (op === '-' && this.token.kind === 'literal' && this.isNumber(this.token)) {
        // The minus next to the number belongs to it (so that the smallest int can be written).
        const literal = this.member(true);
        let expr = literal;
        for (let i = 1; i < count; i++) expr = { kind: 'call', fn: '-_', args: [expr], at };
        return expr;
      }
      let expr = this.member(false);
      if (count % 2 === 0 && count > 0 && op === '!') count = 2;
      for (let i = 0; i < count; i++) expr = { kind: 'call', fn: `${op}_`, args: [expr], at };
      return expr;
    }
    return this.member(false);
  }

  private isNumber(token: Token): boolean {
    return isInt(token.value) || token.value instanceof Double || typeof token.value === 'number';
  }

  private member(negative: boolean): Expr {
    let expr = this.primary(negative);
    for (;;) {
      const at = this.token.at;
      if (this.take('.')) {
        const optional = this.take('?');
        const { kind, text } = this.token;
        if (kind !== 'ident' && kind !== 'quoted') throw this.unexpected();
        if (kind === 'ident' && (text === 'in' || text === 'true' || text === 'false' || text === 'null'))
          throw this.unexpected();
        this.position++;
        if (!optional && kind === 'ident' && this.take('(')) expr = this.call(text, expr, this.list(')'), at);
        else expr = { kind: 'select', operand: expr, field: text, ...(optional ? { optional } : {}), at };
      } else if (this.take('[')) {
        const optional = this.take('?');
        const index = this.expression();
        this.expect(']');
        expr = { kind: 'call', fn: optional ? '_[?_]' : '_[_]', args: [expr, index], at };
      } else if (this.at('{')) {
        const name = this.structName(expr);
        if (name === undefined) throw this.unexpected();
        this.position++;
        expr = { kind: 'struct', name, fields: this.fields(), at };
      } else return expr;
    }
  }

  private structName(expr: Expr): string | undefined {
    if (expr.kind === 'ident') return expr.absolute ? `.${expr.name}` : expr.name;
    if (expr.kind !== 'select' || expr.test || expr.optional) return undefined;
    const prefix = this.structName(expr.operand);
    return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
  }

  private primary(negative: boolean): Expr {
    const token = this.token;
    const { at } = token;
    if (token.kind === 'literal') {
      this.position++;
      return this.literal(token, negative);
    }
    if (token.kind === 'ident') {
      this.position++;
      if (token.text === 'true' || token.text === 'false') return { kind: 'const', value: token.text === 'true', at };
      if (token.text === 'null') return { kind: 'const', value: null, at };
      return this.name(token, false);
    }
    if (this.take('(')) {
      const expr = this.expression();
      this.expect(')');
      return expr;
    }
    if (this.take('[')) return { kind: 'list', items: this.items(), at };
    if (this.take('{')) return { kind: 'map', entries: this.entries(), at };
    if (this.take('.')) {
      const name = this.token;
      if (name.kind !== 'ident') throw this.unexpected();
      this.position++;
      return this.name(name, true);
    }
    throw this.unexpected();
  }

  private name(token: Token, absolute: boolean): Expr {
    if (RESERVED.has(token.text)) throw new SyntaxFault(token.at, `reserved identifier: ${token.text}`);
    if (this.take('(')) return this.call(absolute ? `.${token.text}` : token.text, undefined, this.list(')'), token.at);
    return { kind: 'ident', name: token.text, ...(absolute ? { absolute } : {}), at: token.at };
  }

  private literal(token: Token, negative: boolean): Expr {
    const value = token.value!;
    if (isInt(value)) {
      const signed = negative ? -BigInt(value) : BigInt(value);
      if (signed > INT_MAX) throw new SyntaxFault(token.at, `invalid int literal: ${token.text}`);
      return { kind: 'const', value: canonicalInt(signed), at: token.at };
    }
    if (negative && value instanceof Double) return { kind: 'const', value: doubleOf(-value.value), at: token.at };
    if (value instanceof Double) return { kind: 'const', value: doubleOf(value.value), at: token.at };
    return { kind: 'const', value, at: token.at };
  }

  private call(fn: string, target: Expr | undefined, args: Expr[], at: number): Expr {
    if (this.macros) {
      const expanded = expandCall(fn, target, args, at);
      if (expanded !== undefined) return expanded;
    }
    return { kind: 'call', fn, ...(target ? { target } : {}), args, at };
  }

  private list(close: string): Expr[] {
    const list: Expr[] = [];
    if (this.take(close)) return list;
    do {
      if (this.at(close) && list.length > 0 && close !== ')') break;
      list.push(this.expression());
    } while (this.take(','));
    this.expect(close);
    return list;
  }

  private items(): ListItem[] {
    const items: ListItem[] = [];
    while (!this.at(']')) {
      const optional = this.take('?');
      items.push({ value: this.expression(), optional });
      if (!this.take(',')) break;
    }
    this.expect(']');
    return items;
  }

  private entries(): MapEntry[] {
    const entries: MapEntry[] = [];
    while (!this.at('}')) {
      const optional = this.take('?');
      const key = this.expression();
      this.expect(':');
      entries.push({ key, value: this.expression(), optional });
      if (!this.take(',')) break;
    }
    this.expect('}');
    return entries;
  }

  private fields(): StructField[] {
    const fields: StructField[] = [];
    while (!this.at('}')) {
      const optional = this.take('?');
      const { kind, text, at } = this.token;
      if (kind !== 'ident' && kind !== 'quoted') throw this.unexpected();
      this.position++;
      this.expect(':');
      fields.push({ name: text, value: this.expression(), optional, at });
      if (!this.take(',')) break;
    }
    this.expect('}');
    return fields;
  }
}
