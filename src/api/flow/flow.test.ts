import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '../../kernel/index.ts';
import { DEFAULT_LEVELS, DEFAULT_SCHEMAS } from '../bootstrap/flows.ts';
import { parseTarget } from '../request/target.ts';
import type { ApiRequest } from '../serve/request.ts';
import { LevelQueue, PriorityLevels } from './flow.ts';

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

const WHO: readonly (readonly [string, string, string[], string])[] = [
  ['a node', 'system:node:n', ['system:nodes', 'system:authenticated'], 'system'],
  [
    'a service account',
    'system:serviceaccount:d:x',
    ['system:serviceaccounts', 'system:authenticated'],
    'workload-low',
  ],
  [
    'a system service account',
    'system:serviceaccount:kube-system:x',
    ['system:serviceaccounts', 'system:authenticated'],
    'workload-high',
  ],
  ['a person', 'ann', ['system:authenticated'], 'global-default'],
];

for (const [who, name, groups, level] of WHO) {
  test(`priority level of ${who}: ${level}`, async () => {
    const flow = new PriorityLevels();
    for (const object of DEFAULT_LEVELS) flow.setLevel(object);
    for (const object of DEFAULT_SCHEMAS) flow.setSchema(object);
    const target = parseTarget('/api/v1/namespaces/d/pods');
    const leave = await flow.enter({ user: { name, groups }, verb: 'list', target } as unknown as ApiRequest);
    const busy = [...flow.levels].filter(([, queue]) => queue.running === 1).map(([key]) => key);
    assert.deepEqual(busy, [level]);
    leave?.();
  });
}

test('masters and probes take no seat', () => {
  const flow = new PriorityLevels();
  for (const object of DEFAULT_LEVELS) flow.setLevel(object);
  for (const object of DEFAULT_SCHEMAS) flow.setSchema(object);
  const request = (groups: string[], path: string, verb: string): ApiRequest =>
    ({ user: { name: 'x', groups }, verb, target: parseTarget(path) }) as unknown as ApiRequest;
  assert.equal(flow.enter(request(['system:masters'], '/api/v1/pods', 'list')), undefined);
  assert.equal(flow.enter(request(['system:unauthenticated'], '/healthz', 'get')), undefined);
});
