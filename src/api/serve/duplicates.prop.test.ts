import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../kernel/index.ts';
import { hasDuplicateKeys } from './duplicates.ts';

test('no text written by JSON.stringify has duplicates', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      value => !hasDuplicateKeys(JSON.stringify(value), JSON.parse(JSON.stringify(value)) as Json),
    ),
  );
});

test('a key named twice at any depth is noticed', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.nat(5), (key, value, depth) => {
      const one = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
      const text = `${'{"a":['.repeat(depth)}{${one},${one}}${']}'.repeat(depth)}`;
      return hasDuplicateKeys(text, JSON.parse(text) as Json);
    }),
  );
  assert.ok(true);
});
