import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/index.ts';
import type { Pod } from '../types.ts';
import { SchedulingQueue } from './queue.ts';

for (const [direction, by_ms] of [
  ['back', -3_600_000],
  ['forward', 3_600_000],
] as const)
  test(`a pod that found no node is tried again after its pause, the wall clock put ${direction} meanwhile`, () => {
    const clock = new VirtualClock();
    const queue = new SchedulingQueue(clock, () => undefined);
    queue.offer({ metadata: { name: 'a', uid: 'a' }, spec: {} } as unknown as Pod, false);
    assert.equal(queue.next()?.metadata.uid, 'a');
    queue.refused('a', new Set(['NodeResourcesFit']));
    clock.ahead_ms = by_ms;
    queue.happened('pod-gone');
    assert.equal(queue.next(), undefined, 'its pause is not over');
    clock.advance(1_001);
    assert.equal(queue.next()?.metadata.uid, 'a');
  });
