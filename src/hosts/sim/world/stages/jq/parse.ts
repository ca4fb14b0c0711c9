import { type Filter, JqError, type Operator } from './ast.ts';
import { lex, type Token } from './lex.ts';

const DEPTH_MAX = 200;
const IDENTITY: Filter = { is: 'identity' };
const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const KEYWORDS = new Set([
  'and',
  'or',
  'if',
  'then',
  'elif',
  'else',
  'end',
  'as',
  'reduce',
  'foreach',
  'try',
  'catch',
  'def',
  'label',
  'import',
  'include',
]);

/** Reads a filter. Throws JqError where it is none or uses what is not there: definitions, assignments, formats. */
export function parseJq(source: string): Filter {
  const parser = new Parser(lex(source));
  const filter = parser.pipe();
  parser.expect('end');
  return filter;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #is(text: string, kind: Token['kind'] = 'sign'): boolean {
    return this.#next.kind === kind && this.#next.text === text;
  }

  #take(text: string, kind: Token['kind'] = 'sign'): boolean {
    if (!this.#is(text, kind)) return false;
    this.#at++;
    return true;
  }

  expect(text: string, kind: Token['kind'] = text === 'end' ? 'end' : 'sign'): void {
    const found = this.#next;
    if (kind === 'end' ? found.kind !== 'end' : !this.#is(text, kind)) this.#refuse(found);
    this.#at++;
  }

  #word(text: string): void {
    if (!this.#take(text, 'name')) this.#refuse(this.#next);
  }

  #refuse({ kind, text, at }: Token): never {
    throw new JqError(kind === 'end' ? 'the filter ends too early' : `unexpected "${text || 'text'}" at ${at + 1}`);
  }

  #variable(): string {
    const token = this.#tokens[this.#at++]!;
    if (token.kind !== 'variable') this.#refuse(token);
    return token.text.slice(1);
  }

  pipe(): Filter {
    if (++this.#depth > DEPTH_MAX) throw new JqError('the filter nests too deep');
    try {
      const left = this.#comma();
      return this.#take('|') ? { is: 'pipe', left, right: this.pipe() } : left;
    } finally {
      this.#depth--;
    }
  }

  #comma(): Filter {
    let left = this.#alternative();
    while (this.#take(',')) left = { is: 'comma', left, right: this.#alternative() };
    return left;
  }

  #alternative(): Filter {
    const left = this.#or();
    return this.#take('//') ? { is: 'alternative', left, right: this.#alternative() } : left;
  }

  #or(): Filter {
    let left = this.#and();
    while (this.#take('or', 'name')) left = { is: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Filter {
    let left = this.#comparison();
    while (this.#take('and', 'name')) left = { is: 'and', left, right: this.#comparison() };
    return left;
  }

  #comparison(): Filter {
    const left = this.#sum();
    if (this.#next.kind !== 'sign' || !COMPARISONS.has(this.#next.text)) return left;
    const sign = this.#tokens[this.#at++]!.text as Operator;
    return { is: 'operator', sign, left, right: this.#sum() };
  }

  #sum(): Filter {
    let left = this.#product();
    while (this.#is('+') || this.#is('-')) {
      const sign = this.#tokens[this.#at++]!.text as Operator;
      left = { is: 'operator', sign, left, right: this.#product() };
    }
    return left;
  }

  #product(): Filter {
    let left = this.#operand();
    while (this.#is('*') || this.#is('/') || this.#is('%')) {
      const sign = this.#tokens[this.#at++]!.text as Operator;
      left = { is: 'operator', sign, left, right: this.#operand() };
    }
    return left;
  }

  /** A term, or a term that gets a name for all that follows it. */
  #operand(): Filter {
    const of = this.postfix();
    if (!this.#take('as', 'name')) return of;
    const name = this.#variable();
    this.expect('|');
    return { is: 'bind', of, name, body: this.pipe() };
  }

  postfix(): Filter {
    let filter = this.#term();
    for (;;) {
      const { kind, text } = this.#next;
      if (kind === 'field') {
        this.#at++;
        filter = { is: 'index', of: filter, at: { is: 'literal', value: text.slice(1) } };
      } else if (this.#is('.') && this.#tokens[this.#at + 1]?.kind === 'text') {
        this.#at++;
        filter = { is: 'index', of: filter, at: this.#text() };
      } else if (this.#is('.') && this.#tokens[this.#at + 1]?.text === '[') {
        this.#at += 2;
        filter = this.#bracket(filter);
      } else if (this.#take('[')) filter = this.#bracket(filter);
      else if (this.#take('?')) filter = { is: 'try', of: filter };
      else return filter;
    }
  }

  /** After an opening bracket: `]`, an index or a slice. */
  #bracket(of: Filter): Filter {
    if (this.#take(']')) return { is: 'each', of };
    if (this.#take(':')) {
      const to = this.pipe();
      this.expect(']');
      return { is: 'slice', of, to };
    }
    const from = this.pipe();
    if (this.#take(':')) {
      if (this.#take(']')) return { is: 'slice', of, from };
      const to = this.pipe();
      this.expect(']');
      return { is: 'slice', of, from, to };
    }
    this.expect(']');
    return { is: 'index', of, at: from };
  }

  #term(): Filter {
    const token = this.#tokens[this.#at++]!;
    switch (token.kind) {
      case 'number':
        return { is: 'literal', value: /^\d{1,15}$/.test(token.text) ? BigInt(token.text) : Number(token.text) };
      case 'text':
        this.#at--;
        return this.#text();
      case 'variable':
        return { is: 'variable', name: token.text.slice(1) };
      case 'field':
        return { is: 'index', of: IDENTITY, at: { is: 'literal', value: token.text.slice(1) } };
      case 'name':
        return this.#named(token);
      case 'sign':
        return this.#signed(token);
      case 'end':
        return this.#refuse(token);
    }
  }

  #signed(token: Token): Filter {
    switch (token.text) {
      case '..':
        return { is: 'recurse' };
      case '.':
        if (this.#next.kind === 'text') return { is: 'index', of: IDENTITY, at: this.#text() };
        return IDENTITY;
      case '-':
        return { is: 'negative', of: this.postfix() };
      case '(': {
        const filter = this.pipe();
        this.expect(')');
        return filter;
      }
      case '[': {
        if (this.#take(']')) return { is: 'array' };
        const of = this.pipe();
        this.expect(']');
        return { is: 'array', of };
      }
      case '{':
        return this.#object();
      default:
        return this.#refuse(token);
    }
  }

  #named(token: Token): Filter {
    switch (token.text) {
      case 'null':
        return { is: 'literal', value: null };
      case 'true':
      case 'false':
        return { is: 'literal', value: token.text === 'true' };
      case 'if':
        return this.#if();
      case 'try': {
        const of = this.postfix();
        return this.#take('catch', 'name') ? { is: 'try', of, otherwise: this.postfix() } : { is: 'try', of };
      }
      case 'reduce':
        return this.#reduce();
      default:
        return KEYWORDS.has(token.text) ? this.#refuse(token) : this.#call(token.text);
    }
  }

  #if(): Filter {
    const test = this.pipe();
    this.#word('then');
    const yes = this.pipe();
    if (this.#take('elif', 'name')) return { is: 'if', test, yes, otherwise: this.#if() };
    if (!this.#take('else', 'name')) {
      this.#word('end');
      return { is: 'if', test, yes };
    }
    const otherwise = this.pipe();
    this.#word('end');
    return { is: 'if', test, yes, otherwise };
  }

  #reduce(): Filter {
    const of = this.postfix();
    this.#word('as');
    const name = this.#variable();
    this.expect('(');
    const from = this.pipe();
    this.expect(';');
    const update = this.pipe();
    this.expect(')');
    return { is: 'reduce', of, name, from, update };
  }

  #call(name: string): Filter {
    const args: Filter[] = [];
    if (this.#take('(')) {
      do args.push(this.pipe());
      while (this.#take(';'));
      this.expect(')');
    }
    return { is: 'call', name, args };
  }

  #text(): Filter {
    const { parts = [] } = this.#tokens[this.#at++]!;
    const [only] = parts;
    if (parts.length === 1 && only?.filter === undefined) return { is: 'literal', value: only?.text ?? '' };
    return {
      is: 'text',
      parts: parts.flatMap(({ text, filter }) => [text, ...(filter === undefined ? [] : [parseJq(filter)])]),
    };
  }

  #object(): Filter {
    const fields: { key: Filter; value: Filter }[] = [];
    while (!this.#take('}')) {
      fields.push(this.#field());
      if (!this.#is('}')) this.expect(',');
    }
    return { is: 'object', fields };
  }

  #field(): { key: Filter; value: Filter } {
    const token = this.#next;
    let key: Filter;
    let short: Filter | undefined;
    if (token.kind === 'variable') {
      this.#at++;
      key = { is: 'literal', value: token.text.slice(1) };
      return { key, value: { is: 'variable', name: token.text.slice(1) } };
    }
    if (token.kind === 'name') {
      this.#at++;
      key = { is: 'literal', value: token.text };
      short = { is: 'index', of: IDENTITY, at: key };
    } else if (token.kind === 'text') {
      key = this.#text();
      short = { is: 'index', of: IDENTITY, at: key };
    } else {
      this.expect('(');
      key = this.pipe();
      this.expect(')');
    }
    if (!this.#take(':')) return short ? { key, value: short } : this.#refuse(this.#next);
    // Pipes and commas in a field's value need parentheses.
    return { key, value: this.#alternative() };
  }
}
