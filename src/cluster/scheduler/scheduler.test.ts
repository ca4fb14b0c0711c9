import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/index.ts';
import type { Node, Pod } from '../types.ts';
import { decide } from './decide.ts';
import { explainScheduling } from './explain.ts';
import { SchedulingQueue } from './queue.ts';
import { podRequests } from './requests.ts';
import { type SnapshotObjects, snapshotOf } from './snapshot.ts';

const node = (
  name: string,
  extra: { labels?: object; taints?: object[]; allocatable?: object; spec?: object; images?: object[] } = {},
): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...extra.labels } },
    spec: { ...(extra.taints ? { taints: extra.taints } : {}), ...extra.spec },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...extra.allocatable }, images: extra.images },
  }) as unknown as Node;

let serial = 0;
const pod = (
  name: string,
  spec: object = {},
  extra: { labels?: object; on?: string; status?: object; namespace?: string } = {},
): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: extra.namespace ?? 'd',
      uid: `u${serial++}`,
      labels: extra.labels,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { containers: [{ name: 'c' }], ...(extra.on ? { nodeName: extra.on } : {}), ...spec },
    status: extra.status,
  }) as unknown as Pod;
const cpu = (amount: string): object => ({ containers: [{ name: 'c', resources: { requests: { cpu: amount } } }] });

const outcome = (which: Pod, objects: SnapshotObjects): string => {
  const decision = decide(which, snapshotOf(objects));
  return 'node' in decision ? `on ${decision.node}` : decision.message;
};

