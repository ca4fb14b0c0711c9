import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../kernel/object.ts';
import { findCondition } from './conditions.ts';
import { isReady, isTerminating } from './pods.ts';
import {
  CLAIMS,
  CONFIG_MAPS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  EVENTS,
  JOBS,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
  VOLUMES,
} from './refs.ts';
import { deploymentOf, TestHost } from './testhost.ts';
import type {
  ConfigMap,
  DaemonSet,
  Deployment,
  Endpoints,
  EndpointSlice,
  Job,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  StatefulSet,
} from './types.ts';

type EventObject = KubeObject & { reason: string; message: string; involvedObject: { kind: string; name: string } };

const reasons = async (host: TestHost, kind: string): Promise<string[]> =>
  (await host.list<EventObject>(EVENTS))
    .filter(event => event.involvedObject.kind === kind)
    .map(event => `${event.reason}: ${event.message}`);

const rolledOut = (deployment: Deployment): boolean =>
  deployment.status?.observedGeneration === deployment.metadata.generation &&
  deployment.status?.updatedReplicas === deployment.spec.replicas &&
  deployment.status?.availableReplicas === deployment.spec.replicas &&
  deployment.status?.replicas === deployment.spec.replicas;

const podTemplate = (app: string, image: string, spec: object = {}): object => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }], ...spec },
});

test('a Deployment comes up, rolls to a new template within its bounds and keeps its history', async () => {
  await using host = await TestHost.start({ startup_ms: 500 });
  await host.create(
    DEPLOYMENTS,
    deploymentOf('web', 4, 'a:1', { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
  );
  const get = async (): Promise<Deployment> => (await host.list<Deployment>(DEPLOYMENTS))[0]!;
  await host.until(async () => rolledOut(await get()), 60_000);
  let most = 0;
  let least = Number.POSITIVE_INFINITY;
  const sample = async (): Promise<boolean> => {
    const pods = (await host.list<Pod>(PODS)).filter(pod => !isTerminating(pod));
    most = Math.max(most, pods.length);
    least = Math.min(least, pods.filter(isReady).length);
    const deployment = await get();
    return deployment.spec.template.spec.containers[0]!.image === 'a:2' && rolledOut(deployment);
  };
  await host.client.patch(
    DEPLOYMENTS,
    { namespace: 'default', name: 'web' },
    { type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: 'c', image: 'a:2' }] } } } } },
  );
  await host.until(sample, 120_000, 100);
  assert.ok(most <= 5, `${most} pods`);
  assert.ok(least >= 3, `${least} ready`);
  const sets = await host.list<ReplicaSet>(REPLICA_SETS);
  assert.deepEqual(
    sets.map(set => [set.metadata.annotations?.['deployment.kubernetes.io/revision'], set.spec.replicas]).sort(),
    [
      ['1', 0],
      ['2', 4],
    ],
  );
  const deployment = await get();
  assert.equal(deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '2');
  assert.equal(findCondition(deployment.status?.conditions, 'Progressing')?.reason, 'NewReplicaSetAvailable');
  const told = await reasons(host, 'Deployment');
  assert.ok(
    told.some(text => /^ScalingReplicaSet: Scaled up replica set web-\w+ from 0 to 4$/.test(text)),
    told.join('\n'),
  );
  assert.ok(
    (await reasons(host, 'ReplicaSet')).some(text => /^SuccessfulCreate: Created pod: web-\w+-\w{5}$/.test(text)),
  );
  assert.deepEqual(host.errors, []);
});

test('a rollout whose pods never become ready passes its deadline; a rollback brings the old revision back', async () => {
  await using host = await TestHost.start({
    fate: pod => (pod.spec.containers[0]!.image === 'bad' ? undefined : { phase: 'Running' }),
  });
  await host.create(DEPLOYMENTS, deploymentOf('web', 2, 'a:1', { progressDeadlineSeconds: 30 }));
  const get = async (): Promise<Deployment> => (await host.list<Deployment>(DEPLOYMENTS))[0]!;
  const setImage = (image: string): Promise<unknown> =>
    host.client.patch(
      DEPLOYMENTS,
      { namespace: 'default', name: 'web' },
      { type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } } },
    );
  await host.until(async () => rolledOut(await get()));
  await setImage('bad');
  await host.until(
    async () => findCondition((await get()).status?.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded',
    60_000,
  );
  assert.equal(findCondition((await get()).status?.conditions, 'Available')?.status, 'True');
  await setImage('a:1');
  await host.until(async () => rolledOut(await get()));
  assert.equal((await get()).metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
  assert.equal((await host.list<ReplicaSet>(REPLICA_SETS)).length, 2);
});

