import { RE2JS } from 're2js';
import { matchesWildcard } from '../../patterns/wildcard.ts';
import { JmesError } from '../value.ts';
import { defineFunctions, type JmesPorts } from './define.ts';

const regexes = new Map<string, RE2JS>();
const LENGTH_MAX = 10_000;

function regex(source: string): RE2JS {
  let compiled = regexes.get(source);
  if (compiled === undefined) {
    if (source.length > LENGTH_MAX) throw new JmesError('error parsing regexp: too long');
    try {
      compiled = RE2JS.compile(source);
    } catch (error) {
      throw new JmesError(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (regexes.size > 1000) regexes.clear();
    regexes.set(source, compiled);
  }
  return compiled;
}

/** Replaces every match; `expand` makes the text of one. */
function replaceAll(source: string, text: string, expand: (group: (name: string) => string) => string): string {
  const matcher = regex(source).matcher(text);
  let out = '';
  let last = 0;
  while (matcher.find()) {
    out += text.slice(last, matcher.start());
    out += expand(name => {
      try {
        return (/^\d+$/.test(name) ? matcher.group(Number(name)) : matcher.group(name)) ?? '';
      } catch {
        return '';
      }
    });
    last = matcher.end();
  }
  return out + text.slice(last);
}

/** `$1`, `${name}` and `$$` as Go's regexp expands them. */
const expandGo = (template: string, group: (name: string) => string): string =>
  template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) =>
    whole === '$$' ? '$' : group((braced ?? bare)!),
  );

function canonicalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !path.startsWith('/')) parts.push(part);
  }
  const joined = parts.join('/');
  return path.startsWith('/') ? `/${joined}` : joined || '.';
}

function trim(text: string, signs: string): string {
  const drop = new Set(signs);
  const points = [...text];
  let start = 0;
  let end = points.length;
  while (start < end && drop.has(points[start]!)) start++;
  while (end > start && drop.has(points[end - 1]!)) end--;
  return points.slice(start, end).join('');
}

/** A text that a simple pattern (classes, counts, literals) matches. */
function randomText(pattern: string, ports: JmesPorts): string {
  let out = '';
  const pick = (signs: string): string => signs[Math.floor(ports.random() * signs.length)] ?? '';
  for (const [, set, escape, plain, count, most, sign] of pattern.matchAll(
    /(?:\[((?:\\.|[^\]])+)\]|\\(.)|(.))(?:\{(\d+)(?:,(\d+))?\}|([*+?]))?/gsu,
  )) {
    const signs = set !== undefined ? classSigns(set) : escape !== undefined ? escapeSigns(escape) : plain!;
    const least = count !== undefined ? Number(count) : sign === '*' || sign === '?' ? 0 : 1;
    const limit = most !== undefined ? Number(most) : sign === '?' ? 1 : sign !== undefined ? 10 : least;
    const times = Math.min(least + Math.floor(ports.random() * (limit - least + 1)), 1000);
    for (let i = 0; i < times; i++) out += pick(signs);
  }
  return out;
}

const range = (from: string, to: string): string => {
  let out = '';
  for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) out += String.fromCharCode(code);
  return out;
};
const WORD = `${range('a', 'z')}${range('A', 'Z')}${range('0', '9')}_`;
const escapeSigns = (sign: string): string => (sign === 'd' ? range('0', '9') : sign === 'w' ? WORD : sign);
const classSigns = (set: string): string =>
  set.replace(/\\(.)|(.)-(.)/g, (_, escape?: string, from?: string, to?: string) =>
    escape !== undefined ? escapeSigns(escape) : range(from!, to!),
  );

/** Go finds an empty text before every sign, and at the end. */
const beforeEach = (text: string, to: string, times: number): string =>
  [...text, ''].map((sign, i) => (i < times ? to + sign : sign)).join('');

/** Kyverno's functions on texts. */
export const STRINGS = defineFunctions({
  'compare(string,string)': ([left, right]: [string, string]) => (left < right ? -1 : left > right ? 1 : 0),
  'equal_fold(string,string)': ([left, right]: [string, string]) => left.toLowerCase() === right.toLowerCase(),
  'replace(string,string,string,number)': ([text, from, to, times]: [string, string, string, number]) => {
    if (times < 0) return text.replaceAll(from, () => to);
    if (from === '') return beforeEach(text, to, times);
    const parts = text.split(from);
    const head = parts.slice(0, times + 1).join(to);
    return parts.length > times + 1 ? [head, ...parts.slice(times + 1)].join(from) : head;
  },
  'replace_all(string,string,string)': ([text, from, to]: [string, string, string]) => text.replaceAll(from, () => to),
  'to_upper(string)': ([text]: [string]) => text.toUpperCase(),
  'to_lower(string)': ([text]: [string]) => text.toLowerCase(),
  'trim(string,string)': ([text, signs]: [string, string]) => trim(text, signs),
  'trim_prefix(string,string)': ([text, start]: [string, string]) =>
    text.startsWith(start) ? text.slice(start.length) : text,
  'split(string,string)': ([text, sign]: [string, string]) => (sign === '' ? [...text] : text.split(sign)),
  'regex_replace_all(string,string|number,string|number)': ([source, text, to]: [
    string,
    string | number,
    string | number,
  ]) => replaceAll(source, String(text), group => expandGo(String(to), group)),
  'regex_replace_all_literal(string,string|number,string|number)': ([source, text, to]: [
    string,
    string | number,
    string | number,
  ]) => replaceAll(source, String(text), () => String(to)),
  'regex_match(string,string|number)': ([source, text]: [string, string | number]) =>
    regex(source).matcher(String(text)).find(),
  'pattern_match(string,string|number)': ([pattern, text]: [string, string | number]) =>
    matchesWildcard(pattern, String(text)),
  'to_boolean(string)': ([text]: [string]) => {
    const lower = text.toLowerCase();
    if (lower === 'true') return true;
    if (lower === 'false') return false;
    throw new JmesError(
      `JMESPath function 'to_boolean': lowercase argument must be 'true' or 'false' (provided: '${text}')`,
    );
  },
  'path_canonicalize(string)': ([path]: [string]) => canonicalPath(path),
  'truncate(string,number)': ([text, length]: [string, number]) => {
    // As an int64: what is below zero or too large for it leaves nothing.
    if (length < 0 || length >= 2 ** 63) return '';
    return [...text].slice(0, Math.trunc(length)).join('');
  },
  'random(string)': ([pattern]: [string], ports) => randomText(pattern, ports),
});
