import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from './seeded.ts';

test('however short a wait is, time has moved when it is over', () => {
  const clock = new VirtualClock();
  let woken = 0;
  const due_ms = clock.monotonic() + 1e-5;
  const wait = (): void => {
    woken++;
    if (clock.monotonic() < due_ms && woken < 10) clock.after(due_ms - clock.monotonic(), wait);
  };
  clock.after(due_ms - clock.monotonic(), wait);
  clock.advance(1);
  assert.equal(woken, 1);
});

test('a wall that is put ahead or back is told, and moves no timer', () => {
  for (const by_ms of [-3_600_000, 3_600_000]) {
    const clock = new VirtualClock();
    const [wall, elapsed] = [clock.now(), clock.monotonic()];
    const fired: number[] = [];
    clock.after(1_000, () => fired.push(clock.monotonic() - elapsed));
    clock.ahead_ms = by_ms;
    assert.deepEqual([clock.now() - wall, clock.next()! - clock.now()], [by_ms, 1_000]);
    clock.advance(1_000);
    assert.deepEqual(fired, [1_000]);
  }
});

test('of what is due at one instant as many fire as are asked for, the rest the next time', () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  for (let at = 0; at < 5; at++) clock.after(10, () => fired.push(at));
  clock.advance(20, 3);
  assert.deepEqual([fired, clock.next()! - clock.now()], [[0, 1, 2], 0]);
  clock.advance(0, 3);
  assert.deepEqual(fired, [0, 1, 2, 3, 4]);
});
