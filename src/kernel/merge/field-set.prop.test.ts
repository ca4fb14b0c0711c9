import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeFieldSet,
  differenceOf,
  eachMember,
  encodeFieldSet,
  type FieldSet,
  intersectionOf,
  recursiveDifferenceOf,
  unionOf,
} from './field-set.ts';

/** The slow obvious twin: a set of paths. */
type Paths = Set<string>;

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1', 'i:0', 'f:__proto__');
const paths = fc.uniqueArray(fc.array(element, { minLength: 1, maxLength: 4 }), {
  maxLength: 8,
  selector: path => path.join(' '),
});

function setOf(list: readonly string[][]): FieldSet {
  let set: FieldSet = {};
  for (const path of list) {
    const nested = path.reduceRight((below, each) => `{${JSON.stringify(each)}:${below}}`, '{}');
    set = unionOf(set, decodeFieldSet(JSON.parse(nested))!);
  }
  return set;
}

function pathsOf(set: FieldSet): Paths {
  const found: Paths = new Set();
  eachMember(set, path => found.add(path.join(' ')));
  return found;
}

const safe = (list: readonly string[][]): string[][] =>
  list.map(path => path.map(each => (each === 'f:__proto__' ? 'f:constructor' : each)));

test('sets of paths behave as sets of paths', () => {
  fc.assert(
    fc.property(paths, paths, (first, second) => {
      const [a, b] = [setOf(safe(first)), setOf(safe(second))];
      const [left, right] = [pathsOf(a), pathsOf(b)];
      assert.deepEqual(left, new Set(safe(first).map(path => path.join(' '))));
      assert.deepEqual(pathsOf(unionOf(a, b)), new Set([...left, ...right].sort()).union(new Set()));
      assert.deepEqual(pathsOf(intersectionOf(a, b)), left.intersection(right));
      assert.deepEqual(pathsOf(differenceOf(a, b)), left.difference(right));
      const under = [...left].filter(path => ![...right].some(other => path === other || path.startsWith(`${other} `)));
      assert.deepEqual(pathsOf(recursiveDifferenceOf(a, b)), new Set(under));
      assert.deepEqual(decodeFieldSet(encodeFieldSet(a)), JSON.parse(JSON.stringify(encodeFieldSet(a))));
    }),
    { numRuns: 500 },
  );
});
