import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeEdits } from '../testing/editworld.ts';

const SEEDS = 100;

test('edits told of random policies flip the verdict and none is smaller; near misses are the nearest', () => {
  let [edits, nearMisses] = [0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const judged = judgeEdits(seed);
    assert.equal(judged.failure, undefined, `seed ${seed}; repeat: tenon fuzz why --seed ${seed}`);
    edits += judged.edits;
    nearMisses += judged.nearMisses;
  }
  assert.ok(edits > 100 && nearMisses > 100, `${edits} edits, ${nearMisses} lists of near misses`);
});
