import { RE2JS } from 're2js';
import { CelError } from '../values.ts';

/** A compiled pattern; `test` looks anywhere in the text. */
export interface Pattern {
  test(text: string): boolean;
  find(text: string): string | undefined;
  findAll(text: string, limit: number): string[];
}

const patterns = new Map<string, Pattern>();
const PATTERNS_MAX = 1000;
const PATTERN_LENGTH_MAX = 10_000;
/** Beyond this the linear engine is used even for simple patterns. */
const NATIVE_LENGTH_MAX = 4096;

/** Compiles RE2 syntax, once a pattern; throws a CelError where it is not. */
export function compilePattern(source: string): Pattern {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    pattern = compile(source);
    if (patterns.size >= PATTERNS_MAX) patterns.clear();
    patterns.set(source, pattern);
  }
  return pattern;
}

function compile(source: string): Pattern {
  if (source.length > PATTERN_LENGTH_MAX) throw new CelError('regex too long');
  let linear: RE2JS;
  try {
    linear = RE2JS.compile(source);
  } catch (error) {
    throw new CelError(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`);
  }
  const native = nativePattern(source);
  return {
    test: text =>
      native !== undefined && text.length <= NATIVE_LENGTH_MAX ? native.test(text) : linear.matcher(text).find(),
    find: text => {
      const matcher = linear.matcher(text);
      return matcher.find() ? (matcher.group() ?? '') : undefined;
    },
    findAll: (text, limit) => {
      const found: string[] = [];
      const matcher = linear.matcher(text);
      while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '');
      return found;
    },
  };
}

/**
 * A native RegExp of the same meaning, for patterns that cannot backtrack badly: no group repeats without bound, and at
 * most one element does. Everything whose meaning could differ between RE2 and JavaScript is left to the linear engine.
 */
export function nativePattern(source: string): RegExp | undefined {
  let out = '';
  let unbounded = 0;
  let i = 0;
  while (i < source.length) {
    const char = source[i]!;
    const piece =
      char === '\\'
        ? /^\\[.\-\\/^$*+?()[\]{}|dDwW]/.exec(source.slice(i, i + 2))?.[0]
        : char === '['
          ? classAt(source, i)
          : char === '(' && source[i + 1] === '?'
            ? source.startsWith('(?:', i)
              ? '(?:'
              : undefined
            : char.charCodeAt(0) < 128
              ? char
              : undefined;
    if (piece === undefined) return undefined;
    i += piece.length;
    out += piece === '.' ? '[^\\n]' : piece === '\\-' ? '-' : piece;
    const repeat = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(source.slice(i))?.[0];
    if (repeat === undefined || '(|^'.includes(piece)) continue;
    const counts = /^\{(\d+)(?:(,)(\d*))?\}$/.exec(repeat);
    if (repeat === '*' || repeat === '+' || (counts?.[2] && !counts[3])) unbounded++;
    else if (counts && (Number(counts[3] ?? counts[1]) > 300 || piece === ')')) return undefined;
    if (unbounded > 1 || (unbounded > 0 && piece === ')' && repeat !== '?')) return undefined;
    out += repeat;
    i += repeat.length;
    if (source[i] === '?' || source[i] === '+' || source[i] === '*' || source[i] === '{') return undefined;
  }
  try {
    return new RegExp(out, 'u');
  } catch {
    return undefined;
  }
}

/** A character class of plain ASCII members and ranges. */
function classAt(source: string, at: number): string | undefined {
  const found = /^\[\^?(?:[A-Za-z0-9_.,:;/@#%=~!<>"' -]|\\[-.\\/\]^[dw])+\]/.exec(source.slice(at));
  return found === null || found[0].startsWith('[^') ? undefined : found[0];
}
