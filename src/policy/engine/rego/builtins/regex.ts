import { BuiltinError } from '../runtime.ts';
import type { Value } from '../value.ts';
import { globsIntersect } from './globs.ts';
import { type Entry, entry, small, text } from './operands.ts';
import { type Match, type Pattern, pattern, quotePattern } from './pattern.ts';

const group = (source: string, match: Match, index: number): string =>
  match[index * 2] === undefined || match[index * 2]! < 0 ? '' : source.slice(match[index * 2], match[index * 2 + 1]);

/** Go's Regexp.Expand: `$1`, `$name`, `${name}`, `$$`. */
function expand(template: string, source: string, match: Match, found: Pattern): string {
  return template.replace(
    /\$(?:\$|\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, bare: string | undefined) => {
      const name = braced ?? bare;
      if (name === undefined) return whole === '$$' ? '$' : whole;
      if (/^\d+$/.test(name)) return Number(name) <= found.groups ? group(source, match, Number(name)) : '';
      const index = found.names.lastIndexOf(name);
      return index < 0 ? '' : group(source, match, index);
    },
  );
}

function replace(source: string, regex: string, template: string): string {
  const found = pattern(regex);
  let out = '';
  let at = 0;
  for (const match of found.matches(source, -1)) {
    out += source.slice(at, match[0]) + expand(template, source, match, found);
    at = match[1]!;
  }
  return out + source.slice(at);
}

/** Go's Regexp.Split with no limit. */
function split(source: string, regex: string): string[] {
  if (regex !== '' && source === '') return [''];
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const match of pattern(regex).matches(source, -1)) {
    end = match[0]!;
    if (match[1] !== 0) parts.push(source.slice(begin, end));
    begin = match[1]!;
  }
  if (end !== source.length) parts.push(source.slice(begin));
  return parts;
}

/** Text with delimited patterns in it: what stands outside is meant literally (gorilla/mux templates). */
function templatePattern(template: string, start: string, end: string): string {
  if ([...start].length !== 1 || [...end].length !== 1)
    throw new BuiltinError(
      `${[...start].length !== 1 ? 'start' : 'end'} delimiter has to be exactly one character long but is ${[...start].length !== 1 ? start.length : end.length} long`,
    );
  let out = '^';
  let at = 0;
  let depth = 0;
  let opened = 0;
  for (let index = 0; index < template.length; index++) {
    if (template[index] === start && depth++ === 0) {
      out += quotePattern(template.slice(at, index));
      opened = index;
    } else if (template[index] === end) {
      if (--depth < 0) throw new BuiltinError(`unbalanced braces in ${JSON.stringify(template)}`);
      if (depth > 0) continue;
      out += `(${template.slice(opened + 1, index)})`;
      at = index + 1;
    }
  }
  if (depth !== 0) throw new BuiltinError(`unbalanced braces in ${JSON.stringify(template)}`);
  return `${out}${quotePattern(template.slice(at))}$`;
}

const matches: Entry = entry(2, ([regex, value]) => pattern(text(regex!, 1)).test(text(value!, 2)));

function isPattern(source: Value): boolean {
  if (typeof source !== 'string') return false;
  try {
    pattern(source);
    return true;
  } catch {
    return false;
  }
}

/** Regular expressions. */
export const regex: Readonly<Record<string, Entry>> = {
  re_match: matches,
  'regex.match': matches,
  'regex.is_valid': entry(1, ([source]) => isPattern(source!)),
  'regex.find_n': entry(3, ([regex, value, limit]) => {
    const source = text(value!, 2);
    return pattern(text(regex!, 1))
      .matches(source, small(limit!, 3))
      .map(match => group(source, match, 0));
  }),
  'regex.find_all_string_submatch_n': entry(3, ([regex, value, limit]) => {
    const source = text(value!, 2);
    const found = pattern(text(regex!, 1));
    return found
      .matches(source, small(limit!, 3))
      .map(match => Array.from({ length: found.groups + 1 }, (_, index) => group(source, match, index)));
  }),
  'regex.replace': entry(3, ([value, regex, template]) =>
    replace(text(value!, 1), text(regex!, 2), text(template!, 3)),
  ),
  'regex.split': entry(2, ([regex, value]) => split(text(value!, 2), text(regex!, 1))),
  'regex.template_match': entry(4, ([template, value, start, end]) =>
    pattern(templatePattern(text(template!, 1), text(start!, 3), text(end!, 4))).test(text(value!, 2)),
  ),
  'regex.globs_match': entry(2, ([left, right]) => globsIntersect(text(left!, 1), text(right!, 2))),
};
