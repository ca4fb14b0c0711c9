import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { OrderedKeys } from './ordered.ts';

const keysFrom = (keys: OrderedKeys, prefix: string, from: string): string[] => {
  const walked: string[] = [];
  keys.walk(prefix, from, key => walked.push(key) > 0);
  return walked;
};

test('ordered keys are a sorted set', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '-'), maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), key), { maxLength: 200, size: 'max' }),
      key,
      key,
      (steps, prefix, from) => {
        const keys = new OrderedKeys();
        const model = new Set<string>();
        for (const [add, name] of steps) {
          if (add) keys.add(name);
          else keys.delete(name);
          if (add) model.add(name);
          else model.delete(name);
        }
        const expected = [...model].sort().filter(name => name.startsWith(prefix) && name >= from);
        assert.deepEqual(keysFrom(keys, prefix, from), expected);
        assert.equal(keys.size, model.size);
        assert.equal(keys.count(prefix, from), expected.length);
      },
    ),
  );
});

test('ten thousand keys in random order stay sorted across chunk splits', () => {
  const keys = new OrderedKeys();
  const names = Array.from(
    { length: 10_000 },
    (_, index) => `k${((index * 7_919) % 10_000).toString().padStart(5, '0')}`,
  );
  for (const name of names) keys.add(name);
  assert.deepEqual(keysFrom(keys, '', ''), [...names].sort());
  for (const name of names.slice(0, 9_990)) keys.delete(name);
  assert.deepEqual(keysFrom(keys, '', ''), names.slice(9_990).sort());
});
