import { JqError } from './ast.ts';

export interface Token {
  readonly kind: 'name' | 'field' | 'variable' | 'number' | 'text' | 'sign' | 'end';
  readonly text: string;
  /** Of a text: what it is made of; sources of filters stand between the parts. */
  readonly parts?: readonly { readonly text: string; readonly filter?: string }[];
  readonly at: number;
}

const SIGNS = ['?//', '//', '..', '==', '!=', '<=', '>=', '|=', '+=', '-=', '*=', '/=', '%='];
const NAME = /[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  '/': '/',
  '\\': '\\',
  '"': '"',
};
const LENGTH_MAX = 10_000;

const match = (pattern: RegExp, source: string, at: number): string | undefined => {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
};

/** The words of a filter; a text is one word. */
export function lex(source: string): Token[] {
  if (source.length > LENGTH_MAX) throw new JqError('the filter is too long');
  const tokens: Token[] = [];
  for (let at = 0; at < source.length; ) {
    const sign = source[at]!;
    if (/\s/.test(sign)) at++;
    else if (sign === '#') while (at < source.length && source[at] !== '\n') at++;
    else if (sign === '"') {
      const { end, parts } = readText(source, at);
      tokens.push({ kind: 'text', text: '', parts, at });
      at = end;
    } else {
      const token = wordAt(source, at);
      tokens.push(token);
      at += token.text.length;
    }
  }
  tokens.push({ kind: 'end', text: '', at: source.length });
  return tokens;
}

function wordAt(source: string, at: number): Token {
  const number = match(NUMBER, source, at);
  if (number !== undefined) return { kind: 'number', text: number, at };
  const first = source[at]!;
  if (first === '.' || first === '$') {
    const name = match(NAME, source, at + 1);
    if (name !== undefined) return { kind: first === '.' ? 'field' : 'variable', text: first + name, at };
  }
  const name = match(NAME, source, at);
  if (name !== undefined) return { kind: 'name', text: name, at };
  const sign = SIGNS.find(each => source.startsWith(each, at)) ?? first;
  if (!/^[.|,:;?()[\]{}=<>!+\-*/%]/.test(sign)) throw new JqError(`unexpected "${sign}" at ${at + 1}`);
  return { kind: 'sign', text: sign, at };
}

function readText(source: string, start: number): { end: number; parts: { text: string; filter?: string }[] } {
  const parts: { text: string; filter?: string }[] = [];
  let text = '';
  for (let at = start + 1; at < source.length; at++) {
    const sign = source[at]!;
    if (sign === '"') {
      parts.push({ text });
      return { end: at + 1, parts };
    }
    if (sign !== '\\') {
      text += sign;
      continue;
    }
    const next = source[++at] ?? '';
    if (next === '(') {
      const end = closing(source, at);
      parts.push({ text, filter: source.slice(at + 1, end) });
      text = '';
      at = end;
    } else if (next === 'u') {
      const digits = source.slice(at + 1, at + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new JqError(`bad escape at ${at + 1}`);
      text += String.fromCharCode(Number.parseInt(digits, 16));
      at += 4;
    } else {
      const plain = ESCAPES[next];
      if (plain === undefined) throw new JqError(`bad escape at ${at + 1}`);
      text += plain;
    }
  }
  throw new JqError(`the text that begins at ${start + 1} has no end`);
}

/** Where the parenthesis that opens at `open` is closed. */
function closing(source: string, open: number): number {
  let depth = 0;
  for (let at = open; at < source.length; at++) {
    const sign = source[at];
    if (sign === '"') at = readText(source, at).end - 1;
    else if (sign === '(') depth++;
    else if (sign === ')' && --depth === 0) return at;
  }
  throw new JqError(`the parenthesis at ${open + 1} is not closed`);
}
