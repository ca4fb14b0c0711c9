import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layout } from './layout.ts';

test('who calls stands left of who is called', () => {
  const { places } = layout(
    ['a', 'b', 'c'],
    [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
    ],
  );
  assert.ok(places.get('a')!.x < places.get('b')!.x && places.get('b')!.x < places.get('c')!.x);
});

test('every box gets a place of its own, circles or not', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.array(fc.record({ from: name, to: name })), (names, edges) => {
      const { places } = layout(names, edges);
      assert.equal(places.size, names.length);
      assert.equal(new Set([...places.values()].map(({ x, y }) => `${x},${y}`)).size, names.length);
    }),
  );
});
