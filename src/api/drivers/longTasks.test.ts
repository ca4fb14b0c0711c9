import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realClock } from '../testing/server.ts';
import { TASK_ms_MAX, watchLongTasks } from './longTasks.ts';

test('a task that holds the main thread is reported with its length', async () => {
  const reported: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  using tasks = watchLongTasks(realClock, duration_ms => {
    reported.push(duration_ms);
    if (duration_ms >= 100) resolve();
  });
  await new Promise(done => setTimeout(done, 50));
  const until = performance.now() + 120;
  while (performance.now() < until);
  const limit = new Promise<void>((_, reject) => setTimeout(() => reject(new Error('nothing was reported')), 10_000));
  await Promise.race([promise, limit]);
  assert.ok(tasks.count >= 1 && tasks.longest_ms >= 100, `${tasks.count} tasks, ${tasks.longest_ms} ms`);
  assert.ok(
    reported.every(duration_ms => duration_ms >= TASK_ms_MAX),
    reported.join(' '),
  );
});
