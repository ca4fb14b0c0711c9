import { JmesError } from './value.ts';

/** One sign of an expression. `value` is the decoded text of names and literals. */
export interface Token {
  readonly type: string;
  readonly value: string;
  readonly at: number;
}

const TWO_SIGNS = new Set(['||', '&&', '==', '!=', '<=', '>=', '[?', '[]']);
const ONE_SIGN = new Set('.*,:{}])(@&|<>![');
const LENGTH_MAX = 100_000;

/** Splits an expression; throws a JmesError where it cannot. */
export function tokenizeJmes(text: string): Token[] {
  if (text.length > LENGTH_MAX) throw new JmesError('expression too long');
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const sign = text[at]!;
    if (/\s/.test(sign)) {
      at++;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push(token.token);
    at = token.end;
  }
  tokens.push({ type: 'end', value: '', at: text.length });
  return tokens;
}

function tokenAt(text: string, at: number): { token: Token; end: number } {
  const rest = text.slice(at, at + 256);
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(at))?.[0];
  if (name !== undefined) return { token: { type: 'name', value: name, at }, end: at + name.length };
  const binding = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(rest);
  if (binding) return { token: { type: 'binding', value: binding[1]!, at }, end: at + binding[0].length };
  const number = /^-?[0-9]+/.exec(rest)?.[0];
  if (number !== undefined) return { token: { type: 'number', value: number, at }, end: at + number.length };
  const sign = text[at]!;
  if (sign === '"' || sign === "'" || sign === '`') return quoted(text, at, sign);
  const two = text.slice(at, at + 2);
  if (TWO_SIGNS.has(two)) return { token: { type: two, value: two, at }, end: at + 2 };
  if (ONE_SIGN.has(sign)) return { token: { type: sign, value: sign, at }, end: at + 1 };
  throw new JmesError(`SyntaxError: Unknown char: '${sign}'`);
}

function quoted(text: string, at: number, mark: string): { token: Token; end: number } {
  let end = at + 1;
  while (end < text.length && text[end] !== mark) end += text[end] === '\\' ? 2 : 1;
  if (end >= text.length) throw new JmesError(`SyntaxError: Unclosed delimiter: ${mark}`);
  const body = text.slice(at + 1, end);
  if (mark === '"') return { token: { type: 'quoted', value: jsonText(text.slice(at, end + 1)), at }, end: end + 1 };
  if (mark === "'") return { token: { type: 'raw', value: body.replaceAll("\\'", "'"), at }, end: end + 1 };
  return { token: { type: 'literal', value: body.replaceAll('\\`', '`'), at }, end: end + 1 };
}

function jsonText(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch (error) {
    throw new JmesError(`SyntaxError: ${error instanceof Error ? error.message : String(error)}`);
  }
}
