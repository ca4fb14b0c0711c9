import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { freeRange, RANGE_LENGTH, type UserRange } from './user-ranges.ts';

describe('accounts of pods', () => {
  it('are ranges that overlap neither each other nor the machine’s own', () => {
    const given: UserRange[] = [];
    for (let turn = 0; turn < 200; turn++) given.push(freeRange(given)!);
    const starts = new Set(given.map(({ start }) => start));
    assert.equal(starts.size, 200);
    assert.ok(
      given.every(({ start, length }) => start >= RANGE_LENGTH && start % length === 0 && length === RANGE_LENGTH),
    );
    const [first, ...rest] = given;
    assert.deepEqual(freeRange(rest), first);
  });

  it('end', () => {
    const all = Array.from({ length: 32_766 }, (_, index) => ({
      start: (index + 1) * RANGE_LENGTH,
      length: RANGE_LENGTH,
    }));
    assert.equal(freeRange(all), undefined);
    assert.ok(all.at(-1)!.start + RANGE_LENGTH <= 2 ** 31);
  });
});