const helpless = (total: number): string =>
  ` no new claims to deallocate, preemption: 0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;
const victimless = (total: number): string =>
  ` no new claims to deallocate, preemption: 0/${total} nodes are available: ${total} No preemption victims found for incoming pod.`;
const labels = { app: 'w' };
const zone = (value: string): { labels: object } => ({ labels: { zone: value } });
const term = { labelSelector: { matchLabels: labels }, topologyKey: 'zone' };
const near = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
const far = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
const spread = {
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: labels } },
  ],
};
const mount = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] };
const port = { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] };

const ROWS: readonly (readonly [string, Pod, SnapshotObjects, string])[] = [
  ['no nodes', pod('p'), { nodes: [], pods: [] }, 'no nodes available to schedule pods'],
  ['enough room', pod('p', cpu('1')), { nodes: [node('a')], pods: [] }, 'on a'],
  [
    'three nodes, three reasons',
    pod('p', cpu('2')),
    {
      nodes: [
        node('a'),
        node('b', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] }),
        node('c', { spec: { unschedulable: true } }),
      ],
      pods: [pod('x', cpu('3'), { on: 'a' })],
    },
    '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.',
  ],
  [
    'more than a node has',
    pod('p', cpu('9')),
    { nodes: [node('a')], pods: [] },
    `0/1 nodes are available: 1 Insufficient cpu.${helpless(1)}`,
  ],
  [
    'too many pods',
    pod('p'),
    { nodes: [node('a', { allocatable: { pods: '1' } })], pods: [pod('x', {}, { on: 'a' })] },
    `0/1 nodes are available: 1 Too many pods.${victimless(1)}`,
  ],
  [
    'an ended pod takes nothing',
    pod('p', cpu('3')),
    { nodes: [node('a')], pods: [pod('x', cpu('3'), { on: 'a', status: { phase: 'Succeeded' } })] },
    'on a',
  ],
  [
    'a toleration',
    pod('p', { tolerations: [{ key: 'k', operator: 'Exists' }] }),
    { nodes: [node('a', { taints: [{ key: 'k', effect: 'NoSchedule' }] })], pods: [] },
    'on a',
  ],
  [
    'a node selector',
    pod('p', { nodeSelector: { disk: 'ssd' } }),
    { nodes: [node('a')], pods: [] },
    `0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.${helpless(1)}`,
  ],
  [
    'a host port in use',
    pod('p', port),
    { nodes: [node('a')], pods: [pod('x', port, { on: 'a' })] },
    `0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.${victimless(1)}`,
  ],
  [
    'affinity to nobody',
    pod('p', near),
    { nodes: [node('a', zone('1'))], pods: [] },
    `0/1 nodes are available: 1 node(s) didn't match pod affinity rules.${helpless(1)}`,
  ],
  ['affinity to oneself', pod('p', near, { labels }), { nodes: [node('a', zone('1'))], pods: [] }, 'on a'],
  [
    'affinity to a zone',
    pod('p', near),
    {
      nodes: [node('a', zone('1')), node('b', zone('2')), node('c', zone('2'))],
      pods: [pod('x', cpu('4'), { on: 'b', labels })],
    },
    'on c',
  ],
  [
    'anti-affinity of one’s own',
    pod('p', far),
    { nodes: [node('a', zone('1'))], pods: [pod('x', {}, { on: 'a', labels })] },
    `0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.${victimless(1)}`,
  ],
  [
    'anti-affinity of others',
    pod('p', {}, { labels }),
    { nodes: [node('a', zone('1'))], pods: [pod('x', far, { on: 'a' })] },
    `0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.${victimless(1)}`,
  ],
  [
    'anti-affinity ends at the namespace',
    pod('p', far, { namespace: 'other' }),
    { nodes: [node('a', zone('1'))], pods: [pod('x', {}, { on: 'a', labels })] },
    'on a',
  ],
  [
    'spread',
    pod('p', spread, { labels }),
    {
      nodes: [node('a', zone('1')), node('b', { labels: { zone: '2' }, allocatable: { cpu: '0' } })],
      pods: [pod('x', {}, { on: 'a', labels })],
    },
    'on b',
  ],
  [
    'a skew too large',
    pod('p', { ...spread, ...cpu('1') }, { labels }),
    {
      nodes: [node('a', zone('1')), node('b', { labels: { zone: '2' }, allocatable: { cpu: '0' } })],
      pods: [pod('x', {}, { on: 'a', labels })],
    },
    "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
  ],
  [
    'a node outside every zone',
    pod('p', spread, { labels }),
    { nodes: [node('a')], pods: [] },
    `0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).${helpless(1)}`,
  ],
  [
    'a claim that is missing',
    pod('p', mount),
    { nodes: [node('a')], pods: [] },
    `0/1 nodes are available: persistentvolumeclaim "c" not found.${helpless(1)}`,
  ],
  [
    'a claim that is not bound',
    pod('p', mount),
    { nodes: [node('a')], pods: [], claims: [{ metadata: { name: 'c', namespace: 'd' }, spec: {} } as never] },
    `0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.${helpless(1)}`,
  ],
  [
    'a volume elsewhere',
    pod('p', mount),
    {
      nodes: [node('a'), node('b')],
      pods: [],
      claims: [
        { metadata: { name: 'c', namespace: 'd' }, spec: { volumeName: 'v' }, status: { phase: 'Bound' } } as never,
      ],
      volumes: [
        {
          metadata: { name: 'v' },
          spec: {
            nodeAffinity: {
              required: {
                nodeSelectorTerms: [
                  { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] },
                ],
              },
            },
          },
        } as never,
      ],
    },
    'on b',
  ],
  [
    'preemption forbidden',
    pod('p', { ...cpu('3'), priority: 9, preemptionPolicy: 'Never' }),
    { nodes: [node('a')], pods: [pod('x', cpu('3'), { on: 'a' })] },
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
  ],
];

for (const [name, which, objects, want] of ROWS)
  test(`scheduling: ${name}`, () => assert.equal(outcome(which, objects), want));

test('sidecars count with what runs beside them, init containers by their peak', () => {
  const container = (amount: string, extra: object = {}): object => ({
    name: 'c',
    resources: { requests: { cpu: amount } },
    ...extra,
  });
  const requests = podRequests(
    pod('p', {
      containers: [container('100m')],
      initContainers: [container('50m', { restartPolicy: 'Always' }), container('400m')],
      overhead: { cpu: '10m' },
    }),
  );
  assert.equal(requests.get('cpu'), 460);
});

test('preemption takes the least important and spares budgets', () => {
  const victim = (name: string, on: string, priority: number, app: string): Pod =>
    pod(name, { ...cpu('4'), priority }, { on, labels: { app } });
  const objects = {
    nodes: [node('a'), node('b'), node('c')],
    pods: [victim('va', 'a', 5, 'x'), victim('vb', 'b', 1, 'guarded'), victim('vc', 'c', 3, 'x')],
    budgets: [
      {
        metadata: { name: 'b', namespace: 'd' },
        spec: { selector: { matchLabels: { app: 'guarded' } } },
        status: { disruptionsAllowed: 0 },
      } as never,
    ],
  };
  const decision = decide(pod('p', { ...cpu('2'), priority: 100 }), snapshotOf(objects));
  assert.ok(!('node' in decision));
  assert.deepEqual(
    [decision.preemption?.node, decision.preemption?.victims.map(each => each.metadata.name)],
    ['c', ['vc']],
  );
});

