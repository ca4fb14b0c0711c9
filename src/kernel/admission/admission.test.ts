import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../client.ts';
import type { KubeObject, ResourceRef } from '../object.ts';
import { forbidden, StatusError } from '../status.ts';
import { CONFIG_MAPS, configMap, pod, PODS, testKernel } from '../testkernel.ts';
import type { AdmissionStep } from './admission.ts';

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });
const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.deepEqual([error.code, error.reason], [403, 'Forbidden'], error.message);
  assert.match(error.message, message);
  return true;
};
type Pod = KubeObject & {
  spec: Record<string, never> & { containers: { resources?: unknown; volumeMounts?: { mountPath: string }[] }[] };
};
const make = (client: Client, resource: string, object: object): Promise<KubeObject> =>
  client.create(core(resource), { apiVersion: 'v1', ...object } as KubeObject);

test('a pod gets an account, a token, a priority and tolerations', async () => {
  const { client } = await testKernel();
  const made = await client.create<Pod>(PODS, pod('p') as Pod);
  const spec = made.spec as unknown as {
    serviceAccountName: string;
    priority: number;
    preemptionPolicy: string;
    tolerations: { key: string; tolerationSeconds: number }[];
    volumes: { name: string; projected: { sources: object[] } }[];
  };
  assert.equal(spec.serviceAccountName, 'default');
  assert.deepEqual([spec.priority, spec.preemptionPolicy], [0, 'PreemptLowerPriority']);
  assert.deepEqual(
    spec.tolerations.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]),
    [
      ['node.kubernetes.io/not-ready', 300],
      ['node.kubernetes.io/unreachable', 300],
    ],
  );
  assert.match(spec.volumes[0]!.name, /^kube-api-access-/);
  assert.equal(spec.volumes[0]!.projected.sources.length, 3);
  assert.equal(made.spec.containers[0]!.volumeMounts?.[0]?.mountPath, '/var/run/secrets/kubernetes.io/serviceaccount');
  const bare = await client.create(PODS, pod('bare', { automountServiceAccountToken: false }));
  assert.equal((bare.spec as { volumes?: object[] }).volumes, undefined);
  await assert.rejects(
    client.create(PODS, pod('q', { serviceAccountName: 'nobody' })),
    refused(/error looking up service account default\/nobody: serviceaccount "nobody" not found/),
  );
});

test('priority comes from the class, never from the pod', async () => {
  const { client } = await testKernel();
  const critical = await client.create(PODS, pod('c', { priorityClassName: 'system-node-critical' }));
  assert.equal((critical.spec as { priority: number }).priority, 2_000_001_000);
  await assert.rejects(
    client.create(PODS, pod('p', { priorityClassName: 'none' })),
    refused(/no PriorityClass with name none was found/),
  );
  await assert.rejects(
    client.create(PODS, pod('p', { priority: 5 })),
    refused(/the integer value of priority \(5\) must not be provided/),
  );
});

test('a RuntimeClass brings overhead and scheduling; one that is not there refuses', async () => {
  const { client } = await testKernel();
  const classes = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };
  await client.create<KubeObject>(classes, {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { cpu: '10m', memory: '1Mi' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
  });
  const made = await client.create(PODS, pod('a', { runtimeClassName: 'vm', nodeSelector: { disk: 'ssd' } }));
  const spec = made.spec as unknown as { overhead: object; nodeSelector: object; tolerations: { key: string }[] };
  assert.deepEqual(spec.overhead, { cpu: '10m', memory: '1Mi' });
  assert.deepEqual(spec.nodeSelector, { disk: 'ssd', vm: 'yes' });
  assert.equal(spec.tolerations.filter(({ key }) => key === 'vm').length, 1);
  for (const [more, why] of [
    [{ runtimeClassName: 'none' }, /pod rejected: RuntimeClass "none" not found$/],
    [{ runtimeClassName: 'vm', overhead: { cpu: '1', memory: '1Mi' } }, /Pod's Overhead doesn't match/],
    [{ runtimeClassName: 'vm', nodeSelector: { vm: 'no' } }, /conflict: runtimeClass\.scheduling\.nodeSelector/],
    [{ overhead: { cpu: '1' } }, /Pod Overhead set without corresponding RuntimeClass/],
  ] as const)
    await assert.rejects(client.create(PODS, pod('b', more)), refused(why));
});

