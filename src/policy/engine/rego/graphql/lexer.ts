/** A refusal, in the words of gqlparser. */
export class GraphqlError extends Error {}

export type Kind = 'name' | 'int' | 'float' | 'string' | 'block' | 'sign' | 'end';

export interface Token {
  readonly kind: Kind;
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const IGNORED = /(?:[\s,\ufeff]|#[^\n\r]*)+/y;

export const place = (token: { line: number; column: number }): string =>
  `in GraphQL string at location ${token.line}:${token.column}`;

/** Columns count characters, not UTF-16 units. */
const columnOf = (source: string, from: number, to: number): number => Array.from(source.slice(from, to)).length + 1;

/** Splits a document into tokens (GraphQL specification §2.1). */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const step = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  const push = (kind: Kind, length: number, text: string): void => {
    tokens.push({ kind, text, line, column: columnOf(source, lineStart, at) });
    newLines(source.slice(at, at + length));
    at += length;
  };
  const newLines = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      if (text[i] !== '\n') continue;
      line++;
      lineStart = at + i + 1;
    }
  };
  while (at < source.length) {
    const ignored = step(IGNORED);
    if (ignored) {
      newLines(ignored);
      at += ignored.length;
      continue;
    }
    const name = step(NAME);
    const number = name ? undefined : step(NUMBER);
    if (name) push('name', name.length, name);
    else if (number) push(/[.eE]/.test(number) ? 'float' : 'int', number.length, number);
    else if (source.startsWith('...', at)) push('sign', 3, '...');
    else if (source.startsWith('"""', at)) {
      const end = blockEnd(source, at + 3);
      if (end < 0) throw new GraphqlError(`Unterminated string. ${place({ line, column: at - lineStart + 1 })}`);
      push('block', end + 3 - at, dedent(source.slice(at + 3, end).replaceAll('\\"""', '"""')));
    } else if (source[at] === '"') {
      const found = /"(?:[^"\\\n\r]|\\.)*"/y;
      const whole = step(found);
      if (!whole) throw new GraphqlError(`Unterminated string. ${place({ line, column: at - lineStart + 1 })}`);
      push('string', whole.length, unquote(whole));
    } else if ('!$&()[]{}:=@|'.includes(source[at]!)) push('sign', 1, source[at]!);
    else throw new GraphqlError(`Unexpected <Invalid> ${place({ line, column: at - lineStart + 1 })}`);
  }
  tokens.push({ kind: 'end', text: '<EOF>', line, column: columnOf(source, lineStart, at) });
  return tokens;
}

function blockEnd(source: string, from: number): number {
  for (let at = from; ; at++) {
    at = source.indexOf('"""', at);
    if (at < 0 || source[at - 1] !== '\\') return at;
  }
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new GraphqlError('Invalid character within String');
  }
}

/** Block strings lose the indent their lines share (GraphQL specification, BlockStringValue). */
function dedent(raw: string): string {
  const lines = raw.split(/\r\n|\n|\r/);
  const indents = lines
    .slice(1)
    .filter(text => text.trim() !== '')
    .map(text => /^[ \t]*/.exec(text)![0].length);
  const common = indents.length > 0 ? Math.min(...indents) : 0;
  const cut = lines.map((text, index) => (index === 0 ? text : text.slice(common)));
  while (cut.length > 0 && cut[0]!.trim() === '') cut.shift();
  while (cut.length > 0 && cut.at(-1)!.trim() === '') cut.pop();
  return cut.join('\n');
}
