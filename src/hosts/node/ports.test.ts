import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, systemClock, systemRandom } from './ports.ts';

test('the clock calls once, in order of delay, and not after cancel', async () => {
  const fired: string[] = [];
  await new Promise<void>(resolve => {
    systemClock.after(15, () => {
      fired.push('late');
      resolve();
    });
    systemClock.after(1, () => fired.push('soon'));
    systemClock.after(2, () => fired.push('never')).cancel();
    // `after` never keeps a process alive; the test does.
    const hold = setTimeout(() => undefined, 100);
    systemClock.after(20, () => clearTimeout(hold));
  });
  assert.deepEqual(fired, ['soon', 'late']);
});

test('a delay of a year does not fire at once', async () => {
  let fired = false;
  const timer = systemClock.after(365 * 86_400_000, () => (fired = true));
  await breathe();
  await new Promise(resolve => setTimeout(resolve, 5));
  assert.equal(fired, false);
  timer.cancel();
});

test('random bytes differ, random numbers lie in [0, 1)', () => {
  const random = systemRandom();
  const seen = new Set(Array.from({ length: 2_000 }, () => Buffer.from(random.bytes(16)).toString('hex')));
  assert.equal(seen.size, 2_000);
  const numbers = Array.from({ length: 5_000 }, () => random.next());
  assert.ok(numbers.every(number => number >= 0 && number < 1));
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  assert.ok(mean > 0.45 && mean < 0.55, String(mean));
  assert.equal(random.bytes(10_000).length, 10_000);
});
