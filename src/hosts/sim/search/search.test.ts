import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { PLANTED_BUGS } from '../testing/planted/index.ts';
import { StormPool } from './drivers/pool.ts';
import { findPlanted } from './planted.ts';

const SOURCES = join(import.meta.dirname, '../../..');

test('a storm breaks nothing, and its seed gives the same log again', async () => {
  await using pool = new StormPool({ threads: 1 });
  const { plan, result } = await pool.seed(7);
  assert.deepEqual(result.violations, []);
  assert.ok(plan.disruptions.length > 3 && result.events > 1_000);
  assert.equal((await pool.plan(plan)).result.hash, result.hash);
});

test('a planted bug is found, and an edit that has no place is a fault of the search', async () => {
  const bug = PLANTED_BUGS.find(each => each.name === 'bookmark-too-new')!;
  const { seed, by } = await findPlanted(bug, { sources: SOURCES, threads: 1, seeds_max: 2 });
  assert.equal(seed, 1);
  assert.match(by, /^watch .*ahead of the log/);
  const nowhere = { ...bug, find: 'no such text in this file' };
  await assert.rejects(findPlanted(nowhere, { sources: SOURCES, threads: 1, seeds_max: 1 }), /Cannot plant/);
});
