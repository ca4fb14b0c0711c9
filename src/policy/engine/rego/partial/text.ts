import type { Body, Literal, Rule, Term } from '../syntax.ts';
import { jsonText } from '../value.ts';

type NameOf = (name: string) => string;
type Call = Extract<Term, { kind: 'call' }>;

const SIGNS: Readonly<Record<string, string>> = {
  equal: '==',
  neq: '!=',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  plus: '+',
  minus: '-',
  mul: '*',
  div: '/',
  rem: '%',
  and: '&',
  or: '|',
  'internal.member_2': 'in',
};

const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A term as Rego writes it. */
export function termText(term: Term, nameOf: NameOf): string {
  const go = (part: Term): string => termText(part, nameOf);
  switch (term.kind) {
    case 'scalar':
      return jsonText(term.value);
    case 'var':
      return nameOf(term.name);
    case 'ref':
      return go(term.head) + term.path.map(key => keyText(key, go)).join('');
    case 'array':
      return `[${term.items.map(go).join(', ')}]`;
    case 'set':
      return term.items.length === 0 ? 'set()' : `{${term.items.map(go).join(', ')}}`;
    case 'object':
      return `{${term.entries.map(([key, value]) => `${go(key)}: ${go(value)}`).join(', ')}}`;
    case 'call':
      return callText(term, nameOf, true);
    case 'template':
      return `$"${term.parts.map(part => (typeof part === 'string' ? escaped(part) : `{${literalText(part, nameOf)}}`)).join('')}"`;
    case 'comprehension': {
      const [open, close] = term.of === 'array' ? ['[', ']'] : ['{', '}'];
      const head = term.key ? `${go(term.key)}: ${go(term.value)}` : go(term.value);
      return `${open}${head} | ${inlineText(term.body, nameOf)}${close}`;
    }
  }
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1).replaceAll('{', '\\{');
const inlineText = (body: Body, nameOf: NameOf): string => body.map(each => literalText(each, nameOf)).join('; ');

function keyText(key: Term, go: (term: Term) => string): string {
  return key.kind === 'scalar' && typeof key.value === 'string' && WORD.test(key.value)
    ? `.${key.value}`
    : `[${go(key)}]`;
}

function callText({ name, args }: Call, nameOf: NameOf, nested: boolean): string {
  const sign = SIGNS[name.join('.')];
  const texts = args.map(arg => termText(arg, nameOf));
  if (sign !== undefined && args.length === 2) {
    const text = `${texts[0]} ${sign} ${texts[1]}`;
    return nested ? `(${text})` : text;
  }
  const [first, ...rest] = name;
  const path = rest.map(part => (WORD.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`)).join('');
  return `${first}${path}(${texts.join(', ')})`;
}

/** A literal as Rego writes it; equations between parts of a query are written with one sign. */
export function literalText(literal: Literal, nameOf: NameOf): string {
  const go = (term: Term): string => termText(term, nameOf);
  const bare = (term: Term): string => (term.kind === 'call' ? callText(term, nameOf, false) : go(term));
  if (literal.kind === 'some') return `some ${literal.names.map(nameOf).join(', ')}`;
  const negated = 'negated' in literal && literal.negated ? 'not ' : '';
  const modifiers = literal.with
    .map(({ target, value, replacement }) => ` with ${go(target)} as ${replacement?.join('.') ?? go(value)}`)
    .join('');
  switch (literal.kind) {
    case 'term':
      return negated + bare(literal.term) + modifiers;
    case 'unify':
    case 'assign': {
      const sides = [bare(literal.left), bare(literal.right)];
      // A line that starts with a sign would go on the line before.
      if (sides[0]!.startsWith('-')) sides.reverse();
      return `${negated}${sides.join(' = ')}${modifiers}`;
    }
    case 'someIn':
      return `some ${literal.key ? `${go(literal.key)}, ` : ''}${go(literal.value)} in ${go(literal.domain)}${modifiers}`;
    case 'every':
      return `${negated}every ${literal.key === undefined ? '' : `${nameOf(literal.key)}, `}${nameOf(literal.value)} in ${go(literal.domain)} { ${inlineText(literal.body, nameOf)} }${modifiers}`;
    case 'notBody':
      return `not { ${inlineText(literal.body, nameOf)} }${modifiers}`;
  }
}

/** A rule of a support module. */
export function ruleText(rule: Rule, nameOf: NameOf): string {
  const { head } = rule;
  const go = (term: Term): string => termText(term, nameOf);
  const [name, ...keys] = head.path;
  const value = head.value === undefined ? '' : ` := ${go(head.value)}`;
  const text = [
    rule.isDefault ? 'default ' : '',
    go(name!),
    ...keys.map(key => keyText(key, go)),
    head.args ? `(${head.args.map(go).join(', ')})` : '',
    head.key ? ` contains ${go(head.key)}` : value,
  ].join('');
  if (rule.isDefault || rule.body.length === 0) return text;
  const lines = rule.body.map(each => literalText(each, nameOf));
  // A brace after `if` opens a body.
  if (lines.length === 1 && !lines[0]!.startsWith('{')) return `${text} if ${lines[0]}`;
  return `${text} if {\n${lines.map(line => `\t${line}\n`).join('')}}`;
}
