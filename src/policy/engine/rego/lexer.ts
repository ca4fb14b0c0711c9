import { type Place, RegoError } from './syntax.ts';

export type TokenKind = 'name' | 'keyword' | 'number' | 'string' | 'raw' | 'template' | 'punctuation' | 'end';

export interface Token extends Place {
  readonly kind: TokenKind;
  readonly text: string;
  /** Whether a line break stands before it. */
  readonly fresh: boolean;
  /** Whether white space stands before it: `f (x)` is no call, `a [x]` no reference. */
  readonly spaced: boolean;
}

export interface Comment extends Place {
  readonly text: string;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PUNCTUATION = /:=|==|!=|<=|>=|[-+*/%&|<>=(){}[\],;:.]/y;
const TOKENS_MAX = 2_000_000;

/** Words that never name a variable. `in`, `if`, `contains`, `every` join them where v1 or an import says so. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  'as',
  'default',
  'else',
  'false',
  'import',
  'not',
  'null',
  'package',
  'some',
  'true',
  'with',
]);

/** Splits a module into tokens; comments are kept apart. Throws rego_parse_error. */
export function tokenize(text: string, file: string): { tokens: Token[]; comments: Comment[] } {
  const tokens: Token[] = [];
  const comments: Comment[] = [];
  let at = 0;
  let fresh = true;
  let spaced = true;
  const fail = (message: string, start: number): never => {
    throw new RegoError('rego_parse_error', message, { start, end: start + 1 }, file);
  };
  const push = (kind: TokenKind, end: number): void => {
    if (tokens.length > TOKENS_MAX) fail('module too large', at);
    tokens.push({ kind, text: text.slice(at, end), start: at, end, fresh, spaced });
    fresh = false;
    spaced = false;
    at = end;
  };
  while (at < text.length) {
    const character = text[at]!;
    if (character === '\n') {
      fresh = true;
      spaced = true;
      at++;
    } else if (character === ' ' || character === '\t' || character === '\r') {
      spaced = true;
      at++;
    } else if (character === '#') {
      const end = text.indexOf('\n', at);
      const stop = end < 0 ? text.length : end;
      comments.push({ start: at, end: stop, text: text.slice(at + 1, stop).replace(/\r$/, '') });
      at = stop;
    } else if (character === '"') push('string', endOfString(text, at, fail));
    else if (character === '`') push('raw', endOfRaw(text, at, fail));
    else if (character === '$' && (text[at + 1] === '"' || text[at + 1] === '`'))
      push('template', endOfTemplate(text, at + 1, fail));
    else push(...wordOrSign(text, at, fail));
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length, fresh: true, spaced: true });
  return { tokens, comments };
}

function wordOrSign(text: string, at: number, fail: (message: string, start: number) => never): [TokenKind, number] {
  for (const [pattern, kind] of [
    [NAME, 'name'],
    [NUMBER, 'number'],
    [PUNCTUATION, 'punctuation'],
  ] as const) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) continue;
    const end = at + found[0].length;
    if (kind === 'number' && /[A-Za-z_0-9]/.test(text[end] ?? '')) fail('illegal number format', at);
    return [kind === 'name' && KEYWORDS.has(found[0]) ? 'keyword' : kind, end];
  }
  return fail(`illegal token ${JSON.stringify(text[at])}`, at);
}

function endOfString(text: string, start: number, fail: (message: string, start: number) => never): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
    else if (text[i] === '\n') break;
  }
  return fail('non-terminated string', start);
}

function endOfRaw(text: string, start: number, fail: (message: string, start: number) => never): number {
  const end = text.indexOf('`', start + 1);
  return end < 0 ? fail('non-terminated string', start) : end + 1;
}

/** `{` in a template opens an expression, which may hold strings and braces of its own; `\{` is a brace. */
function endOfTemplate(text: string, start: number, fail: (message: string, start: number) => never): number {
  const quote = text[start]!;
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\' && (quote === '"' || text[i + 1] === '{')) i++;
    else if (text[i] === quote) return i + 1;
    else if (text[i] === '{') i = endOfBraces(text, i, fail) - 1;
    else if (text[i] === '\n' && quote === '"') break;
  }
  return fail('non-terminated string', start);
}

/** Offset after the `}` that closes the `{` at start. */
export function endOfBraces(text: string, start: number, fail: (message: string, start: number) => never): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return i + 1;
    else if (character === '"') i = endOfString(text, i, fail) - 1;
    else if (character === '`') i = endOfRaw(text, i, fail) - 1;
    else if (character === '$' && (text[i + 1] === '"' || text[i + 1] === '`'))
      i = endOfTemplate(text, i + 1, fail) - 1;
    else if (character === '#') i = text.indexOf('\n', i) < 0 ? text.length : text.indexOf('\n', i);
  }
  return fail('non-terminated template expression', start);
}
