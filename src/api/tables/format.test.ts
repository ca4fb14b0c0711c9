import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageOf, humanDuration } from './format.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

const ROWS: readonly (readonly [number, string])[] = [
  [-5 * S, '<invalid>'],
  [0, '0s'],
  [119 * S, '119s'],
  [2 * M, '2m'],
  [9 * M + 5 * S, '9m5s'],
  [10 * M + 5 * S, '10m'],
  [179 * M, '179m'],
  [3 * H, '3h'],
  [7 * H + 59 * M, '7h59m'],
  [8 * H + 59 * M, '8h'],
  [47 * H, '47h'],
  [2 * D, '2d'],
  [7 * D + 23 * H, '7d23h'],
  [8 * D + 5 * H, '8d'],
  [729 * D, '729d'],
  [2 * 365 * D, '2y'],
  [3 * 365 * D + 30 * D, '3y30d'],
  [9 * 365 * D, '9y'],
];

for (const [duration_ms, text] of ROWS) test(`duration ${text}`, () => assert.equal(humanDuration(duration_ms), text));

test('an instant that is missing or broken has no age', () => {
  assert.equal(ageOf(undefined, 0), '<unknown>');
  assert.equal(ageOf('yesterday', 0), '<unknown>');
  assert.equal(ageOf('1970-01-01T00:00:00Z', 5000), '5s');
});
