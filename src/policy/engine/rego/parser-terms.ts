import { endOfBraces, type Token } from './lexer.ts';
import { describe, type Parser, stringValue, unescape } from './parser-cursor.ts';
import { negate } from './number.ts';
import { type Body, type Literal, RegoError, type Term, type With } from './syntax.ts';

/** Names of the functions infix signs stand for. */
const SIGNS: Readonly<Record<string, readonly string[]>> = {
  '==': ['equal'],
  '!=': ['neq'],
  '<': ['lt'],
  '<=': ['lte'],
  '>': ['gt'],
  '>=': ['gte'],
  '+': ['plus'],
  '-': ['minus'],
  '*': ['mul'],
  '/': ['div'],
  '%': ['rem'],
  '&': ['and'],
  '|': ['or'],
};

/** Binding strength, weakest first. `in` binds weaker than comparison (OPA's parser). */
const LEVELS: readonly (readonly string[])[] = [
  ['in'],
  ['==', '!=', '<', '<=', '>', '>='],
  ['|'],
  ['&'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** A term with infix operators. */
export function parseTerm(parser: Parser): Term {
  return parser.deeper(() => parseLevel(parser, 0));
}

function parseLevel(parser: Parser, level: number): Term {
  const signs = LEVELS[level];
  if (!signs) return parseUnary(parser);
  let left = parseLevel(parser, level + 1);
  for (;;) {
    const { token } = parser;
    const isIn = signs[0] === 'in' && parser.isWord('in');
    if (!isIn && !(token.kind === 'punctuation' && signs.includes(token.text))) return left;
    parser.next();
    const right = parseLevel(parser, level + 1);
    const at = { start: left.at.start, end: right.at.end };
    left = { kind: 'call', name: isIn ? ['internal', 'member_2'] : SIGNS[token.text]!, args: [left, right], at };
  }
}

function parseUnary(parser: Parser): Term {
  const { token } = parser;
  if (token.text === '-' && token.kind === 'punctuation') {
    parser.next();
    if (parser.token.kind === 'number') {
      const number = parser.next();
      return { kind: 'scalar', value: negate(parser.number(number.text)), at: parser.place(token.start, number.end) };
    }
    const operand = parsePostfix(parser);
    const zero: Term = { kind: 'scalar', value: 0, at: parser.place(token.start, token.end) };
    return { kind: 'call', name: ['minus'], args: [zero, operand], at: parser.place(token.start) };
  }
  return parsePostfix(parser);
}

/** A primary with `.name`, `[key]` and `(args)` behind it. */
function parsePostfix(parser: Parser): Term {
  let term = parsePrimary(parser);
  for (;;) {
    const { token } = parser;
    if (token.kind !== 'punctuation') return term;
    const canRefer = term.kind !== 'scalar' && term.kind !== 'template';
    if (token.text === '.' && canRefer && !token.spaced) {
      parser.next();
      const name = parser.next();
      if (name.kind !== 'name' && name.kind !== 'keyword')
        parser.fail(`unexpected ${describe(name)}: expected name`, name);
      term = extend(parser, term, { kind: 'scalar', value: name.text, at: parser.place(name.start, name.end) });
    } else if (token.text === '[' && canRefer && !token.spaced) {
      parser.next();
      const key = parseTerm(parser);
      parser.expect(']');
      term = extend(parser, term, key);
    } else if (token.text === '(' && !token.spaced && nameOf(term)) {
      parser.next();
      const args = parseList(parser, ')');
      term = { kind: 'call', name: nameOf(term)!, args, at: { start: term.at.start, end: parser.place(0).end } };
    } else return term;
  }
}

function extend(parser: Parser, term: Term, key: Term): Term {
  const at = { start: term.at.start, end: parser.place(0).end };
  if (term.kind === 'ref') return { kind: 'ref', head: term.head, path: [...term.path, key], at };
  return { kind: 'ref', head: term, path: [key], at };
}

/** `a.b.c` as a function's name; undefined for anything else. */
function nameOf(term: Term): string[] | undefined {
  if (term.kind === 'var') return term.name.startsWith('$') ? undefined : [term.name];
  if (term.kind !== 'ref' || term.head.kind !== 'var') return undefined;
  const names = [term.head.name];
  for (const key of term.path) {
    if (key.kind !== 'scalar' || typeof key.value !== 'string') return undefined;
    names.push(key.value);
  }
  return names;
}

function parsePrimary(parser: Parser): Term {
  const isName = parser.startsReference();
  const token = parser.next();
  const at = parser.place(token.start, token.end);
  switch (token.kind) {
    case 'number':
      return { kind: 'scalar', value: parser.number(token.text), at };
    case 'string':
    case 'raw':
      return { kind: 'scalar', value: stringValue(parser, token), at };
    case 'template':
      return { kind: 'template', parts: templateParts(parser, token), at };
    case 'name':
      if (token.text === 'set' && parser.is('(') && parser.peek().text === ')' && !parser.token.spaced) {
        parser.next();
        parser.next();
        return { kind: 'set', items: [], at: parser.place(token.start) };
      }
      if (parser.extra.has(token.text) && !isName && !(parser.is('(') && token.text === 'contains')) {
        parser.fail(`unexpected ${token.text} keyword`, token);
      }
      return { kind: 'var', name: token.text === '_' ? parser.wildcard() : token.text, at };
    case 'keyword':
      if (isName) return { kind: 'var', name: token.text, at };
      if (token.text === 'true' || token.text === 'false') return { kind: 'scalar', value: token.text === 'true', at };
      if (token.text === 'null') return { kind: 'scalar', value: null, at };
      return parser.fail(`unexpected ${token.text} keyword`, token);
    case 'punctuation':
      if (token.text === '(') return parseParenthesis(parser);
      if (token.text === '[') return parseArray(parser, token.start);
      if (token.text === '{') return parseBraces(parser, token.start);
      return parser.fail(`unexpected ${describe(token)}`, token);
    default:
      return parser.fail(`unexpected ${describe(token)}`, token);
  }
}

/** `(x)`, and `(k, v in xs)`; a call's place holds its parentheses. */
function parseParenthesis(parser: Parser): Term {
  const { start } = parser.place(parser.previous.start);
  const term = parseTerm(parser);
  if (parser.take(',') && parser.extra.has('in')) {
    const pair = tryPair(parser, term) ?? parser.fail('expected membership test');
    const end = parser.expect(')').end;
    return { ...pair, at: { start, end: parser.place(0, end).end } };
  }
  const end = parser.expect(')').end;
  return term.kind === 'call' ? { ...term, at: { start, end: parser.place(0, end).end } } : term;
}

/** Terms up to a closing sign; a trailing comma is allowed. `k, v in xs` needs parentheses here. */
function parseList(parser: Parser, close: string): Term[] {
  const items: Term[] = [];
  while (!parser.is(close)) {
    items.push(parseTerm(parser));
    if (!parser.take(',')) break;
  }
  parser.expect(close);
  return items;
}

/** After `k,`: reads `v in xs`, or nothing when it is not that. More `in`s take the result to their left. */
function tryPair(parser: Parser, key: Term): Term | undefined {
  let second: Term;
  try {
    second = parseLevel(parser, 1);
  } catch {
    return undefined;
  }
  if (!parser.isWord('in')) return undefined;
  let pair: Term | undefined;
  while (parser.isWord('in')) {
    parser.next();
    const domain = parseLevel(parser, 1);
    const at = { start: key.at.start, end: domain.at.end };
    pair = pair
      ? { kind: 'call', name: ['internal', 'member_2'], args: [pair, domain], at }
      : { kind: 'call', name: ['internal', 'member_3'], args: [key, second, domain], at };
  }
  return pair;
}

/** What follows `|` in a comprehension; undefined when `|` unites two terms of a list after all. */
function comprehensionBody(parser: Parser, close: string): Body | undefined {
  if (!parser.take('|')) return undefined;
  const position = parser.position;
  try {
    const body = parseBody(parser, () => parser.is(close));
    parser.expect(close);
    return body;
  } catch (error) {
    if (!(error instanceof RegoError)) throw error;
    const failed = parser.position;
    parser.rewind(position);
    // Only another member behind it makes it a list; else the body is what is wrong.
    try {
      parseTerm(parser);
      if (parser.is(',')) return undefined;
    } catch {
      // The first error tells more.
    }
    parser.rewind(failed);
    throw error;
  }
}

function parseArray(parser: Parser, start: number): Term {
  if (parser.take(']')) return { kind: 'array', items: [], at: parser.place(start) };
  const position = parser.position;
  const value = parseUnary(parser);
  const body = comprehensionBody(parser, ']');
  if (body) return { kind: 'comprehension', of: 'array', value, body, at: parser.place(start) };
  parser.rewind(position);
  const items = parseList(parser, ']');
  return { kind: 'array', items, at: parser.place(start) };
}

/** The term before `|` of a comprehension has no operator outside of parentheses: `{a + b | c}` is a set of one union. */
function parseBraces(parser: Parser, start: number): Term {
  if (parser.take('}')) return { kind: 'object', entries: [], at: parser.place(start) };
  const position = parser.position;
  const first = parseUnary(parser);
  const members = comprehensionBody(parser, '}');
  if (members) return { kind: 'comprehension', of: 'set', value: first, body: members, at: parser.place(start) };
  parser.rewind(position);
  const key = parseTerm(parser);
  if (!parser.take(':')) return parseSet(parser, start, key);
  const after = parser.position;
  const value = parseUnary(parser);
  const body = comprehensionBody(parser, '}');
  if (body) return { kind: 'comprehension', of: 'object', key, value, body, at: parser.place(start) };
  parser.rewind(after);
  return parseObject(parser, start, key);
}

function parseObject(parser: Parser, start: number, key: Term): Term {
  const entries: [Term, Term][] = [[key, parseTerm(parser)]];
  while (parser.take(',') && !parser.is('}')) {
    const name = parseTerm(parser);
    parser.expect(':');
    entries.push([name, parseTerm(parser)]);
  }
  parser.expect('}');
  return { kind: 'object', entries: lastOfEach(entries), at: parser.place(start) };
}

/** A constant key that is written twice has the value written last, and only that is evaluated. */
function lastOfEach(entries: readonly [Term, Term][]): [Term, Term][] {
  const last = new Map<unknown, [Term, Term]>();
  for (const entry of entries) {
    const [key] = entry;
    const isPlain = key.kind === 'scalar' && (key.value === null || typeof key.value !== 'object');
    const name = isPlain ? key.value : entry;
    const known = last.get(name);
    last.set(name, known ? [known[0], entry[1]] : entry);
  }
  return [...last.values()];
}

function parseSet(parser: Parser, start: number, first: Term): Term {
  const items = [first];
  while (parser.take(',') && !parser.is('}')) items.push(parseTerm(parser));
  parser.expect('}');
  return { kind: 'set', items, at: parser.place(start) };
}

/** Literals up to a closing sign, separated by `;` or a line break. */
export function parseBody(parser: Parser, ends: () => boolean): Literal[] {
  const body: Literal[] = [];
  while (!ends()) {
    if (body.length > 0 && !parser.take(';') && !parser.token.fresh)
      parser.fail(`unexpected ${describe(parser.token)}: expected \\n or ; or }`);
    while (parser.take(';'));
    if (ends()) break;
    body.push(parseLiteral(parser));
  }
  if (body.length === 0) parser.fail('found empty body');
  return body;
}

function parseWith(parser: Parser): With[] {
  const found: With[] = [];
  while (parser.is('with')) {
    const start = parser.next().start;
    const target = parseLevel(parser, LEVELS.length);
    parser.expect('as');
    const value = parseTerm(parser);
    found.push({ target, value, at: parser.place(start) });
  }
  return found;
}

/** One literal of a body. */
export function parseLiteral(parser: Parser): Literal {
  return parser.deeper(() => {
    const { start } = parser.token;
    if (parser.is('some')) return parseSome(parser);
    const negated = parser.is('not');
    if (negated) parser.next();
    if (negated && parser.is('{') && (parser.preview || parser.extra.has('not'))) return parseNotBody(parser, start);
    if (parser.isWord('every')) return parseEvery(parser, negated, start);
    return parseExpression(parser, negated, start);
  });
}

function parseNotBody(parser: Parser, start: number): Literal {
  parser.expect('{');
  const body: Body = parseBody(parser, () => parser.is('}'));
  parser.expect('}');
  return { kind: 'notBody', body, with: parseWith(parser), at: parser.place(start) };
}

function parseExpression(parser: Parser, negated: boolean, start: number): Literal {
  const left = parseTerm(parser);
  if (parser.is(':=') || parser.is('=')) {
    const assigned = parser.next().text === ':=';
    const right = parsePairOrTerm(parser);
    const modifiers = parseWith(parser);
    const at = parser.place(start);
    if (assigned && negated) parser.fail('cannot assign vars inside negated expression', at);
    if (assigned) return { kind: 'assign', left, right, with: modifiers, at };
    return { kind: 'unify', left, right, negated, with: modifiers, at };
  }
  // `k, v in xs` as an expression of its own.
  if (parser.is(',') && parser.extra.has('in')) {
    const position = parser.position;
    parser.next();
    const pair = tryPair(parser, left);
    if (pair) return { kind: 'term', term: pair, negated, with: parseWith(parser), at: parser.place(start) };
    parser.rewind(position);
  }
  return { kind: 'term', term: left, negated, with: parseWith(parser), at: parser.place(start) };
}

/** The right side of an assignment may be `k, v in xs`. */
function parsePairOrTerm(parser: Parser): Term {
  const term = parseTerm(parser);
  if (!parser.is(',') || !parser.extra.has('in')) return term;
  const position = parser.position;
  parser.next();
  const pair = tryPair(parser, term);
  if (pair) return pair;
  parser.rewind(position);
  return term;
}

function parseSome(parser: Parser): Literal {
  const { start } = parser.expect('some');
  const terms = [parseSomeTerm(parser)];
  while (parser.take(',')) terms.push(parseSomeTerm(parser));
  const last = terms.at(-1)!;
  if (parser.isWord('in')) {
    parser.next();
    const domain = parseTerm(parser);
    if (terms.length > 2) parser.fail('expected 1 or 2 variables before in');
    return {
      kind: 'someIn',
      ...(terms.length === 2 ? { key: terms[0]! } : {}),
      value: last,
      domain,
      with: parseWith(parser),
      at: parser.place(start),
    };
  }
  const names = terms.map(term => (term.kind === 'var' ? term.name : parser.fail('expected identifier', term.at)));
  return { kind: 'some', names, at: parser.place(start) };
}

/** What stands between `some` and `in`: anything but `in` itself. */
const parseSomeTerm = (parser: Parser): Term => parseLevel(parser, 1);

function parseEvery(parser: Parser, negated: boolean, start: number): Literal {
  parser.next();
  const names = [parser.next()];
  if (parser.take(',')) names.push(parser.next());
  for (const name of names) if (name.kind !== 'name') parser.fail('expected identifier', name);
  if (!parser.isWord('in')) parser.fail('missing in keyword');
  parser.next();
  const domain = parseTerm(parser);
  parser.expect('{');
  const body = parseBody(parser, () => parser.is('}'));
  parser.expect('}');
  const nameText = (token: { text: string }): string => (token.text === '_' ? parser.wildcard() : token.text);
  const value = nameText(names.at(-1)!);
  return {
    kind: 'every',
    ...(names.length === 2 ? { key: nameText(names[0]!) } : {}),
    value,
    domain,
    body,
    negated,
    with: parseWith(parser),
    at: parser.place(start),
  };
}

/** Splits a template string into texts and expressions. */
function templateParts(parser: Parser, token: Token): (string | Literal)[] {
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