test('Recreate waits for the last old pod', async () => {
  await using host = await TestHost.start({ startup_ms: 3_000 });
  await host.create(DEPLOYMENTS, deploymentOf('web', 3, 'a:1', { strategy: { type: 'Recreate' } }));
  const get = async (): Promise<Deployment> => (await host.list<Deployment>(DEPLOYMENTS))[0]!;
  await host.until(async () => rolledOut(await get()));
  await host.client.patch(
    DEPLOYMENTS,
    { namespace: 'default', name: 'web' },
    { type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: 'c', image: 'a:2' }] } } } } },
  );
  await host.until(
    async () => {
      const images = new Set((await host.list<Pod>(PODS)).map(pod => pod.spec.containers[0]!.image));
      assert.ok(images.size < 2, 'old and new pods at once');
      const deployment = await get();
      return images.has('a:2') && rolledOut(deployment);
    },
    60_000,
    200,
  );
});

const statefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db' },
  spec: {
    replicas: 3,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: podTemplate('db', 'a:1'),
    persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
      },
    ],
  },
};

const theSet = async (host: TestHost): Promise<StatefulSet> => (await host.list<StatefulSet>(STATEFUL_SETS))[0]!;
const podNames = async (host: TestHost): Promise<string[]> =>
  (await host.list<Pod>(PODS))
    .filter(pod => !isTerminating(pod))
    .map(pod => pod.metadata.name)
    .sort();

/** A host with `db` at three ready pods, each with its volume. */
async function withStatefulSet(): Promise<TestHost> {
  const host = await TestHost.start({ startup_ms: 200 });
  await host.create(STATEFUL_SETS, statefulSet);
  await host.run(2_000);
  assert.deepEqual(await podNames(host), ['db-0'], 'without a volume the first pod waits and so does the second');
  const spec = {
    capacity: { storage: '2Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'fast',
    hostPath: { path: '/x' },
    persistentVolumeReclaimPolicy: 'Retain',
  };
  for (let i = 0; i < 3; i++)
    await host.client.create(VOLUMES, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `v${i}` },
      spec,
    });
  await host.until(async () => (await theSet(host)).status?.readyReplicas === 3, 60_000, 100);
  return host;
}

test('a StatefulSet makes its pods in order, each with its claim, and scales down from the top', async () => {
  await using host = await withStatefulSet();
  const claims = async (): Promise<unknown> =>
    (await host.list<PersistentVolumeClaim>(CLAIMS)).map(claim => [claim.metadata.name, claim.status?.phase]).sort();
  assert.deepEqual(await claims(), [
    ['data-db-0', 'Bound'],
    ['data-db-1', 'Bound'],
    ['data-db-2', 'Bound'],
  ]);
  await host.client.patch(
    STATEFUL_SETS,
    { namespace: 'default', name: 'db' },
    { type: 'merge', patch: { spec: { replicas: 1 } } },
  );
  await host.until(async () => (await theSet(host)).status?.replicas === 1, 60_000);
  assert.deepEqual(await podNames(host), ['db-0']);
  await host.until(async () => (await host.list(CLAIMS)).length === 1, 60_000);
  assert.deepEqual(host.errors, []);
});

test('a StatefulSet is updated from the top, one at a time', async () => {
  await using host = await withStatefulSet();
  const image = { spec: { template: { spec: { containers: [{ name: 'c', image: 'a:2' }] } } } };
  await host.client.patch(STATEFUL_SETS, { namespace: 'default', name: 'db' }, { type: 'strategic', patch: image });
  const order: string[] = [];
  await host.until(
    async () => {
      for (const pod of await host.list<Pod>(PODS))
        if (pod.spec.containers[0]!.image === 'a:2' && !order.includes(pod.metadata.name))
          order.push(pod.metadata.name);
      const { status } = await theSet(host);
      return status?.currentRevision === status?.updateRevision && status?.readyReplicas === 3 && order.length === 3;
    },
    60_000,
    50,
  );
  assert.deepEqual(order, ['db-2', 'db-1', 'db-0']);
});

