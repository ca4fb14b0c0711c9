import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeriesDocument, SeriesRecorder } from './series.ts';

const HOUR_MS = 3_600_000;

function drawn(
  until_ms: number,
  every_ms: number,
  value: (t: number) => number,
): { document: SeriesDocument; seen: number } {
  let seen = 0;
  const recorder = new SeriesRecorder(t => {
    seen++;
    return new Map([['load', value(t)]]);
  });
  for (let t = 0; t <= until_ms; t += every_ms) recorder.sample(t);
  return { document: recorder.document(until_ms), seen };
}

test('a short run is kept second by second', () => {
  const { document } = drawn(10_000, 500, t => Math.floor(t / 1000));
  assert.equal(document.step_ms, 1_000);
  assert.deepEqual(document.series[0]!.mean, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a day takes the memory of twelve minutes, and shows a peak of one minute', () => {
  const peak = (t: number): number => (t >= 7 * HOUR_MS && t < 7 * HOUR_MS + 180_000 ? 900 : 10);
  const { document, seen } = drawn(24 * HOUR_MS, 1_000, peak);
  assert.ok(document.points > 360 && document.points <= 720, `${document.points} points`);
  assert.ok(seen < 12_000, `looked ${seen} times`);
  const { high, low, mean } = document.series[0]!;
  assert.equal(Math.max(...high.map(Number)), 900);
  assert.equal(Math.min(...low.map(Number)), 10);
  const total = mean.map(Number).reduce((sum, value) => sum + value) / mean.length;
  const wanted = 10 + (890 * 180) / 86_400;
  assert.ok(Math.abs(total - wanted) < 1, `${total}, wanted ${wanted}`);
});

test('what was seen last holds while nothing happens, and ends with its name', () => {
  let values = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  const recorder = new SeriesRecorder(() => values);
  recorder.sample(0);
  values = new Map([['a', 5]]);
  recorder.sample(4_000);
  const { series } = recorder.document(4_500);
  assert.deepEqual(
    series.map(({ name, mean }) => [name, mean]),
    [
      ['a', [1, 1, 1, 1, 5]],
      ['b', [2, 2, 2, 2, null]],
    ],
  );
});

test('a thousand names are six hundred and a count of what was left out', () => {
  const many = new Map(Array.from({ length: 1_000 }, (_, at) => [`n${at}`, at] as const));
  const recorder = new SeriesRecorder(() => many);
  recorder.sample(0);
  const { series, leftOut } = recorder.document(0);
  assert.equal(series.length, 600);
  assert.equal(leftOut, 400);
});
