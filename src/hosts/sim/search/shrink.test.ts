import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disruption } from '../model.ts';
import type { StormPlan } from '../storm/run.ts';
import { fewest, shrink } from './shrink.ts';

test('of many items the few that matter are left, wherever they are', async () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  for (const needed of [[7], [0, 39], [3, 4, 30], []]) {
    let runs = 0;
    const left = await fewest(items, async some => {
      runs++;
      return needed.every(each => some.includes(each));
    });
    assert.deepEqual(left, needed);
    assert.ok(runs < 200);
  }
});

const disruption = (name: string, for_ms: number): Disruption => ({
  name,
  kind: 'Partition',
  at_ms: 41_234,
  for_ms,
  target: 'kubelet/n1',
  settings: {},
});

test('a failing plan is shrunk to its events, and those to plain ones; the number of runs is bounded', async () => {
  const plan: StormPlan = {
    seed: 1,
    nodes: 3,
    storm_ms: 265_000,
    quiet_ms: 330_000,
    disruptions: ['a', 'b', 'c', 'd'].map(name => disruption(name, 60_000)),
    deeds: [{ at_ms: 50_000, do: 'roll', target: 'web', value: 'serve:2' }],
  };
  const fails = async ({ disruptions }: StormPlan): Promise<boolean> =>
    disruptions.some(({ name, for_ms = 0 }) => name === 'c' && for_ms >= 15_000);
  const shrunk = await shrink(plan, { fails, runs_max: 100 });
  assert.deepEqual(shrunk.plan.disruptions, [{ ...disruption('c', 15_000) }]);
  assert.deepEqual([shrunk.plan.deeds.length, shrunk.before, shrunk.after], [0, 5, 1]);
  assert.equal((await shrink(plan, { fails, runs_max: 3 })).runs, 3);
});
