import { Bytes, type CelValue, canonicalInt, Double, Uint } from './values.ts';

export type TokenKind = 'ident' | 'quoted' | 'literal' | 'op' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
  readonly value?: CelValue;
}

/** Thrown by lexer and parser; caught at the door of the room. */
export class SyntaxFault extends Error {
  readonly at: number;
  /** What else is wrong with the same text. */
  others: readonly SyntaxFault[] = [];
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const INT = /(?:0[xX][0-9a-fA-F]+|[0-9]+)(?:[uU])?/y;
const FLOAT = /(?:[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)/y;
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y;
const SPACE = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y;
const QUOTED = /`[A-Za-z0-9_.\-/ ]+`/y;
const STRING = /(?:[rR][bB]|[bB][rR]|[rR]|[bB])?(?:'''|"""|'|")/y;
const OPS = ['&&', '||', '==', '!=', '<=', '>=', '[?', '{?', '.?'];
const SINGLE = '+-*/%<>!?:.,()[]{}';

const MAX_LENGTH = 1_000_000;

/** Text that is no token: the lexer gives up at an offset and goes on behind it. */
class Unrecognized extends Error {
  readonly until: number;
  constructor(until: number) {
    super();
    this.until = until;
  }
}

/** The beginnings of operators that are nothing by themselves; what follows them is given up, too. */
const HALVES = '=&|';

/**
 * Splits CEL text into tokens; `.?`, `[?` stay single characters for the parser to join. What is no token is noted in
 * `errors` and left out.
 */
export function tokenize(text: string, errors: SyntaxFault[]): Token[] {
  if (text.length > MAX_LENGTH) throw new SyntaxFault(0, 'expression too long');
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const giveUp = (until: number): void => {
    const found = text.slice(at, until + 1);
    errors.push(new SyntaxFault(at, `Syntax error: token recognition error at: '${found}'`));
    at = until + 1;
  };
  for (;;) {
    at += match(SPACE)?.length ?? 0;
    if (at >= text.length) break;
    const opening = match(STRING);
    if (opening !== undefined) {
      try {
        const token = stringToken(text, at, opening);
        tokens.push(token);
        at += token.text.length;
      } catch (error) {
        if (!(error instanceof Unrecognized)) throw error;
        const rest = shorter(opening, at);
        if (rest === undefined) giveUp(error.until);
        else {
          tokens.push(rest);
          at += rest.text.length;
        }
      }
      continue;
    }
    const char = text[at]!;
    const found = match(FLOAT) ?? match(INT);
    if (found !== undefined) {
      tokens.push({ kind: 'literal', text: found, at, value: numberOf(found, at) });
      at += found.length;
      continue;
    }
    const name = match(IDENT);
    if (name !== undefined) {
      tokens.push({ kind: 'ident', text: name, at });
      at += name.length;
      continue;
    }
    const quoted = match(QUOTED);
    if (quoted !== undefined) {
      tokens.push({ kind: 'quoted', text: quoted.slice(1, -1), at });
      at += quoted.length;
      continue;
    }
    const pair = text.slice(at, at + 2);
    const op = OPS.indexOf(pair) >= 0 && OPS.indexOf(pair) < 6 ? pair : SINGLE.includes(char) ? char : undefined;
    if (op === undefined) giveUp(HALVES.includes(char) ? at + 1 : at);
    else {
      tokens.push({ kind: 'op', text: op, at });
      at += op.length;
    }
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: text.length });
  return tokens;
}

/** What the beginning of a string that does not end is by itself: a name, or the empty string. */
function shorter(opening: string, at: number): Token | undefined {
  const prefix = /^[rRbB]+/.exec(opening)?.[0];
  if (prefix !== undefined) return { kind: 'ident', text: prefix, at };
  return opening.length === 3 ? { kind: 'literal', text: opening.slice(0, 2), at, value: '' } : undefined;
}

function numberOf(text: string, at: number): CelValue {
  if (/^0[xX]/.test(text) || !/[.eE]/.test(text)) {
    if (/[uU]$/.test(text)) {
      const value = BigInt(text.slice(0, -1));
      if (value > 0xffffffffffffffffn) throw new SyntaxFault(at, `invalid uint literal: ${text}`);
      return new Uint(value);
    }
    const value = BigInt(text);
    // One more than the largest int: only valid after a minus sign, which the parser folds in.
    if (value > 0x8000000000000000n) throw new SyntaxFault(at, `invalid int literal: ${text}`);
    return canonicalInt(value);
  }
  return new Double(Number(text));
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
};

function stringToken(text: string, start: number, opening: string): Token {
  const quote = /'''|"""|'|"/.exec(opening)![0];
  const prefix = opening.slice(0, opening.length - quote.length).toLowerCase();
  const raw = prefix.includes('r');
  const bytes = prefix.includes('b');
  const out: number[] = [];
  let plain = '';
  const put = (part: string): void => {
    if (bytes) for (const byte of new TextEncoder().encode(part)) out.push(byte);
    else plain += part;
  };
  let at = start + opening.length;
  for (;;) {
    if (at >= text.length) throw new Unrecognized(at);
    if (text.startsWith(quote, at)) break;
    const char = String.fromCodePoint(text.codePointAt(at)!);
    if (quote.length === 1 && (char === '\n' || char === '\r')) throw new Unrecognized(at);
    if (char !== '\\') {
      put(char);
      at += char.length;
    } else if (raw) {
      put(char);
      at++;
      if (text[at] === quote[0] || text[at] === '\\') put(text[at++]!);
    } else {
      const escape = readEscape(text, at);
      if (escape.byte !== undefined && bytes) out.push(escape.byte);
      else if (bytes && escape.wide) throw new SyntaxFault(at, 'unable to unescape: unicode escape in bytes');
      else put(escape.text);
      at += escape.length;
    }
  }
  const value = bytes ? new Bytes(Uint8Array.from(out)) : plain;
  return { kind: 'literal', text: text.slice(start, at + quote.length), at: start, value };
}

interface Escape {
  readonly text: string;
  readonly length: number;
  readonly byte?: number;
  readonly wide?: boolean;
}

function readEscape(text: string, at: number): Escape {
  const letter = text[at + 1] ?? '';
  if (Object.hasOwn(SIMPLE, letter)) return { text: SIMPLE[letter]!, length: 2 };
  const hex = (count: number): number => {
    const digits = text.slice(at + 2, at + 2 + count);
    const good = /^[0-9a-fA-F]*/.exec(digits)![0].length;
    if (good < count) throw new Unrecognized(at + 2 + good);
    return Number.parseInt(digits, 16);
  };
  if (letter === 'x' || letter === 'X') return { text: String.fromCodePoint(hex(2)), byte: hex(2), length: 4 };
  if (letter === 'u' || letter === 'U') {
    const count = letter === 'u' ? 4 : 8;
    const point = hex(count);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      throw new SyntaxFault(at, 'Syntax error: bad code point');
    return { text: String.fromCodePoint(point), length: 2 + count, wide: true };
  }
  const octal = text.slice(at + 1, at + 4);
  const good = /^(?:[0-3](?:[0-7][0-7]?)?)?/.exec(octal)![0].length;
  if (good < 3) throw new Unrecognized(at + 1 + good);
  return { text: String.fromCodePoint(Number.parseInt(octal, 8)), byte: Number.parseInt(octal, 8), length: 4 };
}
