import { JmesError } from '../value.ts';

/** A semantic version (semver.org 2.0.0); build metadata does not order. */
export interface Semver {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

export interface SemverBound {
  readonly operator: string;
  readonly version: Semver;
}

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

export function parseSemver(text: string): Semver | undefined {
  const found = SEMVER.exec(text);
  if (found === null) return undefined;
  return {
    numbers: [Number(found[1]), Number(found[2]), Number(found[3])],
    pre: found[4] === undefined ? [] : found[4].split('.'),
  };
}

export function compareSemver(left: Semver, right: Semver): number {
  for (let i = 0; i < 3; i++) {
    const order = left.numbers[i]! - right.numbers[i]!;
    if (order !== 0) return order;
  }
  if (left.pre.length === 0 || right.pre.length === 0) return right.pre.length - left.pre.length;
  for (let i = 0; i < Math.max(left.pre.length, right.pre.length); i++) {
    const order = comparePre(left.pre[i], right.pre[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePre(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0;
  if (left === undefined) return -1;
  if (right === undefined) return 1;
  const [a, b] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (a && b) return Number(left) - Number(right);
  if (a !== b) return a ? -1 : 1;
  return left < right ? -1 : 1;
}

export const NO_VERSION: Semver = { numbers: [0, 0, 0], pre: [] };

export function withinBound(version: Semver, { operator, version: bound }: SemverBound): boolean {
  const order = compareSemver(version, bound);
  if (operator === '>') return order > 0;
  if (operator === '>=') return order >= 0;
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator.startsWith('!') ? order !== 0 : order === 0;
}

/**
 * `>=1.0.0 <2.0.0 || 3.x`: any of lists of bounds that must all hold, read as blang/semver's ParseRange does: words of one
 * sign are passed over, `x` alone is a wildcard and only in the last place.
 */
export function semverRange(text: string): SemverBound[][] {
  const lists: string[][] = [[]];
  const words = wordsOf(text);
  if (words[0] === '||') throw new JmesError("First element in range is '||'");
  if (words.length === 0 || words.at(-1) === '||') throw new JmesError("Last element in range is '||'");
  for (const word of words)
    if (word === '||') lists.push([]);
    else lists.at(-1)!.push(word);
  return lists.map(list => list.flatMap(expanded).map(word => boundOf(text, word)));
}

/** Words between spaces; those after a comparator belong to it. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let start = 0;
  let last = '';
  for (const [i, sign] of [...text].entries()) {
    if (sign !== ' ') last = sign;
    else if (!'><='.includes(last) || last === '') {
      if (start < i - 1) words.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (start < text.length - 1) words.push(text.slice(start));
  return words.map(word => word.replaceAll(' ', ''));
}

/** The comparator of a word, and its version from the first digit on. */
function cut(word: string): [string, string] {
  const at = word.search(/\d/);
  if (at < 0) throw new JmesError(`Could not get version from string: "${word}"`);
  return [word.slice(0, at), word.slice(at)];
}

/** Comparators of a wildcard: that of its lowest version, and that of the version after all it stands for. */
const WILD: Readonly<Record<string, readonly [low: string, next: string]>> = {
  '': ['>=', '<'],
  '=': ['>=', '<'],
  '==': ['>=', '<'],
  '!': ['<', '>='],
  '!=': ['<', '>='],
  '>': ['', '>='],
  '>=': ['>=', ''],
  '<': ['<', ''],
  '<=': ['', '<'],
};

/** What a word with a wildcard stands for: one or two words without. */
function expanded(word: string): string[] {
  if (!word.includes('x')) return [word];
  const [comparator, version] = cut(word);
  const parts = version.split('.');
  const flat = `${version.replaceAll('.x', '.0')}${parts.length === 2 ? '.0' : ''}`;
  const signs = WILD[comparator];
  if (signs === undefined) return [flat];
  const [low, next] = signs;
  return [...(low === '' ? [] : [low + flat]), ...(next === '' ? [] : [next + afterAll(parts)])];
}

/** `1.x` ends before 2.0.0, `1.2.x` before 1.3.0; a wildcard in another place ends nowhere. */
function afterAll(parts: readonly string[]): string {
  if (parts.at(-1) !== 'x') return '';
  if (parts.length === 2) return `${Number(parts[0]) + 1}.0.0`;
  if (parts.length === 3) return `${parts[0]}.${(Number(parts[1]) || 0) + 1}.0`;
  return '';
}

const COMPARATORS = new Set(['', '=', '==', '>', '>=', '<', '<=', '!', '!=']);

function boundOf(text: string, word: string): SemverBound {
  const [operator, version] = cut(word);
  const wrong = (why: string): JmesError => new JmesError(`Could not parse Range "${text}": ${why}`);
  if (!COMPARATORS.has(operator)) throw wrong(`Could not parse comparator "${operator}" in "${word}"`);
  const parsed = parseSemver(version);
  if (parsed === undefined)
    throw wrong(`Could not parse version "${version}" in "${word}": No Major.Minor.Patch elements found`);
  return { operator, version: parsed };
}
