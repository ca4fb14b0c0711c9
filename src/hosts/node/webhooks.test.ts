import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../base/index.ts';
import { type KubeObject, memoryLog, openKernel, type ResourceRef } from '../../kernel/index.ts';
import { clusterWebhooks, endpointResolver } from './webhooks.ts';

const ref = (group: string, resource: string): ResourceRef => ({ group, version: 'v1', resource });

test('a Service resolves to a ready endpoint and the port behind its name', async () => {
  await using kernel = await openKernel({ log: memoryLog(), clock: new VirtualClock(), random: seededRandom(1) });
  const client = kernel.client();
  const resolve = endpointResolver(() => client);
  const wanted = { namespace: 'default', name: 'hooks', port: 443 };
  await assert.rejects(resolve(wanted), /service "hooks" not found/);
  await client.create<KubeObject>(ref('', 'services'), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'hooks', namespace: 'default' },
    spec: { ports: [{ name: 'https', port: 443, targetPort: 9443 }] },
  });
  await assert.rejects(resolve(wanted), /no endpoints available for service "hooks"/);
  await assert.rejects(resolve({ ...wanted, port: 1 }), /no service port 1 found for service "hooks"/);
  await client.create<KubeObject>(ref('discovery.k8s.io', 'endpointslices'), {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'hooks-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'hooks' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.1'], conditions: { ready: false } },
      { addresses: ['10.0.0.2'], conditions: { ready: true } },
    ],
    ports: [{ name: 'https', port: 9443, protocol: 'TCP' }],
  });
  assert.deepEqual(await resolve(wanted), { host: '10.0.0.2', port: 9443 });
});

const REQUEST = { operation: 'CREATE', userInfo: { username: 'system:node:n1', groups: ['system:nodes'] } };
const POD = { metadata: { name: 'p', labels: { app: 'x' } }, spec: { replicas: 3 } };

/** Expression, and its answer; an error where that is undefined. */
const CONDITIONS: readonly (readonly [string, boolean | undefined])[] = [
  ['request.operation == "CREATE"', true],
  ['!("system:nodes" in request.userInfo.groups)', false],
  ['object.metadata.labels.app == "x" && object.spec.replicas > 2', true],
  ['oldObject == null', true],
  ['object.metadata.annotations.none == "x"', undefined],
  ['this is not CEL', undefined],
];

for (const [expression, expected] of CONDITIONS) {
  test(`match condition ${expression} is ${expected ?? 'an error'}`, () => {
    const { condition } = clusterWebhooks(() => assert.fail('not asked'));
    const ask = (): boolean => condition!(expression, { request: REQUEST, object: POD, oldObject: null });
    if (expected === undefined) assert.throws(ask);
    else assert.equal(ask(), expected);
  });
}