test('a LimitRange fills and bounds what containers ask for', async () => {
  const { client } = await testKernel();
  await make(client, 'limitranges', {
    kind: 'LimitRange',
    metadata: { name: 'l', namespace: 'default' },
    spec: {
      limits: [
        {
          type: 'Container',
          default: { cpu: '500m' },
          defaultRequest: { cpu: '100m' },
          max: { cpu: '1' },
          min: { cpu: '50m' },
        },
      ],
    },
  });
  const filled = await client.create<Pod>(PODS, pod('p') as Pod);
  assert.deepEqual(filled.spec.containers[0]!.resources, { requests: { cpu: '100m' }, limits: { cpu: '500m' } });
  assert.equal(
    filled.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu request for container main; cpu limit for container main',
  );
  const sized = (requests: object, limits: object) =>
    pod('q', { containers: [{ name: 'main', image: 'i', resources: { requests, limits } }] });
  await assert.rejects(
    client.create(PODS, sized({ cpu: '1' }, { cpu: '2' })),
    refused(/maximum cpu usage per Container is 1, but limit is 2/),
  );
  await assert.rejects(
    client.create(PODS, sized({ cpu: '10m' }, { cpu: '1' })),
    refused(/minimum cpu usage per Container is 50m, but request is 10m/),
  );
});

test('a quota is never exceeded, not even by writes at the same moment', async () => {
  const { client } = await testKernel();
  const quota = {
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { 'count/configmaps': '3', pods: '2', 'requests.cpu': '1' } },
  };
  await make(client, 'resourcequotas', quota);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => client.create(CONFIG_MAPS, configMap(`c${index}`))),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3);
  const left = await client.get<KubeObject & { status: { used: Record<string, string> } }>(core('resourcequotas'), {
    namespace: 'default',
    name: 'q',
  });
  assert.equal(left.status.used['count/configmaps'], '3');
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('more')),
    refused(
      /configmaps "more" is forbidden: exceeded quota: q, requested: count\/configmaps=1, used: count\/configmaps=3, limited: count\/configmaps=3/,
    ),
  );
  await assert.rejects(client.create(PODS, pod('p')), refused(/failed quota: q: must specify requests\.cpu for: main/));
  const asking = (name: string, cpu: string) =>
    pod(name, { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu } } }] });
  await client.create(PODS, asking('a', '600m'));
  await assert.rejects(
    client.create(PODS, asking('b', '600m')),
    refused(/exceeded quota: q, requested: requests\.cpu=600m, used: requests\.cpu=600m, limited: requests\.cpu=1/),
  );
  await client.create(PODS, asking('b', '400m'));
});

test('a booking is taken back when the write fails after it', async () => {
  const { client } = await testKernel();
  await make(client, 'resourcequotas', {
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { 'count/configmaps': '2' } },
  });
  await client.create(CONFIG_MAPS, configMap('a'));
  await Promise.allSettled(Array.from({ length: 5 }, () => client.create(CONFIG_MAPS, configMap('a'))));
  await client.create(CONFIG_MAPS, configMap('b'));
});

test('a new quota knows what its namespace already holds', async () => {
  const { client } = await testKernel();
  for (const name of ['a', 'b']) await client.create(CONFIG_MAPS, configMap(name));
  await make(client, 'resourcequotas', {
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'default' },
    spec: { hard: { 'count/configmaps': '3' } },
  });
  await client.create(CONFIG_MAPS, configMap('c'));
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('d')),
    refused(/used: count\/configmaps=3, limited: count\/configmaps=3/),
  );
});