test('a DaemonSet has a pod on every eligible node and follows taints and new nodes', async () => {
  await using host = await TestHost.start();
  await host.client.patch(
    NODES,
    { name: 'n3' },
    { type: 'merge', patch: { spec: { taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] } } },
  );
  await host.create(DAEMON_SETS, {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: podTemplate('agent', 'a:1') },
  });
  const on = async (): Promise<string[]> => (await host.list<Pod>(PODS)).map(pod => pod.spec.nodeName ?? '').sort();
  await host.run(2_000);
  assert.deepEqual(await on(), ['n1', 'n2']);
  await host.addNode('n4');
  await host.run(2_000);
  assert.deepEqual(await on(), ['n1', 'n2', 'n4']);
  await host.client.patch(
    DAEMON_SETS,
    { namespace: 'default', name: 'agent' },
    { type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: 'c', image: 'a:2' }] } } } } },
  );
  await host.until(
    async () => {
      const set = (await host.list<DaemonSet>(DAEMON_SETS))[0]!;
      assert.ok((set.status?.numberUnavailable ?? 0) <= 1);
      return set.status?.updatedNumberScheduled === 3 && set.status.numberAvailable === 3;
    },
    60_000,
    50,
  );
});

test('a Job counts every failure once, waits between them and gives up at its limit', async () => {
  await using host = await TestHost.start({
    fate: pod => ({ phase: pod.metadata.labels?.app === 'good' ? 'Succeeded' : 'Failed', after_ms: 500 }),
  });
  const job = (name: string, spec: object): object => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { template: podTemplate(name, 'a', { restartPolicy: 'Never' }), ...spec },
  });
  await host.create(JOBS, job('good', { completions: 5, parallelism: 2, completionMode: 'Indexed' }));
  await host.create(JOBS, job('bad', { backoffLimit: 2 }));
  const get = async (name: string): Promise<Job> =>
    (await host.list<Job>(JOBS)).find(each => each.metadata.name === name)!;
  await host.until(
    async () => findCondition((await get('good')).status?.conditions, 'Complete')?.status === 'True',
    60_000,
  );
  const good = await get('good');
  assert.equal(good.status?.succeeded, 5);
  assert.equal(good.status?.completedIndexes, '0-4');
  await host.run(5_000);
  assert.equal((await get('bad')).status?.failed, 1, 'the second try waits ten seconds');
  await host.until(
    async () => findCondition((await get('bad')).status?.conditions, 'Failed')?.status === 'True',
    300_000,
  );
  const bad = await get('bad');
  assert.equal(bad.status?.failed, 3);
  assert.equal(findCondition(bad.status?.conditions, 'Failed')?.reason, 'BackoffLimitExceeded');
  assert.equal((await host.list<Pod>(PODS)).filter(pod => pod.metadata.finalizers?.length).length, 0);
  assert.deepEqual(host.errors, []);
});

test('pods of a lost node are evicted after their toleration and come up elsewhere', async () => {
  await using host = await TestHost.start();
  await host.create(DEPLOYMENTS, deploymentOf('web', 3));
  await host.until(async () => (await host.list<Pod>(PODS)).filter(isReady).length === 3);
  host.loseNode('n1');
  await host.run(70_000);
  const node = (await host.list<Node>(NODES)).find(each => each.metadata.name === 'n1')!;
  assert.equal(findCondition(node.status?.conditions, 'Ready')?.status, 'Unknown');
  assert.deepEqual(node.spec?.taints?.map(taint => `${taint.key}:${taint.effect}`).sort(), [
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ]);
  assert.equal((await host.list<Pod>(PODS)).filter(pod => pod.spec.nodeName === 'n1' && isTerminating(pod)).length, 0);
  await host.run(320_000);
  const pods = await host.list<Pod>(PODS);
  assert.equal(pods.filter(pod => isReady(pod) && pod.spec.nodeName !== 'n1').length, 3);
  await host.client.delete(NODES, { name: 'n1' });
  await host.run(120_000);
  assert.equal((await host.list<Pod>(PODS)).filter(pod => pod.spec.nodeName === 'n1').length, 0);
});

test('a more important pod preempts; the event speaks as kube-scheduler does', async () => {
  await using host = await TestHost.start({ nodes: 2 });
  const pod = (name: string, cpu: string, extra: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'a', resources: { requests: { cpu } } }],
      ...extra,
    },
  });
  await host.create(PODS, pod('small-1', '3'));
  await host.create(PODS, pod('small-2', '3'));
  await host.run(1_000);
  await host.create(PODS, pod('waiting', '2'));
  await host.run(1_000);
  const waiting = (await host.list<Pod>(PODS)).find(each => each.metadata.name === 'waiting')!;
  assert.equal(
    findCondition(waiting.status?.conditions, 'PodScheduled')?.message,
    '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
  );
  await host.client.create(
    { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' },
    { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 1000 },
  );
  await host.create(PODS, pod('important', '3', { priorityClassName: 'high' }));
  await host.run(30_000);
  const pods = await host.list<Pod>(PODS);
  assert.ok(pods.find(each => each.metadata.name === 'important')?.spec.nodeName);
  assert.equal(pods.filter(each => each.metadata.name.startsWith('small')).length, 1);
  assert.ok((await reasons(host, 'Pod')).some(text => text.startsWith('Preempted: Preempted by pod ')));
});

