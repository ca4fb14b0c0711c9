import { parse as parseYaml } from 'yaml';
import { endOfBraces, type Comment, type Token, tokenize } from './lexer.ts';
import { NumberRangeError, parseNumber, type RegoNumber } from './number.ts';
import { parseRules } from './parser-rules.ts';
import { parseBody, parseLiteral } from './parser-terms.ts';
import { type Annotation, type Body, type Import, type Module, type Literal, type Place, RegoError } from './syntax.ts';

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

/** Splits a template string into texts and expressions. */
export function templateParts(parser: Parser, token: Token): (string | Literal)[] {
  const raw = token.text[1] === '`';
  const end = token.end - 1;
  const parts: (string | Literal)[] = [];
  let text = '';
  let at = token.start + 2;
  while (at < end) {
    const character = parser.text[at]!;
    if (character === '\\' && parser.text[at + 1] === '{') {
      text += '{';
      at += 2;
    } else if (character === '\\' && !raw) {
      text += parser.text.slice(at, at + 2);
      at += 2;
    } else if (character === '{') {
      const close = endOfBraces(parser.text, at, message => parser.fail(message, token));
      if (text) parts.push(raw ? text : unescape(parser, text, token));
      text = '';
      const inner = parser.inner(at + 1, close - 1);
      parts.push(parseLiteral(inner));
      if (inner.token.kind !== 'end') inner.fail('invalid template-string expression');
      at = close;
    } else {
      text += character;
      at++;
    }
  }
  if (text) parts.push(raw ? text : unescape(parser, text, token));
  return parts;
}

function parsePath(parser: Parser): string[] {
  const first = parser.next();
  if (first.kind !== 'name' && first.kind !== 'keyword')
    parser.fail(`unexpected ${describe(first)}: expected path`, first);
  const path = [first.text];
  while (!parser.token.fresh && (parser.is('.') || parser.is('['))) {
    if (parser.take('.')) path.push(parser.next().text);
    else {
      parser.next();
      const key = parser.next();
      if (key.kind !== 'string' && key.kind !== 'raw') parser.fail('path must be a reference of strings', key);
      path.push(stringValue(parser, key));
      parser.expect(']');
    }
  }
  return path;
}

const FUTURE = ['in', 'if', 'contains', 'every'];

function parseImport(parser: Parser): Import {
  const start = parser.expect('import').start;
  const path = parsePath(parser);
  let alias: string | undefined;
  if (parser.take('as')) alias = parser.next().text;
  const root = path[0]!;
  if (root !== 'data' && root !== 'input' && root !== 'future' && root !== 'rego')
    parser.fail(`unexpected import path, must begin with one of: {data, future, input, rego}, got: ${root}`);
  if (root === 'rego' && path[1] === 'v1') for (const word of FUTURE) parser.extra.add(word);
  if (root === 'rego' && path[1] === 'v1') parser.version = 'v1';
  if (root === 'rego' && path[1] === 'v2') {
    for (const word of FUTURE) parser.extra.add(word);
    parser.version = 'v1';
    parser.preview = true;
  }
  if (root === 'future') {
    if (path[1] !== 'keywords' || (path.length > 2 && !FUTURE.includes(path[2]!) && path[2] !== 'not'))
      parser.fail(`unexpected keyword, must be one of [contains every if in]`);
    for (const word of path.length === 2 ? FUTURE : [path[2]!]) parser.extra.add(word);
    // `every` brings `in`, as in OPA.
    if (parser.extra.has('every')) parser.extra.add('in');
  }
  return { path, ...(alias === undefined ? {} : { alias }), at: parser.place(start) };
}

/** METADATA blocks: a comment line that says so and the comment lines that follow it without a gap (OPA, "Annotations"). */
export function annotationsOf(parser: Parser): (Annotation & { readonly endLine: number })[] {
  const lines = (offset: number): number => parser.text.slice(0, offset).split('\n').length;
  const found: (Annotation & { endLine: number })[] = [];
  const { comments } = parser;
  for (let i = 0; i < comments.length; i++) {
    if (comments[i]!.text.trim() !== 'METADATA') continue;
    const block: Comment[] = [];
    let last = lines(comments[i]!.start);
    for (let next = i + 1; next < comments.length && lines(comments[next]!.start) === last + 1; next++) {
      block.push(comments[next]!);
      last++;
    }
    const source = block.map(({ text }) => text.replace(/^ /, '')).join('\n');
    let value: unknown;
    try {
      value = parseYaml(source, { maxAliasCount: 0 });
    } catch {
      parser.fail('yaml: cannot parse METADATA block', comments[i]!);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      parser.fail('expected METADATA block, found whitespace', comments[i]!);
    const fields = value as { [key: string]: unknown };
    const scope = fields.scope as Annotation['scope'] | undefined;
    found.push({ scope: scope ?? 'rule', value: fields, at: comments[i]!, endLine: last });
    if (scope === undefined) delete (found.at(-1) as { scope?: unknown }).scope;
  }
  return found as (Annotation & { endLine: number })[];
}

/** Reads one module. Throws RegoError rego_parse_error. */
export function parseModule(text: string, options: ParseOptions): Module {
  const parser = new Parser(text, options);
  if (!parser.is('package')) parser.fail('package expected');
  const start = parser.next().start;
  const path = parsePath(parser);
  const packageAt = parser.place(start);
  const imports: Import[] = [];
  const annotations = annotationsOf(parser);
  const rules = [];
  while (parser.token.kind !== 'end') {
    if (parser.take(';')) continue;
    if (parser.is('import')) imports.push(parseImport(parser));
    else rules.push(...parseRules(parser, annotations));
  }
  return { file: options.file, text, package: path, packageAt, imports, rules, annotations, version: parser.version };
}

/** Reads a query: literals separated by `;` or line breaks. */
export function parseQuery(text: string, options: ParseOptions & { imports?: readonly string[] }): Body {
  const parser = new Parser(text, options);
  for (const word of FUTURE) if (options.version === 'v1' || options.imports?.includes(word)) parser.extra.add(word);
  while (parser.is('import')) parseImport(parser);
  const body = parseBody(parser, () => parser.token.kind === 'end');
  if (parser.token.kind !== 'end') parser.fail(`unexpected ${describe(parser.token)}`);
  return body;
}
