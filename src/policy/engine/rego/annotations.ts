import { parse as parseYaml } from 'yaml';
import type { Comment } from './lexer.ts';
import type { Parser } from './parser-cursor.ts';
import type { Annotation } from './syntax.ts';

/** Whether a comment has a given line to itself. */
function isNext(
  text: string,
  comment: Comment | undefined,
  line: number,
  lineOf: (offset: number) => number,
): comment is Comment {
  if (comment === undefined || lineOf(comment.start) !== line) return false;
  return text.slice(text.lastIndexOf('\n', comment.start - 1) + 1, comment.start).trim() === '';
}

/** METADATA blocks: a comment line that says so and the comment lines that follow it without a gap (OPA, "Annotations"). */
export function annotationsOf(parser: Parser): (Annotation & { readonly endLine: number })[] {
  const lines = (offset: number): number => parser.text.slice(0, offset).split('\n').length;
  const found: (Annotation & { endLine: number })[] = [];
  const { comments } = parser;
  for (let i = 0; i < comments.length; i++) {
    if (comments[i]!.text.trim() !== 'METADATA') continue;
    const block: Comment[] = [];
    let last = lines(comments[i]!.start);
    for (let next = i + 1; isNext(parser.text, comments[next], last + 1, lines); next++) {
      block.push(comments[next]!);
      last++;
    }
    const source = block.map(({ text }) => text.replace(/^ /, '')).join('\n');
    let value: unknown;
    try {
      value = parseYaml(source, { maxAliasCount: 0 });
    } catch {
      parser.fail('yaml: cannot parse METADATA block', comments[i]!);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      parser.fail('expected METADATA block, found whitespace', comments[i]!);
    const fields = value as { [key: string]: unknown };
    const scope = fields.scope as Annotation['scope'] | undefined;
    found.push({ scope: scope ?? 'rule', value: fields, at: comments[i]!, endLine: last });
    if (scope === undefined) delete (found.at(-1) as { scope?: unknown }).scope;
  }
  return found as (Annotation & { endLine: number })[];
}