test('replicas of a workload spread over nodes', () => {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }];
  const replica = (on?: string): Pod => {
    const made = pod('r', cpu('100m'), on ? { on } : {});
    return { ...made, metadata: { ...made.metadata, ownerReferences } };
  };
  assert.equal(outcome(replica(), { nodes: [node('a'), node('b')], pods: [replica('a')] }), 'on b');
});

test('an image that is there draws a pod', () => {
  const image = { names: ['big:1'], sizeBytes: 900 * 2 ** 20 };
  assert.equal(
    outcome(pod('p', { containers: [{ name: 'c', image: 'big:1' }] }), {
      nodes: [node('a'), node('b', { images: [image] })],
      pods: [],
    }),
    'on b',
  );
});

test('why: every reason of every node, in both languages, the very decision of the scheduler', () => {
  const tainted = node('b', {
    taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
    spec: { unschedulable: true },
  });
  const [answer] = explainScheduling(
    pod('p', cpu('3')),
    snapshotOf({ nodes: [node('a'), tainted], pods: [pod('x', cpu('2'), { on: 'a' })] }),
  );
  assert.equal(answer?.outcome, 'deny');
  assert.deepEqual(
    answer.nearMisses.map(miss => [miss.rule.name, miss.rule.rule]),
    [
      ['a', 'NodeResourcesFit'],
      ['b', 'NodeUnschedulable'],
      ['b', 'TaintToleration'],
    ],
  );
  assert.match(answer.nearMisses[0]!.failed.en, /cpu: 3 asked for, 2 of 4 free/);
  assert.match(answer.nearMisses[2]!.failed.zh, /gpu=yes:NoSchedule/);
  assert.match(answer.because[0]!.en, /^0\/2 nodes are available: 1 Insufficient cpu/);
  assert.equal(
    explainScheduling(
      pod('g', { schedulingGates: [{ name: 'example.com/wait' }] }),
      snapshotOf({ nodes: [node('a')], pods: [] }),
    )[0]?.outcome,
    'deny',
  );
  assert.equal(explainScheduling(pod('q'), snapshotOf({ nodes: [node('a')], pods: [] }))[0]?.value, 'a');
});

test('the queue serves the important first, holds back the hopeless, and wakes them by what may help', () => {
  const clock = new VirtualClock();
  const queue = new SchedulingQueue(clock, () => undefined);
  const low = pod('low');
  const high = pod('high', { priority: 10 });
  queue.offer(low, false);
  queue.offer(high, false);
  assert.equal(queue.next(), high);
  queue.refused(high.metadata.uid, new Set(['TaintToleration']));
  assert.equal(queue.next(), low);
  queue.refused(low.metadata.uid, new Set(['NodeResourcesFit']));
  assert.equal(queue.next(), undefined);
  queue.happened('pod-gone');
  assert.equal(queue.unschedulableCount, 1, 'a pod that went does not remove a taint');
  clock.advance(999);
  assert.equal(queue.next(), undefined);
  clock.advance(1);
  assert.equal(queue.next(), low);
  queue.happened('pod-gone');
  queue.refused(low.metadata.uid, new Set(['NodeResourcesFit']));
  clock.advance(2_000);
  assert.equal(queue.next(), low, 'an event during the attempt is not lost');
  queue.refused(low.metadata.uid, new Set(['NodeResourcesFit']));
  clock.advance(330_000);
  assert.deepEqual([queue.next(), queue.next()], [high, low], 'nothing waits for ever');
});

test('a binding that broke is tried again after a pause, however long the pod has waited before', () => {
  const clock = new VirtualClock();
  const queue = new SchedulingQueue(clock, () => undefined);
  const waiting = pod('waiting');
  queue.offer(waiting, false);
  clock.advance(60_000);
  assert.equal(queue.next(), waiting);
  queue.failed(waiting.metadata.uid);
  assert.equal(queue.next(), undefined, 'not at the same instant');
  clock.advance(1_000);
  assert.equal(queue.next(), waiting);
});
