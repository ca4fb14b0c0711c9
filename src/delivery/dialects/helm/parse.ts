import { lex, type Token, unquote } from './lex.ts';
import { TemplateError } from './refuse.ts';

/** One word of a command. */
export type Operand =
  | { readonly is: 'constant'; readonly value: unknown }
  | { readonly is: 'nil' }
  | { readonly is: 'dot' }
  | { readonly is: 'function'; readonly name: string }
  | { readonly is: 'field'; readonly fields: readonly string[] }
  | { readonly is: 'variable'; readonly name: string; readonly fields: readonly string[] }
  | { readonly is: 'pipe'; readonly pipe: Pipe; readonly fields: readonly string[] };

export interface Pipe {
  readonly declares: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly (readonly Operand[])[];
}

export type Node =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'action'; readonly pipe: Pipe; readonly line: number }
  | {
      readonly is: 'if' | 'with' | 'range';
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
      readonly line: number;
    }
  | { readonly is: 'template'; readonly name: string; readonly pipe: Pipe | undefined; readonly line: number }
  | { readonly is: 'break' }
  | { readonly is: 'continue' };

/** A parsed file: its own body, and what it defines. */
export interface Template {
  readonly name: string;
  readonly body: readonly Node[];
}

const NUMBER = (text: string): unknown => {
  const digits = text.replaceAll('_', '');
  if (/^[-+]?(0[xXbBoO][0-9a-fA-F]+|[0-9]+)$/.test(digits)) {
    const negative = digits.startsWith('-');
    const bare = digits.replace(/^[-+]/, '');
    const value = BigInt(/^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare);
    return negative ? -value : value;
  }
  const power = /^([-+]?0[xX][0-9a-fA-F]+)[pP]([-+]?\d+)$/.exec(digits);
  return power ? Number(power[1]) * 2 ** Number(power[2]) : Number(digits);
};

