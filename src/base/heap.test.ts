import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dateOfDays, daysOfDate, zoneOffset } from './calendar.ts';
import { Heap } from './heap.ts';

test('what is pushed comes out in order, between pushes too', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer(), fc.constant('pop' as const))), steps => {
      const heap = new Heap<number>((left, right) => left < right);
      const list: number[] = [];
      for (const step of steps) {
        if (step === 'pop') assert.equal(heap.pop(), list.shift());
        else {
          heap.push(step);
          list.push(step);
          list.sort((left, right) => left - right);
        }
        assert.equal(heap.first(), list[0]);
        assert.equal(heap.size, list.length);
      }
    }),
  );
});

test('days and dates are each other’s inverse, as the platform counts them', () => {
  fc.assert(
    fc.property(fc.integer({ min: -3_000_000, max: 3_000_000 }), days => {
      const { year, month, day } = dateOfDays(days);
      assert.equal(daysOfDate(year, month, day), days);
      const date = new Date(days * 86_400_000);
      assert.deepEqual([year, month, day], [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
    }),
  );
});

test('a zone is known by name, with its offset at that moment', () => {
  const [winter, summer] = [Date.UTC(2026, 0, 15) / 1000, Date.UTC(2026, 6, 15) / 1000];
  assert.equal(zoneOffset(winter, 'Europe/Berlin')?.offset, 3600);
  assert.equal(zoneOffset(summer, 'Europe/Berlin')?.offset, 7200);
  assert.equal(zoneOffset(winter, 'Europe/Nowhere'), undefined);
});
