import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../kernel/index.ts';
import { LevelQueue } from './flow.ts';

test('a flow that floods waits in its own queue; another gets the next seat', async () => {
  const queue = new LevelQueue({ name: 'x', seats: 1, waiting_max: 100 });
  const leave = await queue.enter('noisy');
  const order: string[] = [];
  const wait = async (key: string): Promise<void> => {
    const out = await queue.enter(key);
    order.push(key);
    out();
  };
  const all = [...Array.from({ length: 10 }, () => wait('noisy')), wait('quiet')];
  leave();
  await Promise.all(all);
  assert.ok(order.indexOf('quiet') <= 1, `quiet came at ${order.indexOf('quiet')}`);
  assert.equal(queue.running, 0);
  assert.equal(queue.waiting, 0);
});

test('one flow cannot fill the waiting room', async () => {
  const queue = new LevelQueue({ name: 'x', seats: 1, waiting_max: 4 });
  void queue.enter('noisy');
  void queue.enter('noisy');
  void queue.enter('noisy');
  assert.throws(
    () => queue.enter('noisy'),
    (error: unknown) =>
      error instanceof StatusError && error.code === 429 && error.status.details?.retryAfterSeconds === 1,
  );
  assert.ok(queue.enter('quiet') instanceof Promise);
});
