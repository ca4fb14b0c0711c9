import assert from 'node:assert/strict';
import test from 'node:test';
import type { Json } from '../../../kernel/index.ts';
import { matchesLeaf } from './leaf.ts';
import { matchPattern } from './match.ts';
import { applyOverlay } from './overlay.ts';
import { matchesWildcard } from './wildcard.ts';

/** Checked against the released tool, as are the less obvious of them: null is an amount of zero, but no text. */
const LEAVES: readonly (readonly [Json, Json, boolean])[] = [
  ['abc', 'a*', true],
  ['abc', '!a*', false],
  ['1Gi', '<=1024Mi', true],
  ['1h', '60m', true],
  [5, '1-10', true],
  [5, '1!-10', false],
  [null, '<=1Gi', true],
  [null, 'a', false],
  [0, '<2h', false],
  [1, '?', false],
  ['a', 'b | a', true],
  [5, '>1&<10', true],
];
for (const [value, pattern, fits] of LEAVES)
  test(`leaf: ${JSON.stringify(value)} ${fits ? 'fits' : 'does not fit'} ${JSON.stringify(pattern)}`, () =>
    assert.equal(matchesLeaf(value, pattern), fits));

test('pattern: conditions, equality and negation tell themselves apart', () => {
  assert.equal(matchPattern({ a: 1 }, { '(a)': 2, b: 1 })?.kind, 'condition');
  assert.equal(matchPattern({ a: 1 }, { '<(a)': 2 })?.kind, 'global');
  assert.equal(matchPattern({ a: 1 }, { '=(a)': 2 })?.kind, 'mismatch');
  assert.equal(matchPattern({ a: 1 }, { 'X(a)': null })?.kind, 'negation');
  assert.equal(matchPattern({ a: [{ n: 1 }, { n: 2, m: 3 }] }, { a: [{ '(n)': 2, m: 3 }] }), undefined);
});

test('overlay: additions stay out where something is', () => {
  const any = { type: 'any' } as const;
  assert.deepEqual(applyOverlay({ a: { x: 1 } }, { a: { '+(x)': 2, '+(y)': 3 } }, any), { a: { x: 1, y: 3 } });
  assert.equal(applyOverlay({ a: 1 }, { '(a)': 2, b: 3 }, any), undefined);
});

test('wildcard: many stars take no long time', () => {
  assert.equal(matchesWildcard('*a'.repeat(50), 'a'.repeat(2000).concat('b')), false);
});
