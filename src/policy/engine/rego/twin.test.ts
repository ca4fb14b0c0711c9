import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTwins } from './twin.ts';

const PROGRAMS = 400;

test('compiled code and interpreter agree on random programs', () => {
  const kinds = new Map<string, number>();
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const { module, compiled, interpreted } = runTwins(seed);
    assert.equal(interpreted, compiled, `seed ${seed}\n${module}`);
    const kind = compiled.endsWith('_error') ? compiled : 'value';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  // Programs that are all refused would show nothing.
  assert.ok((kinds.get('value') ?? 0) > PROGRAMS / 4, JSON.stringify([...kinds]));
});