test('services get slices and Endpoints that follow readiness', async () => {
  await using host = await TestHost.start();
  await host.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
  await host.create(DEPLOYMENTS, deploymentOf('web', 3));
  await host.run(3_000);
  const slices = await host.list<EndpointSlice>(ENDPOINT_SLICES);
  assert.equal(slices.length, 1);
  assert.deepEqual(
    slices[0]!.endpoints.map(endpoint => endpoint.conditions?.ready),
    [true, true, true],
  );
  assert.equal(slices[0]!.ports?.[0]?.port, 8080);
  assert.equal((await host.list<Endpoints>(ENDPOINTS))[0]?.subsets?.[0]?.addresses?.length, 3);
  await host.client.delete(SERVICES, { namespace: 'default', name: 'web' });
  await host.run(3_000);
  assert.equal((await host.list(ENDPOINT_SLICES)).length, 0);
});

test('deleting: background, foreground and orphan, and whole namespaces', async () => {
  await using host = await TestHost.start();
  for (const name of ['back', 'fore', 'orphan']) await host.create(DEPLOYMENTS, deploymentOf(name, 1));
  await host.run(3_000);
  await host.client.delete(DEPLOYMENTS, { namespace: 'default', name: 'back' }, { propagationPolicy: 'Background' });
  await host.client.delete(DEPLOYMENTS, { namespace: 'default', name: 'fore' }, { propagationPolicy: 'Foreground' });
  await host.client.delete(DEPLOYMENTS, { namespace: 'default', name: 'orphan' }, { propagationPolicy: 'Orphan' });
  await host.run(60_000);
  assert.equal((await host.list(DEPLOYMENTS)).length, 0);
  const left = await host.list<ReplicaSet>(REPLICA_SETS);
  assert.deepEqual(
    left.map(set => [set.metadata.name.split('-')[0], set.metadata.ownerReferences]),
    [['orphan', undefined]],
  );
  assert.equal((await host.list<Pod>(PODS)).length, 1);
  await host.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await host.create(DEPLOYMENTS, deploymentOf('web', 2), 'shop');
  await host.run(3_000);
  assert.ok(
    (await host.list<KubeObject>(SERVICE_ACCOUNTS)).some(
      each => each.metadata.namespace === 'shop' && each.metadata.name === 'default',
    ),
  );
  assert.ok(
    (await host.list<ConfigMap>(CONFIG_MAPS)).some(
      each => each.metadata.namespace === 'shop' && each.data?.['ca.crt'] === 'test-ca',
    ),
  );
  await host.client.delete(NAMESPACES, { name: 'shop' });
  await host.run(60_000);
  assert.ok(!(await host.list<KubeObject>(NAMESPACES)).some(each => each.metadata.name === 'shop'));
  assert.deepEqual(
    (await host.list<Pod>(PODS)).map(pod => pod.metadata.namespace),
    ['default'],
  );
});

test('a namespace keeps everything else until its last pod is gone', async () => {
  await using host = await TestHost.start();
  await host.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await host.create(
    PODS,
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'slow', finalizers: ['example.org/wait'] },
      spec: { containers: [{ name: 'c', image: 'a:1' }] },
    } as KubeObject,
    'shop',
  );
  await host.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } }, 'shop');
  await host.client.delete(NAMESPACES, { name: 'shop' });
  await host.run(120_000);
  const kept = async (): Promise<boolean> =>
    (await host.list<ConfigMap>(CONFIG_MAPS)).some(({ metadata }) => metadata.name === 'kept');
  assert.ok(await kept());
  const [shop] = (await host.list<KubeObject>(NAMESPACES)).filter(({ metadata }) => metadata.name === 'shop');
  const conditions = (shop!.status as { conditions: { type: string; status: string; message: string }[] }).conditions;
  assert.equal(
    conditions.find(({ type }) => type === 'NamespaceContentRemaining')?.message,
    'Some resources are remaining: pods. has 1 resource instances',
  );
  await host.client.patch(
    PODS,
    { namespace: 'shop', name: 'slow' },
    { type: 'merge', patch: { metadata: { finalizers: null } } },
  );
  await host.run(60_000);
  assert.ok(!(await kept()));
  assert.ok(!(await host.list<KubeObject>(NAMESPACES)).some(({ metadata }) => metadata.name === 'shop'));
});
