import type { annotationsOf } from './annotations.ts';
import { describe, type Parser } from './parser-cursor.ts';
import { parseBody, parseLiteral, parseTerm } from './parser-terms.ts';
import { type Annotation, type Body, type Head, lineOf, type Literal, type Rule, type Term } from './syntax.ts';

import { typeName } from './value.ts';

const TRUE = (at: Term['at']): Term => ({ kind: 'scalar', value: true, at });
const truth = (at: Term['at']): Literal => ({ kind: 'term', term: TRUE(at), negated: false, with: [], at });

/** One rule; several when bodies follow each other (`p { … } { … }`, v0). */
export function parseRules(parser: Parser, annotations: ReturnType<typeof annotationsOf>): Rule[] {
  const { start } = parser.token;
  const isDefault = parser.is('default');
  if (isDefault) parser.next();
  const own = annotationsFor(parser, annotations, start);
  const head = parseHead(parser);
  if (isDefault) return [finishDefault(parser, head, start, own)];
  return parseBodies(parser, head, start, own);
}

/** Blocks whose last line is just above the rule (other blocks may stand between). */
function annotationsFor(
  parser: Parser,
  annotations: ReturnType<typeof annotationsOf>,
  start: number,
): readonly Annotation[] {
  let line = lineOf(parser.text, start).line;
  const own: Annotation[] = [];
  for (const annotation of [...annotations].reverse()) {
    if (annotation.endLine !== line - 1) continue;
    own.unshift(annotation);
    line = lineOf(parser.text, annotation.at.start).line;
  }
  return own.filter(({ value }) => value.scope !== 'package' && value.scope !== 'subpackages');
}

function finishDefault(parser: Parser, head: Head, start: number, annotations: readonly Annotation[]): Rule {
  if (!head.value) parser.fail('default rule must have value');
  if (parser.version === 'v1') checkDefaultArguments(parser, head.args ?? []);
  if (parser.is('{') || parser.isWord('if')) parser.fail('default rules cannot have a body');
  const at = parser.place(start);
  return { head, isDefault: true, body: [truth(at)], at, annotations };
}

/** Arguments of a default function are variables, each another one. */
function checkDefaultArguments(parser: Parser, args: readonly Term[]): void {
  const seen = new Set<string>();
  for (const arg of args) {
    if (arg.kind !== 'var') {
      const kind = arg.kind === 'scalar' ? typeName(arg.value) : arg.kind;
      parser.fail(`illegal default rule (arguments cannot contain ${kind})`, arg.at);
    }
    if (seen.has(arg.name)) parser.fail(`illegal default rule (arguments cannot be repeated ${arg.name})`, arg.at);
    seen.add(arg.name);
  }
}

/** Name, keys, arguments, `contains`, value. */
function parseHead(parser: Parser): Head {
  const isName = parser.startsReference();
  const first = parser.next();
  if (first.kind !== 'name' && !isName) parser.fail(`unexpected ${describe(first)}: rule name expected`, first);
  if (parser.extra.has(first.text) && !isName)
    parser.fail(`unexpected ${first.text} keyword: rule name expected`, first);
  const path: Term[] = [{ kind: 'var', name: first.text, at: parser.place(first.start, first.end) }];
  let args: Term[] | undefined;
  for (;;) {
    if (parser.token.spaced) break;
    if (parser.is('.')) {
      parser.next();
      const name = parser.next();
      if (name.kind !== 'name' && name.kind !== 'keyword')
        parser.fail(`unexpected ${describe(name)}: expected name`, name);
      path.push({ kind: 'scalar', value: name.text, at: parser.place(name.start, name.end) });
    } else if (parser.is('[')) {
      parser.next();
      path.push(parseTerm(parser));
      parser.expect(']');
    } else break;
  }
  if (parser.is('(') && !parser.token.spaced) {
    parser.next();
    args = [];
    while (!parser.is(')')) {
      args.push(parseTerm(parser));
      if (!parser.take(',')) break;
    }
    parser.expect(')');
  }
  // `f() = x` takes no argument: a rule like any other.
  return parseHeadEnd(parser, path, args?.length === 0 ? undefined : args);
}

function parseHeadEnd(parser: Parser, path: Term[], args: Term[] | undefined): Head {
  const shared = { path, ...(args ? { args } : {}) };
  if (parser.isWord('contains')) {
    parser.next();
    return { ...shared, key: parseTerm(parser), assigned: false };
  }
  if (parser.is('=') || parser.is(':=')) {
    const assigned = parser.next().text === ':=';
    return { ...shared, value: parseTerm(parser), assigned };
  }
  // v0: `p[x] { … }` is a partial set, `p["x"] { … }` too.
  if (path.length === 2 && !args && parser.version === 'v0' && !parser.isWord('if')) {
    return { path: path.slice(0, 1), key: path[1]!, assigned: false };
  }
  return { ...shared, assigned: false };
}

function parseRuleBody(parser: Parser): Body | undefined {
  if (parser.isWord('if')) {
    parser.next();
    if (!parser.is('{')) return [parseLiteral(parser)];
    return bracesOrLiteral(parser);
  }
  if (!parser.is('{')) return undefined;
  if (parser.version === 'v1') parser.fail('`if` keyword is required before rule body');
  return braces(parser);
}

function braces(parser: Parser): Body {
  parser.expect('{');
  const body = parseBody(parser, () => parser.is('}'));
  parser.expect('}');
  return body;
}

/** After `if`, `{` opens a body, unless it only reads as a term: `if {1, 2} == x`. */
function bracesOrLiteral(parser: Parser): Body {
  const position = parser.position;
  try {
    return braces(parser);
  } catch (error) {
    const failed = parser.position;
    parser.rewind(position);
    try {
      return [parseLiteral(parser)];
    } catch {
      parser.rewind(failed);
      throw error;
    }
  }
}

function parseElse(parser: Parser, head: Head): Rule | undefined {
  if (!parser.is('else')) return undefined;
  const { start } = parser.next();
  const assigned = parser.is(':=');
  const value = parser.take('=') || parser.take(':=') ? parseTerm(parser) : undefined;
  const body = parseRuleBody(parser);
  if (!body && !value) parser.fail('else must have a value or a body');
  const at = parser.place(start);
  const own: Head = {
    path: head.path,
    ...(head.args ? { args: head.args } : {}),
    value: value ?? TRUE(at),
    assigned,
  };
  const rest = parseElse(parser, head);
  return { head: own, isDefault: false, body: body ?? [truth(at)], ...(rest ? { else: rest } : {}), at };
}

function parseBodies(parser: Parser, head: Head, start: number, annotations: readonly Annotation[]): Rule[] {
  const body = parseRuleBody(parser);
  if (!body && !head.value && !head.key && (parser.version === 'v1' || (!head.args && head.path.length < 2))) {
    parser.fail(head.args ? 'function must have a value or a body' : 'var cannot be used for rule name');
  }
  if (parser.version === 'v1' && !body && head.key === undefined && !head.value)
    parser.fail('rule must have value assignment and/or body declaration');
  const otherwise = parseElse(parser, head);
  const at = parser.place(start);
  const rules: Rule[] = [
    { head, isDefault: false, body: body ?? [truth(at)], ...(otherwise ? { else: otherwise } : {}), at, annotations },
  ];
  while (body && !otherwise && parser.is('{')) {
    rules.push({ head, isDefault: false, body: braces(parser), at: parser.place(start), annotations });
  }
  return rules;
}