class Words {
  readonly tokens: readonly Token[];
  at = 0;
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }
  get next(): Token | undefined {
    return this.tokens[this.at];
  }
  sign(text: string): boolean {
    const next = this.next;
    if (next?.kind !== 'sign' || next.text !== text) return false;
    this.at++;
    return true;
  }

  /** A pipeline up to the end or a closing parenthesis. */
  pipe(): Pipe {
    const { declares, assigns } = this.#declarations();
    const commands: Operand[][] = [];
    do {
      const command: Operand[] = [];
      while (this.next && !(this.next.kind === 'sign' && (this.next.text === '|' || this.next.text === ')'))) {
        command.push(this.#operand());
      }
      if (command.length === 0) throw new TemplateError('missing value for command');
      commands.push(command);
    } while (this.sign('|'));
    return { declares, assigns, commands };
  }

  #declarations(): { declares: string[]; assigns: boolean } {
    const start = this.at;
    const names: string[] = [];
    while (this.next?.kind === 'variable') {
      names.push(this.next.text);
      this.at++;
      if (this.sign(':=')) return { declares: names, assigns: false };
      if (this.sign('=')) return { declares: names, assigns: true };
      if (!this.sign(',')) break;
    }
    this.at = start;
    return { declares: [], assigns: false };
  }

  /** Fields that follow without a space: `$x.a.b`, `(…).a`. */
  #chain(): string[] {
    const fields: string[] = [];
    while (this.next?.kind === 'field' && !this.next.space) {
      fields.push(this.next.text.slice(1));
      this.at++;
    }
    return fields;
  }

  #operand(): Operand {
    const token = this.next!;
    this.at++;
    switch (token.kind) {
      case 'string':
        return { is: 'constant', value: unquote(token.text) };
      case 'char':
        return { is: 'constant', value: BigInt(unquote(token.text).codePointAt(0) ?? 0) };
      case 'number':
        return { is: 'constant', value: NUMBER(token.text) };
      case 'field':
        return { is: 'field', fields: [token.text.slice(1), ...this.#chain()] };
      case 'variable':
        return { is: 'variable', name: token.text, fields: this.#chain() };
      case 'name':
        if (token.text === 'true' || token.text === 'false') return { is: 'constant', value: token.text === 'true' };
        return token.text === 'nil' ? { is: 'nil' } : { is: 'function', name: token.text };
      default:
        break;
    }
    if (token.text === '.') return { is: 'dot' };
    if (token.text !== '(') throw new TemplateError(`unexpected "${token.text}" in operand`);
    const pipe = this.pipe();
    if (!this.sign(')')) throw new TemplateError('unclosed left paren');
    return { is: 'pipe', pipe, fields: this.#chain() };
  }
}

interface Open {
  readonly word: string;
  readonly pipe?: Pipe;
  readonly line: number;
  readonly body: Node[];
  readonly otherwise: Node[];
  into: Node[];
  /** `else if` and `else with` end with their outer `end`. */
  readonly implied: boolean;
  readonly name?: string;
}

class Parser {
  readonly defined: Template[] = [];
  readonly body: Node[] = [];
  readonly stack: Open[] = [];

  get into(): Node[] {
    return this.stack.at(-1)?.into ?? this.body;
  }

  open(word: string, line: number, pipe: Pipe | undefined, implied = false, name?: string): void {
    const body: Node[] = [];
    this.stack.push({
      word,
      line,
      body,
      otherwise: [],
      into: body,
      implied,
      ...(pipe ? { pipe } : {}),
      ...(name === undefined ? {} : { name }),
    });
  }

  close(): void {
    let open: Open | undefined;
    do {
      open = this.stack.pop();
      if (!open) throw new TemplateError('unexpected {{end}}');
      const { word, body, otherwise, pipe, line, name } = open;
      if (word === 'define' || word === 'block') {
        this.defined.push({ name: name!, body });
        if (word === 'block') this.into.push({ is: 'template', name: name!, pipe, line });
      } else this.into.push({ is: word as 'if', pipe: pipe!, body, otherwise, line });
    } while (open.implied);
  }

  otherwise(words: Words, line: number): void {
    const open = this.stack.at(-1);
    if (!open || !['if', 'with', 'range'].includes(open.word)) throw new TemplateError('unexpected {{else}}');
    open.into = open.otherwise;
    const next = words.next;
    if (next === undefined) return;
    words.at++;
    this.open(next.text, line, words.pipe(), true);
  }

  action(tokens: readonly Token[], line: number): void {
    const words = new Words(tokens);
    const first = words.next;
    const keyword = first?.kind === 'name' ? first.text : '';
    if (['if', 'with', 'range', 'define', 'block', 'template', 'end', 'else', 'break', 'continue'].includes(keyword)) {
      words.at++;
    }
    if (keyword === 'if' || keyword === 'with' || keyword === 'range') this.open(keyword, line, words.pipe());
    else if (keyword === 'define' || keyword === 'block')
      this.open(keyword, line, keyword === 'block' ? this.named(words).pipe : undefined, false, this.nameOf(tokens));
    else if (keyword === 'template') this.into.push({ is: 'template', ...this.named(words), line });
    else if (keyword === 'end') this.close();
    else if (keyword === 'else') this.otherwise(words, line);
    else if (keyword === 'break' || keyword === 'continue') this.into.push({ is: keyword });
    else if (first) this.into.push({ is: 'action', pipe: this.whole(words), line });
    else throw new TemplateError('missing value for command');
  }

  whole(words: Words): Pipe {
    const pipe = words.pipe();
    if (words.next) throw new TemplateError(`unexpected "${words.next.text}" in input`);
    return pipe;
  }

  nameOf(tokens: readonly Token[]): string {
    const token = tokens[1];
    if (token?.kind !== 'string') throw new TemplateError('define and block need a quoted name');
    return unquote(token.text);
  }

  named(words: Words): { name: string; pipe: Pipe | undefined } {
    const token = words.next;
    if (token?.kind !== 'string') throw new TemplateError('a template is called by a quoted name');
    words.at++;
    return { name: unquote(token.text), pipe: words.next ? this.whole(words) : undefined };
  }
}

/** Parses one file. The first of the templates is the file itself, the others what it defines. */
export function parseTemplate(name: string, source: string): Template[] {
  const parser = new Parser();
  for (const piece of lex(source)) {
    if ('text' in piece) {
      parser.into.push({ is: 'text', text: piece.text });
      continue;
    }
    try {
      parser.action(piece.tokens, piece.line);
    } catch (error) {
      if (error instanceof TemplateError) throw new TemplateError(`template: ${name}:${piece.line}: ${error.message}`);
      throw error;
    }
  }
  if (parser.stack.length > 0) throw new TemplateError(`template: ${name}: unexpected EOF`);
  return [{ name, body: parser.body }, ...parser.defined];
}
