import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Rate, nextChange, rateAt } from './rate.ts';
import { nearestName } from './nearest.ts';
import { formatDuration, readAmount, readAmountRate, readDuration, readOffset, readRate, readShare } from './units.ts';

const ROWS: readonly (readonly [
  read: (value: unknown) => number | undefined,
  text: unknown,
  wanted: number | undefined,
])[] = [
  [readDuration, '90s', 90_000],
  [readDuration, '1h30m', 5_400_000],
  [readDuration, '1.5h', 5_400_000],
  [readDuration, '250ms', 250],
  [readDuration, '5min', 300_000],
  [readDuration, '2d', 172_800_000],
  [readDuration, 0, 0],
  [readDuration, '0', 0],
  [readDuration, '5', undefined],
  [readDuration, 5, undefined],
  [readDuration, '-5s', undefined],
  [readDuration, '5 s', undefined],
  [readDuration, '', undefined],
  [readDuration, '99999999d', undefined],
  [readDuration, null, undefined],
  [readOffset, '-250ms', -250],
  [readOffset, '+2s', 2000],
  [readOffset, '--2s', undefined],
  [readRate, '100/s', 100],
  [readRate, '6k/min', 100],
  [readRate, '36/h', 0.01],
  [readRate, 5, 5],
  [readRate, -5, undefined],
  [readRate, '-5/s', undefined],
  [readRate, '100', undefined],
  [readRate, Number.NaN, undefined],
  [readRate, Number.POSITIVE_INFINITY, undefined],
  [readShare, '0.1%', 0.001],
  [readShare, 0.25, 0.25],
  [readShare, '101%', undefined],
  [readShare, 1.5, undefined],
  [readAmount, '250m', 0.25],
  [readAmount, '64Mi', 67_108_864],
  [readAmount, 2, 2],
  [readAmount, '-1', undefined],
  [readAmount, 'lots', undefined],
  [readAmountRate, '60Mi/min', 1_048_576],
  [readAmountRate, '60Mi', undefined],
];

test('amounts as people write them', () => {
  for (const [read, text, wanted] of ROWS) assert.equal(read(text), wanted, `${read.name} ${JSON.stringify(text)}`);
});

test('durations come back as they were written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 864_000_000 }), ms => assert.equal(readDuration(formatDuration(ms)), ms)),
  );
});

test('nearest names', () => {
  const known = ['rate', 'steps', 'trace', 'timeout'];
  assert.equal(nearestName('raet', known), 'rate');
  assert.equal(nearestName('Timeout', known), 'timeout');
  assert.equal(nearestName('headers', known), undefined);
});

const STEPS: Rate = {
  kind: 'steps',
  steps: [
    { after_ms: 0, per_s: 10, ramp: false },
    { after_ms: 1000, per_s: 30, ramp: true },
    { after_ms: 3000, per_s: 5, ramp: false },
  ],
};
const times_ms = Float64Array.of(0, 1000, 2000);

test('rates over time', () => {
  const at = (rate: Rate, ...times: number[]): number[] => times.map(t => rateAt(rate, t));
  assert.deepEqual(at(STEPS, 0, 500, 1000, 2999, 3000, 1e9), [10, 20, 30, 30, 5, 5]);
  assert.deepEqual(at({ kind: 'steps', steps: [{ after_ms: 10, per_s: 4, ramp: true }] }, 0, 5, 10, 11), [0, 2, 4, 4]);
  const wave: Rate = { kind: 'wave', low: 10, high: 30, period_ms: 1000, peak_ms: 250 };
  assert.deepEqual(at(wave, 250, 750, 1250), [30, 10, 30]);
  const series: Rate = { kind: 'series', times_ms, values: Float64Array.of(1, 2, 3), repeat: false, length_ms: 3000 };
  assert.deepEqual(at(series, 0, 999, 1000, 2999, 3000), [1, 1, 2, 3, 0]);
  assert.deepEqual(at({ ...series, repeat: true }, 3000, 4500), [1, 2]);
});

test('between two changes a rate is constant or worth asking again within a second', () => {
  const series: Rate = { kind: 'series', times_ms, values: Float64Array.of(1, 2, 3), repeat: true, length_ms: 3000 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (t, part) => {
      const next = nextChange(series, t);
      assert.ok(next > t);
      assert.equal(rateAt(series, t + Math.floor((next - t) * part)), rateAt(series, t));
      assert.ok(nextChange(STEPS, t) > t);
    }),
  );
  assert.equal(nextChange({ kind: 'constant', per_s: 1 }, 5), Number.POSITIVE_INFINITY);
});
