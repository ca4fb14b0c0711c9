import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import { testKernel } from '../testkernel.ts';

const refusal = (code: number, reason: string, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(error.reason, reason, error.message);
  if (message) assert.match(error.message, message);
  return true;
};

test('what is applied as zero, empty or null is so afterwards, and applying it again changes nothing', async () => {
  const { client } = await testKernel();
  const NODES = { group: '', version: 'v1', resource: 'nodes' };
  const node = (spec: JsonObject): KubeObject => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec });
  await client.create(NODES, node({ unschedulable: true, taints: [{ key: 'a', effect: 'NoSchedule' }] }));
  const options = { fieldManager: 'm', force: true };
  const applied = node({ unschedulable: false, taints: null, providerID: '' });
  const first = await client.apply(NODES, { name: 'n' }, applied, options);
  assert.deepEqual(first.spec, {});
  const own = first.metadata.managedFields!.find(({ manager }) => manager === 'm')!;
  assert.ok('f:unschedulable' in (own.fieldsV1 as { 'f:spec': object })['f:spec']);
  const again = await client.apply(NODES, { name: 'n' }, applied, options);
  assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
  await assert.rejects(
    client.apply(NODES, { name: 'n' }, { ...applied, status: { capacity: { cpu: 'much' } } }, options),
    refusal(
      500,
      '',
      /failed to convert new object \(\/n; \/v1, Kind=Node\) to proper version: .*quantities must match/,
    ),
  );
});
