import { RE2JS } from 're2js';
import { nativePattern } from '../../cel/runtime/regex.ts';
import { BuiltinError } from '../runtime.ts';

/** One match: offsets of the whole and of every group, -1 where a group took no part. */
export type Match = readonly number[];

/** A compiled RE2 pattern. Every operation takes time linear in the text. */
export interface Pattern {
  readonly groups: number;
  readonly names: readonly (string | undefined)[];
  test(text: string): boolean;
  /** Matches from left to right, as Go's FindAll: an empty match right after another is no match. */
  matches(text: string, limit: number): Match[];
}

const PATTERNS_MAX = 1_000;
const SOURCE_MAX = 20_000;
/** Longer texts always go to the linear engine. */
const NATIVE_TEXT_MAX = 4_096;
const compiled = new Map<string, Pattern>();

/** Compiles RE2 syntax once; throws a BuiltinError in Go's words where it is none. */
export function pattern(source: string): Pattern {
  let found = compiled.get(source);
  if (found) return found;
  found = compile(source);
  if (compiled.size >= PATTERNS_MAX) compiled.clear();
  compiled.set(source, found);
  return found;
}

function compile(source: string): Pattern {
  if (source.length > SOURCE_MAX) throw new BuiltinError('error parsing regexp: expression too large');
  let linear: RE2JS;
  try {
    linear = RE2JS.compile(source);
  } catch (error) {
    throw new BuiltinError(error instanceof Error ? error.message : 'error parsing regexp');
  }
  const native = nativePattern(source);
  const groups = linear.groupCount();
  const names: (string | undefined)[] = [];
  for (const [name, index] of Object.entries(linear.namedGroups())) names[index as number] = name;
  return {
    groups,
    names,
    test: text => (native && text.length <= NATIVE_TEXT_MAX ? native.test(text) : linear.matcher(text).find()),
    matches: (text, limit) => matchesOf(linear, groups, text, limit),
  };
}

function matchesOf(linear: RE2JS, groups: number, text: string, limit: number): Match[] {
  const found: Match[] = [];
  const matcher = linear.matcher(text);
  let lastEnd = -1;
  while ((limit < 0 || found.length < limit) && matcher.find()) {
    const [start, end] = [matcher.start(0), matcher.end(0)];
    // Neither right behind another match nor inside of a character.
    if (start === end && (start === lastEnd || /[\udc00-\udfff]/.test(text[start] ?? ''))) continue;
    lastEnd = end;
    const match: number[] = [];
    for (let group = 0; group <= groups; group++) match.push(matcher.start(group), matcher.end(group));
    found.push(match);
  }
  return found;
}

/** Quotes what has a meaning in a pattern. */
export const quotePattern = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
