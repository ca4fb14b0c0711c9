import { BuiltinError } from '../runtime.ts';
import { isArray, type Value } from '../value.ts';
import { type Entry, entry, text, wrong } from './operands.ts';
import { type Pattern, pattern, quotePattern } from './pattern.ts';

const GLOBS_MAX = 1_000;
const compiled = new Map<string, Pattern>();

function delimitersOf(value: Value): string[] {
  if (value === null) return [];
  const list = isArray(value) ? value : wrong(2, 'one of {null, array}', value);
  if (list.length === 0) return ['.'];
  return list.map(item => {
    const delimiter = text(item, 2);
    return [...delimiter].length === 1 ? delimiter : wrong(2, 'array of single characters', item);
  });
}

const inClass = (characters: string): string => characters.replace(/[\\\]^[-]/g, '\\$&');

/** The class `[abc]`, `[!a-z]` at a place: its pattern and where it ends. */
function classAt(source: string, at: number): [string, number] {
  let end = at + 1;
  while (end < source.length && (source[end] !== ']' || end === at + 1)) end += source[end] === '\\' ? 2 : 1;
  if (end >= source.length) throw new BuiltinError('unexpected end of glob: class is not closed');
  const negated = source[at + 1] === '!' || source[at + 1] === '^';
  const written = source.slice(at + (negated ? 2 : 1), end);
  const range = /^(.)-(.)$/su.exec(written);
  const inner = written.replace(/\\(.)/gsu, '$1');
  if (range && range[1]! > range[2]!) throw new BuiltinError('hi character should be greater than lo character');
  const shown = range ? `${inClass(range[1]!)}-${inClass(range[2]!)}` : inClass(inner);
  return [`[${negated ? '^' : ''}${shown}]`, end];
}

/** gobwas/glob: `*` and `?` stop at delimiters, `**` does not; `{a,b}` alternates, `\` quotes. */
function patternOf(source: string, delimiters: readonly string[]): string {
  const any = delimiters.length === 0 ? '(?s:.)' : `[^${delimiters.map(inClass).join('')}]`;
  let out = '';
  let depth = 0;
  for (let at = 0; at < source.length; at++) {
    const character = source[at]!;
    if (character === '*') {
      let stars = 1;
      while (source[at + 1] === '*') {
        stars++;
        at++;
      }
      out += stars > 1 ? '(?s:.*)' : `${any}*`;
    } else if (character === '?') out += any;
    else if (character === '[') {
      const [shown, end] = classAt(source, at);
      out += shown;
      at = end;
    } else if (character === '{') {
      depth++;
      out += '(?:';
    } else if (character === '}' && depth > 0) {
      depth--;
      out += ')';
    } else if (character === ',' && depth > 0) out += '|';
    else {
      if (character === '\\' && ++at >= source.length) return '[^\\s\\S]';
      out += quotePattern(source[at] ?? '');
    }
  }
  if (depth > 0) throw new BuiltinError('unexpected end of glob: alternatives are not closed');
  return `^(?:${out})$`;
}

/** Whether a text fits a glob. */
export function globMatches(source: string, delimiters: Value, value: string): boolean {
  const list = delimitersOf(delimiters);
  const key = `${list.join('')}\u0000${source}`;
  let found = compiled.get(key);
  if (!found) {
    if (compiled.size >= GLOBS_MAX) compiled.clear();
    compiled.set(key, (found = pattern(patternOf(source, list))));
  }
  return found.test(value);
}

/** Globs. */
export const glob: Readonly<Record<string, Entry>> = {
  'glob.match': entry(3, ([source, delimiters, value]) => globMatches(text(source!, 1), delimiters!, text(value!, 3))),
  'glob.quote_meta': entry(1, ([source]) => text(source!, 1).replace(/[*?\\[\]{}]/g, '\\$&')),
};