test('claims get the default class and both ends of storage their protection', async () => {
  const { client } = await testKernel();
  const storage = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await client.create<KubeObject>(storage, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast', annotations },
    provisioner: 'local',
  });
  const claim = await make(client, 'persistentvolumeclaims', {
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  assert.equal((claim.spec as { storageClassName: string }).storageClassName, 'fast');
  assert.deepEqual(claim.metadata.finalizers, ['kubernetes.io/pvc-protection']);
});

const step = (name: string, more: Partial<AdmissionStep>): AdmissionStep => ({
  name,
  handles: (_operation, { resource }) => resource === 'configmaps',
  ...more,
});

test('steps that bring each other work are asked again until nothing changes', async () => {
  const calls: string[] = [];
  const label = (object: KubeObject, name: string): boolean => {
    if (object.metadata.labels?.[name]) return false;
    object.metadata.labels = { ...object.metadata.labels, [name]: 'yes' };
    return true;
  };
  const first = step('first', {
    mutate: ({ object }) => {
      calls.push('first');
      return object!.metadata.labels?.second ? label(object!, 'first') : false;
    },
  });
  const second = step('second', {
    mutate: async ({ object }) => {
      calls.push('second');
      return label(object!, 'second');
    },
    validate: ({ object }) => {
      assert.deepEqual(Object.keys(object!.metadata.labels!).sort(), ['first', 'second']);
      assert.ok(object!.metadata.uid, 'validation sees the object as it will be stored');
      calls.push('validate');
    },
  });
  const { client } = await testKernel({ admission: [first, second] });
  await client.create(CONFIG_MAPS, configMap('a'));
  assert.deepEqual(calls, ['first', 'second', 'first', 'second', 'validate']);
});

test('unknown fields a step adds are dropped, a refusal stops the write, dry runs are told', async () => {
  let dry = false;
  const odd = step('odd', {
    mutate: ({ object, dryRun }) => {
      dry = dryRun;
      (object as Record<string, unknown>).strange = true;
      return true;
    },
    validate: ({ object, definition, operation, oldObject }) => {
      assert.equal(operation === 'CREATE', oldObject === undefined);
      if (object?.metadata.name === 'bad') throw forbidden(definition, 'bad', 'no');
    },
  });
  const { client } = await testKernel({ admission: [odd] });
  const made = await client.create(CONFIG_MAPS, configMap('good'), { dryRun: true });
  assert.ok(!('strange' in made) && dry);
  await assert.rejects(client.create(CONFIG_MAPS, configMap('bad')), refused(/configmaps "bad" is forbidden: no/));
  await assert.rejects(client.get(CONFIG_MAPS, { namespace: 'default', name: 'bad' }), StatusError);
});

test('a write that changes nothing is judged, and told of, like any other', async () => {
  const seen: string[] = [];
  const watching = step('watching', {
    validate: ({ operation, object }) => {
      if (operation === 'UPDATE' && object!.metadata.name === 'kept')
        throw forbidden({ group: '', resource: 'configmaps' }, 'kept', 'no');
      seen.push(operation);
    },
    settle: ({ operation }, stored) => void seen.push(`${operation} ${stored ? 'stands' : 'ended'}`),
  });
  const { client } = await testKernel({ admission: [watching] });
  const made = await client.create(CONFIG_MAPS, configMap('a'));
  const again = await client.patch(CONFIG_MAPS, { namespace: 'default', name: 'a' }, { type: 'merge', patch: {} });
  assert.equal(again.metadata.resourceVersion, made.metadata.resourceVersion);
  assert.deepEqual(seen, ['CREATE', 'CREATE stands', 'UPDATE', 'UPDATE stands']);
  await client.create(CONFIG_MAPS, configMap('kept'));
  const patch = client.patch(CONFIG_MAPS, { namespace: 'default', name: 'kept' }, { type: 'merge', patch: {} });
  await assert.rejects(patch, refused(/configmaps "kept" is forbidden: no/));
});
