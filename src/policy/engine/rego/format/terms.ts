import { KEYWORDS } from '../lexer.ts';
import type { Body, Literal, Place, Term, With } from '../syntax.ts';
import { CommentClash, closingRow, type Writer } from './writer.ts';

/** Signs of the functions that are written between their operands. */
const INFIX: Readonly<Record<string, string>> = {
  assign: ':=',
  eq: '=',
  equal: '==',
  neq: '!=',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  plus: '+',
  minus: '-',
  mul: '*',
  div: '/',
  rem: '%',
  and: '&',
  or: '|',
};

type Call = Extract<Term, { kind: 'call' }>;
type Placed = { readonly at: Place };

const signOf = (call: Call): string | undefined => {
  const name = call.name.join('.');
  return Object.hasOwn(INFIX, name) ? INFIX[name] : undefined;
};
const memberArity = (call: Call): number | undefined =>
  call.name[0] === 'internal' ? { member_2: 2, member_3: 3 }[call.name[1] ?? ''] : undefined;
const isUnion = (term: Term): boolean => term.kind === 'call' && term.name.join('.') === 'or';

/** Writes terms and bodies as `opa fmt` does. */
export class TermWriter {
  readonly out: Writer;

  constructor(out: Writer) {
    this.out = out;
  }

  #inParens(term: Term): boolean {
    return this.out.source[term.at.start] === '(';
  }

  term(term: Term, parens = false): void {
    const { out } = this;
    out.commentsFor(out.rowOf(term));
    out.ensureLine();
    if (term.kind !== 'array' && term.kind !== 'set' && term.kind !== 'object') return this.#write(term, parens);
    const saved = out.save();
    try {
      this.#write(term, parens);
    } catch (error) {
      if (!(error instanceof CommentClash)) throw error;
      out.verbatim(saved, term);
    }
  }

  #write(term: Term, parens: boolean): void {
    const { out } = this;
    switch (term.kind) {
      case 'scalar':
        return out.write(out.textOf(term) === '-' ? '0' : out.textOf(term).replace(/^-\s+/, '-'));
      case 'var':
        return out.write(term.name.startsWith('$') ? '_' : term.name);
      case 'ref':
        return this.ref(term.head, term.path);
      case 'array':
        return this.#collection(term, term.items, '[', ']');
      case 'set':
        return term.items.length === 0 ? out.write('set()') : this.#collection(term, term.items, '{', '}');
      case 'object':
        return this.#collection(term, term.entries, '{', '}');
      case 'comprehension':
        return this.#comprehension(term);
      case 'call':
        return this.#call(term, parens);
      case 'template':
        return this.#template(term);
    }
  }

  ref(head: Term, path: readonly Term[]): void {
    const { out } = this;
    if (head.kind === 'var') out.write(head.name.startsWith('$') ? '_' : head.name);
    else this.term(head);
    for (const key of path) {
      if (key.kind === 'scalar' && typeof key.value === 'string') this.#name(key, key.value);
      else {
        out.write('[');
        this.term(key);
        out.write(']');
      }
    }
  }

  #name(key: Term, name: string): void {
    const text = this.out.textOf(key);
    const isWord = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
    const isQuoted = /^["`]/.test(text);
    if (isWord && !(isQuoted && isReserved(name))) this.out.write(`.${name}`);
    else this.out.write(`[${text}]`);
  }

  /** Groups of parts that start on one row; the first group may start below the bracket. */
  #groups<T>(items: readonly T[], row: number, rowOf: (item: T) => number): T[][] {
    const groups: T[][] = [];
    let last = row;
    items.forEach((item, index) => {
      const own = rowOf(item);
      if (index === 0 || own > last) groups.push([]);
      groups.at(-1)!.push(item);
      last = own;
    });
    return groups;
  }

  #collection(term: Placed, items: readonly (Term | readonly [Term, Term])[], open: string, close: string): void {
    const { out } = this;
    const row = out.rowOf(term);
    const closing = closingRow(out.textOf(term), row, [open, close]) ?? row;
    const first = items[0];
    const firstRow = first ? out.rowOf(startOf(first)) : row;
    const rows = new Set(items.map(item => out.rowOf(startOf(item))));
    const groups = this.#groups(items, row, item => out.rowOf(startOf(item)));
    if (groups.length <= 1) {
      for (let at = row + 1; at < closing; at++)
        if (!rows.has(at) && out.hasCommentBetween(at - 1, at + 1)) throw new CommentClash();
    }
    out.write(open);
    this.#sequence(groups, closing, groups.length > 1 || firstRow > row, item => this.#item(item));
    out.write(close);
  }

  #item(item: Term | readonly [Term, Term]): void {
    if (!Array.isArray(item)) return this.term(item as Term);
    const [key, value] = item as readonly [Term, Term];
    this.#union(key);
    this.out.write(': ');
    this.#union(value);
  }

  /** `|` would read as the start of a comprehension. */
  #union(term: Term): void {
    const parens = isUnion(term) && this.#inParens(term);
    if (parens) this.out.write('(');
    this.term(term);
    if (parens) this.out.write(')');
  }

  #sequence<T>(groups: readonly (readonly T[])[], closing: number, lines: boolean, write: (item: T) => void): void {
    const { out } = this;
    if (lines) {
      out.delayComment();
      out.endLine();
      out.up();
      out.startLine();
    }
    groups.forEach((group, at) => {
      if (at > 0) {
        out.write(',');
        out.endLine();
        out.startLine();
      }
      group.forEach((item, index) => {
        if (index > 0) out.write(', ');
        write(item);
      });
    });
    if (!lines) return;
    out.write(',');
    out.endLine();
    out.commentsFor(closing);
    out.down();
    out.startLine();
  }

  /** `(a, b)` of a call or a head, brackets included. */
  arguments(items: readonly Term[], row: number, closing: number): void {
    this.out.write('(');
    const groups = this.#groups(items, row, item => this.out.rowOf(item));
    this.#sequence(groups, closing, groups.length > 1, item => this.term(item));
    this.out.write(')');
  }

  #call(call: Call, parens: boolean): void {
    const { out } = this;
    const members = memberArity(call);
    if (members === call.args.length) return this.#member(call, true);
    const sign = signOf(call);
    if (sign === undefined || call.args.length !== 2) return this.#plainCall(call);
    if (parens) out.write('(');
    this.term(call.args[0]!, true);
    out.write(` ${sign} `);
    this.term(call.args[1]!, true);
    if (parens) out.write(')');
  }

  #member(call: Call, parens: boolean): void {
    const { out } = this;
    const [first, second, third] = call.args;
    if (third && parens) out.write('(');
    this.term(first!, true);
    out.write(third ? ', ' : ' in ');
    this.term(second!, true);
    if (!third) return;
    out.write(' in ');
    this.term(third, true);
    if (parens) out.write(')');
  }

  #plainCall(call: Call): void {
    const { out } = this;
    const [head, ...rest] = call.name;
    out.write(head!);
    for (const name of rest)
      out.write(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`);
    const row = out.rowOf(call);
    const closing = closingRow(out.textOf(call), row, ['(', ')']) ?? row;
    this.arguments(call.args, row, closing);
  }

  #comprehension(term: Extract<Term, { kind: 'comprehension' }>): void {
    const { out } = this;
    const [open, close] = term.of === 'array' ? ['[', ']'] : ['{', '}'];
    out.write(open!);
    const row = out.rowOf(term);
    const first = term.key ?? term.value;
    if (!term.key && out.rowOf(first) > row) {
      out.endLine();
      out.startLine();
    }
    if (term.key) {
      this.#union(term.key);
      out.write(': ');
      this.#union(term.value);
    } else this.term(term.value, term.value.kind === 'call' && this.#inParens(term.value));
    out.write(' |');
    this.#inlineBody(
      term.body,
      term.key ? row : out.rowOf(first),
      closingRow(out.textOf(term), row, [open!, close!]) ?? row,
    );
    out.write(close!);
  }

  /** A body between brackets: on the line, or on lines of its own. */
  #inlineBody(body: Body, row: number, closing: number): void {
    const { out } = this;
    const groups = this.#groups(body, row, literal => out.rowOf(literal));
    if (out.rowOf(body[0]!) > row || groups.length > 1) {
      out.endLine();
      out.up();
      this.body(body);
      out.commentsFor(closing);
      out.down();
      out.startLine();
      return;
    }
    out.write(' ');
    body.forEach((literal, index) => {
      if (index > 0) out.write('; ');
      this.literal(literal);
    });
  }

  /** Expressions in braces; scalars become a part of the text. */
  #template(term: Extract<Term, { kind: 'template' }>): void {
    const { out } = this;
    const raw = out.source[term.at.start + 1] === '`';
    let from = term.at.start;
    for (const part of term.parts) {
      if (typeof part === 'string') continue;
      const open = out.source.lastIndexOf('{', part.at.start - 1);
      const close = out.source.indexOf('}', part.at.end);
      const value =
        part.kind === 'term' && part.with.length === 0 && part.term.kind === 'scalar' ? part.term : undefined;
      if (value) {
        const text = typeof value.value === 'string' ? value.value : out.textOf(value);
        const escaped = raw ? text : JSON.stringify(text).slice(1, -1);
        out.write(out.source.slice(from, open) + escaped.replaceAll('{', '\\{'));
        from = close + 1;
        continue;
      }
      out.write(out.source.slice(from, open + 1));
      this.literal(part);
      from = close;
    }
    out.write(out.source.slice(from, term.at.end));
  }

  /** Literals on lines of their own; a gap in the source stays one blank line. */
  body(body: Body): void {
    const { out } = this;
    out.commentsFor(out.rowOf(body[0]!));
    body.forEach((literal, index) => {
      if (index > 0 && out.rowOf(literal) > out.row(body[index - 1]!.at.end) + 1) out.blankLine();
      out.startLine();
      this.literal(literal);
      out.endLine();
    });
  }

  literal(literal: Literal): void {
    const { out } = this;
    // A body starts its line before the comments above the literal are written.
    out.commentsFor(out.rowOf(literal));
    out.ensureLine();
    switch (literal.kind) {
      case 'some':
        return this.#some(literal);
      case 'term':
        if (literal.negated) out.write('not ');
        this.#expression(literal.term);
        break;
      case 'unify':
      case 'assign':
        if (literal.kind === 'unify' && literal.negated) out.write('not ');
        this.term(literal.left);
        out.write(literal.kind === 'assign' ? ' := ' : ' = ');
        this.term(literal.right);
        break;
      case 'someIn':
        out.write('some ');
        if (literal.key) {
          this.term(literal.key, true);
          out.write(', ');
        }
        this.term(literal.value, true);
        out.write(' in ');
        this.term(literal.domain, true);
        break;
      case 'every':
        if (literal.negated) out.write('not ');
        this.#every(literal);
        break;
      case 'notBody':
        out.write('not {');
        this.#inlineBody(literal.body, out.rowOf(literal), this.#braceRow(literal));
        if (out.rowOf(literal.body[0]!) === out.rowOf(literal)) out.write(' ');
        out.write('}');
    }
    const [first] = literal.with;
    if (first) this.#with(literal.with, out.row(this.#endBefore(first.at.start)));
  }

  #braceRow(literal: Literal): number {
    return closingRow(this.out.textOf(literal), this.out.rowOf(literal), ['{', '}']) ?? this.out.rowOf(literal);
  }

  /** A call as an expression: its output may be a last argument. */
  #expression(term: Term): void {
    const { out } = this;
    if (term.kind !== 'call') return this.term(term);
    if (memberArity(term) === term.args.length) return this.#member(term, false);
    const sign = signOf(term);
    if (sign === undefined || term.args.length < 2 || term.args.length > 3) return this.#plainCall(term);
    const [left, right, result] = term.args;
    if (result) {
      this.term(result);
      out.write(' = ');
    }
    this.term(left!);
    out.write(` ${sign} `);
    this.term(right!);
  }

  #some(literal: Extract<Literal, { kind: 'some' }>): void {
    const { out } = this;
    out.write('some ');
    let row = out.rowOf(literal);
    let from = literal.at.start + 'some'.length;
    literal.names.forEach((name, index) => {
      const at = out.source.indexOf(name, from);
      from = at + name.length;
      if (out.row(at) > row) {
        out.endLine();
        out.startLine();
        out.write('\t');
        row = out.row(at);
      } else if (index > 0) out.write(' ');
      out.commentsFor(row);
      out.write(name);
      if (index < literal.names.length - 1) out.write(',');
    });
  }

  #every(literal: Extract<Literal, { kind: 'every' }>): void {
    const { out } = this;
    const row = out.rowOf(literal);
    const plain = (name: string): string => (name.startsWith('$') ? '_' : name);
    out.write(`every ${literal.key === undefined ? '' : `${plain(literal.key)}, `}${plain(literal.value)} in `);
    this.term(literal.domain);
    out.write(' {');
    this.#inlineBody(literal.body, row, this.#braceRow(literal));
    if (literal.body.length === 1 && out.rowOf(literal.body[0]!) === row) out.write(' ');
    out.write('}');
  }

  /** Offset of the last character before a place that is no white space. */
  #endBefore(offset: number): number {
    let at = offset - 1;
    while (at > 0 && /\s/.test(this.out.source[at]!)) at--;
    return at;
  }

  #with(list: readonly With[], row: number): void {
    const { out } = this;
    let last = row;
    let indented = false;
    for (const item of list) {
      const own = out.rowOf(item);
      if (own === last) out.write(' ');
      else {
        if (!indented) out.up();
        indented = true;
        out.endLine();
        out.startLine();
      }
      last = own;
      out.commentsFor(own);
      out.write('with ');
      this.term(item.target);
      out.write(' as ');
      this.term(item.value);
    }
    if (indented) out.down();
  }
}

const startOf = (item: Term | readonly [Term, Term]): Term => (Array.isArray(item) ? item[0] : item) as Term;

const RESERVED = new Set([...KEYWORDS, 'in', 'if', 'contains', 'every']);
const isReserved = (name: string): boolean => RESERVED.has(name);
