import { TemplateError } from './refuse.ts';

export type TokenKind = 'name' | 'field' | 'variable' | 'string' | 'char' | 'number' | 'sign';

/** One word of an action; `space` says whether white space stands before it. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly space: boolean;
}

/** A piece of a template: text, or the words of one `{{ … }}`. */
export type Piece = { readonly text: string } | { readonly tokens: readonly Token[]; readonly line: number };

const TOKEN =
  /(?<space>[ \t\r\n]*)(?:(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.[^']*)')|(?<number>[-+]?(?:0[xX][0-9a-fA-F_]+(?:[pP][-+]?[0-9]+)?|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*)?\.?[0-9]+(?:[eE][-+]?[0-9]+)?)(?![\w]))|(?<field>\.[\p{L}_][\p{L}\p{Nd}_]*)|(?<variable>\$[\p{L}\p{Nd}_]*)|(?<name>[\p{L}_][\p{L}\p{Nd}_]*)|(?<sign>:=|[=|(),.]))/uy;

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** The text a Go string literal stands for. */
export function unquote(literal: string): string {
  if (literal[0] === '`') return literal.slice(1, -1).replaceAll('\r', '');
  return literal
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gs, (_, code: string) => {
      if (code.length > 1) {
        const value = /^[0-7]/.test(code) ? Number.parseInt(code, 8) : Number.parseInt(code.slice(1), 16);
        return String.fromCodePoint(value);
      }
      const plain = ESCAPES[code];
      if (plain === undefined) throw new TemplateError(`unknown escape "\\${code}"`);
      return plain;
    });
}

function tokensOf(source: string, line: number): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = source.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match)
      throw new TemplateError(`unexpected ${JSON.stringify(source.slice(at, at + 10))} in command (line ${line})`);
    const { space = '', ...groups } = match.groups!;
    for (const kind of ['string', 'char', 'number', 'field', 'variable', 'name', 'sign'] as const) {
      const text = groups[kind];
      if (text !== undefined) tokens.push({ kind, text, space: space !== '' });
    }
  }
  return tokens;
}

/** Where an action ends: `}}` outside of a string. */
function actionEnd(source: string, from: number): number {
  for (let at = from; at < source.length; at++) {
    const character = source[at]!;
    if (character === '}' && source[at + 1] === '}') return at;
    if (character === '`') {
      at = source.indexOf('`', at + 1);
      if (at < 0) return -1;
    } else if (character === '"' || character === "'") {
      for (at++; at < source.length && source[at] !== character; at++) {
        if (source[at] === '\\') at++;
        if (source[at] === '\n') return -1;
      }
    }
  }
  return -1;
}

/** Cuts a template into text and actions; `{{-` and `-}}` take the white space beside them away. */
export function lex(source: string): Piece[] {
  const pieces: Piece[] = [];
  let [at, trimNext, line] = [0, false, 1];
  const text = (raw: string, trimEnd: boolean): void => {
    let kept = trimNext ? raw.replace(/^[ \t\r\n]+/, '') : raw;
    if (trimEnd) kept = kept.replace(/[ \t\r\n]+$/, '');
    if (kept !== '') pieces.push({ text: kept });
    line += raw.split('\n').length - 1;
  };
  while (true) {
    const open = source.indexOf('{{', at);
    if (open < 0) {
      text(source.slice(at), false);
      return pieces;
    }
    const trims = source[open + 2] === '-' && /[ \t\r\n]/.test(source[open + 3] ?? '');
    text(source.slice(at, open), trims);
    const start = open + (trims ? 3 : 2);
    const comment = /^[ \t\r\n]*\/\*/.exec(source.slice(start, start + 200));
    const close = comment ? source.indexOf('*/', start) : -1;
    if (comment && close < 0) throw new TemplateError(`unclosed comment (line ${line})`);
    const end = comment ? source.indexOf('}}', close) : actionEnd(source, start);
    if (end < 0) throw new TemplateError(`unclosed action (line ${line})`);
    trimNext = source[end - 1] === '-' && /[ \t\r\n]/.test(source[end - 2] ?? '');
    const body = source.slice(start, trimNext ? end - 1 : end);
    if (!comment) pieces.push({ tokens: tokensOf(body, line), line });
    line += source.slice(open, end).split('\n').length - 1;
    at = end + 2;
  }
}
