import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, PODS, testKernel } from '../testkernel.ts';

test('a delete is answered though the history has forgotten what it ended', async () => {
  const { client } = await testKernel({ limits: { default: { events_max: 1, bytes_max: 1 << 20 } } });
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) await client.create(PODS, pod(name, {}, { labels: { k: name } }));
  await Promise.all(names.map(name => client.delete(PODS, { namespace: 'default', name }, { gracePeriodSeconds: 0 })));
  assert.deepEqual((await client.list(PODS)).items, []);
});
