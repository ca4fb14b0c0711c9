import type { Expr, ListItem, MapEntry, StructField } from './ast.ts';
import { SyntaxFault, type Token, tokenize } from './lexer.ts';
import { expandCall } from './macros.ts';
import { canonicalInt, doubleOf, Double, INT_MAX, isInt } from './values.ts';

const RESERVED = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
);
/** Words that are never names of fields. */
const LITERALS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);
const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['<', '<=', '>=', '>', '==', '!=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];
const DEPTH_MAX = 250;

/**
 * What is read beyond the grammar: `whole` is all of cel-go's extensions, `kubernetes` what API servers switch on (neither
 * `cel.*` and `sortBy` nor fields in backquotes), `no-macros` the grammar alone.
 */
export type CelSyntax = 'whole' | 'kubernetes' | 'no-macros';

/** What an operand begins with, in the words of the grammar's own parser. */
const OPERAND_WORDS = "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const OPERAND = `{'[', '{', '(', '.', '-', '!', ${OPERAND_WORDS}`;
/** The same where something else may stand: the end of a list, an optional index, the end or an optional entry. */
const ARGUMENT = `{'[', '{', '(', ')', '.', '-', '!', ${OPERAND_WORDS}`;
const INDEX = `{'[', '{', '(', '.', '-', '!', '?', ${OPERAND_WORDS}`;
const ENTRIES: Readonly<Record<string, string>> = {
  ']': `{'[', ']', '{', '(', '.', ',', '-', '!', '?', ${OPERAND_WORDS}`,
  '}': `{'[', '{', '}', '(', '.', ',', '-', '!', '?', ${OPERAND_WORDS}`,
};
const OPENERS: ReadonlySet<string> = new Set(['[', '{', '(', '.', '-', '!']);

/** Reads one expression; throws a SyntaxFault of the first place that is not CEL, with what else is wrong. */
export function parseCel(text: string, syntax: CelSyntax): Expr {
  const errors: SyntaxFault[] = [];
  const parser = new Parser(tokenize(text, errors), syntax, errors);
  let expr: Expr | undefined;
  try {
    expr = parser.parse();
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    errors.push(error);
  }
  const [first, ...others] = errors.sort((a, b) => a.at - b.at);
  if (first === undefined) return expr!;
  first.others = others;
  throw first;
}

const begins = ({ kind, text }: Token): boolean =>
  kind === 'literal' || (kind === 'ident' && text !== 'in') || (kind === 'op' && OPENERS.has(text));

class Parser {
  private readonly tokens: readonly Token[];
  private readonly syntax: CelSyntax;
  /** What was wrong so far and could be read over. */
  private readonly errors: SyntaxFault[];
  private position = 0;
  private depth = 0;

  constructor(tokens: readonly Token[], syntax: CelSyntax, errors: SyntaxFault[]) {
    this.tokens = tokens;
    this.syntax = syntax;
    this.errors = errors;
  }

  parse(): Expr {
    const expr = this.expression();
    if (this.token.kind === 'end') return expr;
    const { kind } = this.tokens[this.position + 1]!;
    throw this.fault(`${kind === 'end' ? 'extraneous' : 'mismatched'} input '${this.token.text}' expecting <EOF>`);
  }

  private get token(): Token {
    return this.tokens[this.position]!;
  }

  private fault(message: string): SyntaxFault {
    return new SyntaxFault(this.token.at, `Syntax error: ${message}`);
  }

  /** Where an operand must begin: one token too many is read over. */
  private operand(wanted = OPERAND): void {
    if (begins(this.token)) return;
    const next = this.tokens[this.position + 1];
    const input = `input '${this.token.text}' expecting ${wanted}`;
    if (next === undefined || !begins(next)) throw this.fault(`mismatched ${input}`);
    this.errors.push(this.fault(`extraneous ${input}`));
    this.position++;
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

  /** Takes a token; one too many before it is read over, and so is its absence where the text goes on as if it were there. */
  private expect(text: string): void {
    if (this.take(text)) return;
    const { text: found } = this.token;
    const next = this.tokens[this.position + 1];
    if (next?.kind === 'op' && next.text === text) {
      this.errors.push(this.fault(`extraneous input '${found}' expecting '${text}'`));
      this.position += 2;
    } else if (this.goesOn(text)) this.errors.push(this.fault(`missing '${text}' at '${found}'`));
    else throw this.fault(`mismatched input '${found}' expecting '${text}'`);
  }

  /** True where the text reads on as if the token were there: an operand after a colon, what ends or joins operands after others. */
  private goesOn(text: string): boolean {
    const { kind, text: found } = this.token;
    if (text === ':') return begins(this.token);
    return kind === 'end' || (kind === 'op' && found !== '!' && found !== '(');
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
    this.operand();
    const at = this.token.at;
    if (this.at('!') || this.at('-')) {
      const op = this.token.text;
      let count = 0;
      while (this.take(op)) count++;
      if (op === '!' && this.token.kind === 'end') throw this.fault(`extraneous input '<EOF>' expecting ${OPERAND}`);
      this.operand();
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
        const isWord = kind === 'quoted' || (kind === 'ident' && !LITERALS.has(text));
        if (!isWord && optional) {
          this.errors.push(this.fault(`mismatched input '${text}' expecting {IDENTIFIER, ESC_IDENTIFIER}`));
          throw new SyntaxFault(this.token.at, 'unsupported ident kind');
        }
        if (kind === 'ident' && LITERALS.has(text) && text !== 'in')
          throw this.fault(`mismatched input '${text}' expecting IDENTIFIER`);
        if (!isWord) throw this.fault(`no viable alternative at input '.${kind === 'end' ? '' : text}'`);
        if (kind === 'quoted' && this.syntax === 'kubernetes')
          throw new SyntaxFault(this.token.at, "unsupported syntax: '`'");
        this.position++;
        const open = this.token.at;
        if (!optional && kind === 'ident' && this.take('(')) expr = this.call(text, expr, this.list(')'), open);
        else expr = { kind: 'select', operand: expr, field: text, ...(optional ? { optional } : {}), at };
      } else if (this.take('[')) {
        const optional = this.take('?');
        if (!optional) this.operand(INDEX);
        const index = this.expression();
        this.expect(']');
        expr = { kind: 'call', fn: optional ? '_[?_]' : '_[_]', args: [expr, index], at };
      } else if (this.at('{')) {
        const name = this.structName(expr);
        if (name === undefined) throw this.fault(`mismatched input '{' expecting <EOF>`);
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
      if (name.kind !== 'ident') throw this.fault(`mismatched input '${name.text}' expecting IDENTIFIER`);
      this.position++;
      return this.name(name, true);
    }
    throw this.fault(`mismatched input '${token.text}' expecting ${OPERAND}`);
  }

  private name(token: Token, absolute: boolean): Expr {
    if (RESERVED.has(token.text)) throw new SyntaxFault(token.at, `reserved identifier: ${token.text}`);
    const open = this.token.at;
    if (this.take('(')) return this.call(absolute ? `.${token.text}` : token.text, undefined, this.list(')'), open);
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
    if (this.syntax !== 'no-macros') {
      const expanded = expandCall(fn, target, args, at, this.syntax === 'whole');
      if (expanded !== undefined) return expanded;
    }
    return { kind: 'call', fn, ...(target ? { target } : {}), args, at };
  }

  private list(close: string): Expr[] {
    const list: Expr[] = [];
    if (this.take(close)) return list;
    this.operand(ARGUMENT);
    do {
      if (this.at(close) && list.length > 0 && close !== ')') break;
      list.push(this.expression());
    } while (this.take(','));
    this.expect(close);
    return list;
  }

  /** After an entry: true where another may follow. Anything but a comma or the end is one token too many, or not readable. */
  private another(close: string): boolean {
    if (this.at(close)) return false;
    if (!this.at(',')) {
      const next = this.tokens[this.position + 1];
      const input = `input '${this.token.text}' expecting {'${close}', ','}`;
      if (next?.kind !== 'op' || (next.text !== close && next.text !== ',')) throw this.fault(`mismatched ${input}`);
      this.errors.push(this.fault(`extraneous ${input}`));
      this.position++;
    }
    return this.take(',') && this.token.kind !== 'end';
  }

  private items(): ListItem[] {
    const items: ListItem[] = [];
    while (!this.at(']')) {
      const optional = this.take('?');
      if (!optional && items.length === 0) this.operand(ENTRIES[']']);
      items.push({ value: this.expression(), optional });
      if (!this.another(']')) break;
    }
    this.expect(']');
    return items;
  }

  private entries(): MapEntry[] {
    const entries: MapEntry[] = [];
    while (!this.at('}')) {
      const optional = this.take('?');
      if (!optional && entries.length === 0) this.operand(ENTRIES['}']);
      const key = this.expression();
      this.expect(':');
      entries.push({ key, value: this.expression(), optional });
      if (!this.another('}')) break;
    }
    this.expect('}');
    return entries;
  }

  private fields(): StructField[] {
    const fields: StructField[] = [];
    while (!this.at('}')) {
      const optional = this.take('?');
      const { kind, text, at } = this.token;
      if (kind !== 'ident' && kind !== 'quoted')
        throw this.fault(`extraneous input '${text}' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}`);
      this.position++;
      this.expect(':');
      fields.push({ name: text, value: this.expression(), optional, at });
      if (!this.another('}')) break;
    }
    this.expect('}');
    return fields;
  }
}
