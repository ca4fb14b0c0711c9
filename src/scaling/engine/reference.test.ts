/** Corners in which the reference has a rule of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodMetric, ScaledPod } from '../model.ts';
import { limit } from './pace.ts';
import { averageReplicas, sharedReplicas, utilizationReplicas } from './replicas.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const pod = (name: string, extra: Partial<ScaledPod> = {}): ScaledPod => ({
  name,
  phase: 'Running',
  deleted: false,
  startedAt_ms: NOW_MS - HOUR_MS,
  ready: { status: true, since_ms: NOW_MS - HOUR_MS },
  requests: [
    { container: 'app', milli: { cpu: 100 } },
    { container: 'side', milli: { cpu: 300 } },
  ],
  ...extra,
});
const question = (pods: readonly ScaledPod[], uses: Readonly<Record<string, number>>, resource = 'cpu') => ({
  current: pods.length,
  pods,
  metrics: new Map(
    Object.entries(uses).map(([name, valueMilli]): [string, PodMetric] => [
      name,
      { valueMilli, at_ms: NOW_MS, window_ms: 30_000 },
    ]),
  ),
  resource,
  now_ms: NOW_MS,
  tolerance: { up: 0.1, down: 0.1 },
  settings: DEFAULT_SETTINGS,
});

test('a percentage of growth is counted in floating point: 100 pods and 10 % allow 111', () => {
  const rules = { window_s: 0, select: 'Max', policies: [{ type: 'Percent', value: 10, period_s: 60 }] } as const;
  const paced = limit(100, 900, { min: 1, max: 999 }, { up: rules, down: rules }, { ups: [], downs: [] }, NOW_MS);
  assert.deepEqual([paced.replicas, paced.reason], [111, 'ScaleUpLimit']);
});

test('exactly at an average a silent pod counts as idle', () => {
  assert.equal(averageReplicas(question([pod('a'), pod('b'), pod('c')], { a: 100, b: 100 }, ''), 100).replicas, 2);
  assert.equal(averageReplicas({ ...question([pod('a'), pod('b')], { a: 100 }, ''), current: 4 }, 100).replicas, 1);
});

test('a pod that states no request is told before readings that are missing', () => {
  const bare = pod('a', { requests: [{ container: 'app', milli: {} }], phase: 'Pending' });
  assert.throws(
    () => utilizationReplicas(question([bare], { a: 1 }), 50),
    /missing request for cpu in container app of Pod a/,
  );
});

test('requests of the pod as a whole count before its containers, and a container is measured against its own', () => {
  assert.equal(utilizationReplicas(question([pod('a')], { a: 150 }), 50).replicas, 1);
  assert.equal(utilizationReplicas(question([pod('a', { podRequests: { cpu: 100 } })], { a: 150 }), 50).replicas, 3);
  assert.equal(utilizationReplicas(question([pod('a')], { a: 150 }), 50, 'app').replicas, 3);
});

test('a share of nothing is the whole', () => {
  assert.deepEqual(sharedReplicas(0, 2_500, 1_000, { up: 0.1, down: 0.1 }), { replicas: 3, milli: 2_500 });
});
