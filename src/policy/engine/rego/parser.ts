import { annotationsOf } from './annotations.ts';
import { describe, Parser, type ParseOptions, stringValue } from './parser-cursor.ts';
import { parseRules } from './parser-rules.ts';
import { parseBody } from './parser-terms.ts';
import type { Body, Import, Module } from './syntax.ts';

export type { ParseOptions };

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
