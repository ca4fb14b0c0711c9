import { type Comment, type Token, tokenize } from './lexer.ts';
import { NumberRangeError, parseNumber, type RegoNumber } from './number.ts';
import { type Place, RegoError } from './syntax.ts';

export interface ParseOptions {
  readonly file: string;
  /** v1: `if`, `contains`, `in`, `every` are keywords and rules must use them. */
  readonly version: 'v0' | 'v1';
}

const DEPTH_MAX = 1_000;

/** A cursor over tokens with the keywords in force. */
export class Parser {
  readonly file: string;
  readonly text: string;
  readonly comments: readonly Comment[];
  version: 'v0' | 'v1';
  /** Of `in`, `if`, `contains`, `every`: those in force. */
  readonly extra: Set<string>;
  /** v2 preview: `and`, `or`, `not {…}`. */
  preview = false;
  readonly #tokens: readonly Token[];
  readonly #offset: number;
  #at = 0;
  #wildcards = 0;
  #depth = 0;

  constructor(text: string, options: ParseOptions, offset = 0) {
    const { tokens, comments } = tokenize(text, options.file);
    this.file = options.file;
    this.text = text;
    this.version = options.version;
    this.comments = comments;
    this.#tokens = tokens;
    this.#offset = offset;
    this.extra = new Set(options.version === 'v1' ? ['in', 'if', 'contains', 'every'] : []);
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  peek(ahead = 1): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!;
  }

  /** The token read last. */
  get previous(): Token {
    return this.#tokens[Math.max(0, this.#at - 1)]!;
  }

  get position(): number {
    return this.#at;
  }

  /** Goes back to an earlier position. */
  rewind(position: number): void {
    this.#at = position;
  }

  next(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  is(text: string): boolean {
    const { token } = this;
    if (token.text !== text) return false;
    return token.kind === 'punctuation' || (token.kind === 'keyword' && !this.startsReference());
  }

  /** `as.foo`, `not.x`: a keyword right before a dot is the name of a rule (keyword references). */
  startsReference(): boolean {
    const next = this.peek();
    return next.text === '.' && next.kind === 'punctuation' && !next.spaced;
  }

  /** `in` and its like, when they are keywords here. */
  isWord(word: string): boolean {
    return this.token.kind === 'name' && this.token.text === word && this.extra.has(word) && !this.startsReference();
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.next();
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) this.fail(`unexpected ${describe(this.token)}: expected ${text}`);
    return this.next();
  }

  fail(message: string, at: Place = this.token): never {
    throw new RegoError('rego_parse_error', message, this.place(at.start, at.end), this.file);
  }

  place(start: number, end: number = this.#tokens[this.#at - 1]?.end ?? start): Place {
    return { start: start + this.#offset, end: end + this.#offset };
  }

  /** A name no program can write: every `_` is a variable of its own. */
  wildcard(): string {
    return `$${this.#offset}_${this.#wildcards++}`;
  }

  /** Guards against texts that nest without end. */
  deeper<T>(action: () => T): T {
    if (++this.#depth > DEPTH_MAX) this.fail('max recursion depth exceeded');
    try {
      return action();
    } finally {
      this.#depth--;
    }
  }

  /** A parser of a part of the text, with the same keywords. */
  inner(start: number, end: number): Parser {
    const parser = new Parser(
      this.text.slice(start, end),
      { file: this.file, version: this.version },
      this.#offset + start,
    );
    for (const word of this.extra) parser.extra.add(word);
    parser.preview = this.preview;
    return parser;
  }

  number(text: string): RegoNumber {
    try {
      return parseNumber(text) ?? this.fail('illegal number format');
    } catch (error) {
      if (error instanceof NumberRangeError) this.fail(error.message);
      throw error;
    }
  }
}

export function describe(token: Token): string {
  return token.kind === 'end' ? 'eof token' : `${token.kind} token ${token.text}`;
}

/** The value of a string token. */
export function stringValue(parser: Parser, token: Token): string {
  if (token.kind === 'raw') return token.text.slice(1, -1);
  return unescape(parser, token.text.slice(1, -1), token);
}

/** JSON escapes, and `\{` in templates. */
export function unescape(parser: Parser, text: string, at: Place): string {
  try {
    return JSON.parse(
      `"${text.replace(/[\u0000-\u001f]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`,
    ) as string;
  } catch {
    return parser.fail('illegal string escape sequence', at);
  }
}
