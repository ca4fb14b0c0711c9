import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../base/index.ts';
import type { KubeObject } from '../kernel/object.ts';
import { WorkQueue } from '../kernel/workqueue.ts';
import { stepBudget } from './budget/step.ts';
import { nextTime, parseSchedule } from './cronjob/schedule.ts';
import { zoneNamed } from './cronjob/zone.ts';
import { boundsOf, proportionalSizes } from './deployment/bounds.ts';
import { stepGarbage } from './garbage/step.ts';
import { canonicalJson, sameJson } from './hash.ts';
import { formatIndexes, parseIndexes } from './job/indexes.ts';
import { stepJob } from './job/step.ts';
import { mayStay, silentConditions, taintsOf } from './node/step.ts';
import { amountOf, formatAmount, scaledValue } from './quantity.ts';
import { rankForDeletion } from './replicaset/rank.ts';
import { stepReplicaSet } from './replicaset/step.ts';
import { matchesSelector } from './selector.ts';
import type { Deployment, Job, Node, Pod, PodDisruptionBudget, ReplicaSet } from './types.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const at = (back_s: number): string => new Date(NOW - back_s * 1000).toISOString().replace(/\.\d+Z/, 'Z');

let serial = 0;
const pod = (name: string, extra: { status?: object; spec?: object; metadata?: object } = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'd',
      uid: `u-${name}-${serial++}`,
      resourceVersion: '1',
      creationTimestamp: at(100),
      ...extra.metadata,
    },
    spec: { containers: [{ name: 'c' }], ...extra.spec },
    status: extra.status,
  }) as unknown as Pod;
const ready = (since_s = 50): object => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(since_s) }],
});

for (const [value, total, round, want] of [
  ['25%', 10, 'up', 3],
  ['25%', 10, 'down', 2],
  ['0%', 10, 'up', 0],
  [3, 10, 'up', 3],
  ['100%', 7, 'down', 7],
  ['1%', 1, 'up', 1],
  ['1%', 1, 'down', 0],
] as const)
  test(`${value} of ${total} rounded ${round} is ${want}`, () => assert.equal(scaledValue(value, total, round), want));

for (const [resource, quantity, want] of [
  ['cpu', '100m', 100],
  ['cpu', '1', 1000],
  ['cpu', 0.5, 500],
  ['cpu', '0.1', 100],
  ['memory', '1Gi', 2 ** 30],
  ['memory', '1G', 1e9],
  ['memory', '1e3', 1000],
  ['pods', '110', 110],
  ['cpu', '1u', 1],
  ['memory', 'x', 0],
] as const)
  test(`${resource} ${quantity} counts ${want}`, () => assert.equal(amountOf(resource, quantity), want));

test('amounts are written back short', () => {
  assert.equal(formatAmount('cpu', 1500), '1500m');
  assert.equal(formatAmount('cpu', 2000), '2');
  assert.equal(formatAmount('memory', 2 ** 30), '1Gi');
});

for (const [strategy, replicas, surge, unavailable] of [
  [undefined, 10, 3, 2],
  [{ rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } }, 10, 0, 1],
  [{ rollingUpdate: { maxSurge: '0%', maxUnavailable: '10%' } }, 5, 0, 1],
  [{ rollingUpdate: { maxSurge: 1, maxUnavailable: 20 } }, 5, 1, 5],
  [{ type: 'Recreate' }, 5, 0, 0],
] as const)
  test(`bounds of ${JSON.stringify(strategy)} at ${replicas}`, () => {
    const deployment = { spec: { replicas, strategy } } as unknown as Deployment;
    assert.deepEqual(boundsOf(deployment), { wanted: replicas, maxSurge: surge, maxUnavailable: unavailable });
  });

test('a rollout that is scaled keeps its proportions', () => {
  const set = (name: string, replicas: number, created_s: number): ReplicaSet =>
    ({
      metadata: {
        name,
        creationTimestamp: at(created_s),
        annotations: { 'deployment.kubernetes.io/max-replicas': '13' },
      },
      spec: { replicas },
    }) as unknown as ReplicaSet;
  const deployment = {
    spec: { replicas: 15, strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } },
    status: { replicas: 13 },
  } as unknown as Deployment;
  const sizes = proportionalSizes(deployment, [set('old', 8, 100), set('new', 5, 10)]);
  assert.deepEqual(
    [...sizes].map(([each, size]) => [each.metadata.name, size]),
    [
      ['old', 11],
      ['new', 7],
    ],
  );
});

test('pods are deleted in the documented order', () => {
  const pods = [
    pod('old-ready', { spec: { nodeName: 'n' }, status: ready(5_000) }),
    pod('new-ready', { spec: { nodeName: 'n' }, status: ready(5) }),
    pod('cheap', {
      spec: { nodeName: 'n' },
      status: ready(5_000),
      metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-1' } },
    }),
    pod('not-ready', { spec: { nodeName: 'n' }, status: { phase: 'Running' } }),
    pod('pending', { spec: { nodeName: 'n' }, status: { phase: 'Pending' } }),
    pod('unassigned', { status: { phase: 'Pending' } }),
  ];
  assert.deepEqual(
    rankForDeletion(pods, [], NOW).map(each => each.metadata.name),
    ['unassigned', 'pending', 'not-ready', 'cheap', 'new-ready', 'old-ready'],
  );
});

const replicaSet = (replicas: number): ReplicaSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'rs', namespace: 'd', uid: 'rs', generation: 2 },
    spec: {
      replicas,
      minReadySeconds: 60,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [] } },
    },
  }) as unknown as ReplicaSet;
const owner = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'rs', controller: true }];

test('a ReplicaSet adopts, releases, creates and says when it wants to look again', () => {
  const step = stepReplicaSet({
    set: replicaSet(3),
    pods: [
      pod('mine', { metadata: { labels: { a: 'b' }, ownerReferences: owner }, status: ready(20) }),
      pod('orphan', { metadata: { labels: { a: 'b' } } }),
      pod('strayed', { metadata: { labels: { a: 'c' }, ownerReferences: owner } }),
      pod('dying', { metadata: { labels: { a: 'b' }, ownerReferences: owner, deletionTimestamp: at(1) } }),
      pod('foreign', { metadata: { labels: { a: 'b' }, ownerReferences: [{ ...owner[0]!, uid: 'x' }] } }),
    ],
    related: [],
    now_ms: NOW,
  });
  assert.deepEqual(
    step.effects.map(effect => effect.do),
    ['patch', 'patch', 'create'],
  );
  assert.equal(step.status.replicas, 2);
  assert.equal(step.status.readyReplicas, 1);
  assert.equal(step.status.availableReplicas, undefined);
  assert.equal(step.status.terminatingReplicas, 1);
  assert.equal(step.again_ms, 40_000);
});

for (const [text, zone, from, want] of [
  ['*/15 * * * *', 'UTC', '2026-01-01T00:01:00Z', '2026-01-01T00:15:00Z'],
  ['0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['@monthly', 'UTC', '2026-01-15T00:00:00Z', '2026-02-01T00:00:00Z'],
  ['30 6 * * mon-fri', 'UTC', '2026-01-02T07:00:00Z', '2026-01-05T06:30:00Z'],
  ['0 12 13 * fri', 'UTC', '2026-01-01T00:00:00Z', '2026-01-02T12:00:00Z'],
  ['0 9 * * *', 'America/New_York', '2026-03-07T15:00:00Z', '2026-03-08T13:00:00Z'],
  ['0 9 * * *', 'Asia/Kolkata', '2026-01-01T00:00:00Z', '2026-01-01T03:30:00Z'],
  ['@every 90s', 'UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:01:30Z'],
  ['0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z', undefined],
] as const)
  test(`${text} in ${zone} after ${from}`, () => {
    const schedule = parseSchedule(text);
    assert.ok(!('error' in schedule));
    const next_ms = nextTime(schedule, zoneNamed(zone)!, Date.parse(from));
    assert.equal(next_ms, want === undefined ? undefined : Date.parse(want));
  });

for (const text of [
  '',
  '* * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '*/0 * * * *',
  'a * * * *',
  '5-1 * * * *',
  '* * * * * *',
])
  test(`"${text}" is no schedule`, () => assert.ok('error' in parseSchedule(text)));

test('time zones that do not exist are none', () => assert.equal(zoneNamed('Mars/Phobos'), undefined));

test('index lists are written as ranges and read back', () => {
  assert.equal(formatIndexes([5, 1, 3, 4, 7, 8]), '1,3-5,7,8');
  assert.deepEqual([...parseIndexes('1,3-5,7-9999999,x', 9)], [1, 3, 4, 5, 7, 8]);
});

const job = (spec: object, status: object = {}): Job =>
  ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: 'd', uid: 'j' },
    spec: { template: { spec: { containers: [], restartPolicy: 'Never' } }, ...spec },
    status,
  }) as unknown as Job;
const jobPod = (name: string, phase: string, exitCode = 1, extra: object = {}): Pod =>
  pod(name, {
    metadata: {
      labels: { 'batch.kubernetes.io/controller-uid': 'j' },
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j', controller: true }],
      ...extra,
    },
    status: { phase, containerStatuses: [{ name: 'c', state: { terminated: { exitCode, finishedAt: at(1_000) } } }] },
  });
const statusAfter = (input: Job, pods: Pod[]) => {
  const effect = stepJob({ job: input, pods, now_ms: NOW }).effects.find(each => each.do === 'update');
  return effect?.do === 'update' ? (effect.object as Job).status : undefined;
};

test('a failure policy ends a Job, ignores a disruption, and counts the rest', () => {
  const rules = [
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ];
  const fatal = statusAfter(job({ podFailurePolicy: { rules } }), [jobPod('p', 'Failed', 42)]);
  assert.deepEqual(
    fatal?.conditions?.map(each => [each.type, each.reason]),
    [['FailureTarget', 'PodFailurePolicy']],
  );
  assert.match(
    fatal?.conditions?.[0]?.message ?? '',
    /^Container c for pod d\/p failed with exit code 42 matching FailJob rule at index 0$/,
  );
  const disrupted = jobPod('p', 'Failed', 1);
  (disrupted.status as { conditions: object[] }).conditions = [{ type: 'DisruptionTarget', status: 'True' }];
  assert.equal(
    statusAfter(job({ podFailurePolicy: { rules } }), [disrupted])?.uncountedTerminatedPods?.failed,
    undefined,
  );
  assert.equal(
    statusAfter(job({ podFailurePolicy: { rules } }), [jobPod('p', 'Failed', 1)])?.uncountedTerminatedPods?.failed
      ?.length,
    1,
  );
});

test('an index that fails too often fails alone', () => {
  const index = (n: number, failures: number): object => ({
    annotations: {
      'batch.kubernetes.io/job-completion-index': String(n),
      'batch.kubernetes.io/job-index-failure-count': String(failures),
    },
  });
  const spec = { completions: 3, parallelism: 3, completionMode: 'Indexed', backoffLimitPerIndex: 1 };
  const status = statusAfter(job(spec), [
    jobPod('a', 'Failed', 1, index(0, 1)),
    jobPod('b', 'Succeeded', 0, index(1, 0)),
    jobPod('c', 'Running', 0, index(2, 0)),
  ]);
  assert.equal(status?.failedIndexes, '0');
  assert.equal(status?.completedIndexes, '1');
  assert.equal(status?.conditions, undefined);
});

test('a success policy is enough', () => {
  const spec = {
    completions: 3,
    parallelism: 3,
    completionMode: 'Indexed',
    successPolicy: { rules: [{ succeededIndexes: '0' }] },
  };
  const leader = jobPod('a', 'Succeeded', 0, { annotations: { 'batch.kubernetes.io/job-completion-index': '0' } });
  assert.deepEqual(
    statusAfter(job(spec), [leader])?.conditions?.map(each => [each.type, each.reason]),
    [['SuccessCriteriaMet', 'SuccessPolicy']],
  );
});

test('a suspended Job has no pods and no start time', () => {
  const running = jobPod('a', 'Running');
  const step = stepJob({ job: job({ suspend: true }, { startTime: at(50) }), pods: [running], now_ms: NOW });
  assert.ok(step.effects.some(effect => effect.do === 'delete'));
  assert.equal(statusAfter(job({ suspend: true }, { startTime: at(50) }), [running])?.startTime, undefined);
});

const budget = (spec: object): PodDisruptionBudget =>
  ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b', namespace: 'd' },
    spec,
  }) as unknown as PodDisruptionBudget;

for (const [spec, healthy, replicas, allowed] of [
  [{ minAvailable: 2 }, 3, 3, 1],
  [{ minAvailable: '50%' }, 3, 3, 1],
  [{ maxUnavailable: 1 }, 3, 3, 1],
  [{ maxUnavailable: '30%' }, 3, 3, 1],
  [{ maxUnavailable: 1 }, 2, 3, 0],
  [{ minAvailable: '100%' }, 3, 3, 0],
] as const)
  test(`budget ${JSON.stringify(spec)} with ${healthy} of ${replicas} allows ${allowed}`, () => {
    const pods = Array.from({ length: healthy }, (_, i) =>
      pod(`p${i}`, { status: ready(), metadata: { ownerReferences: owner } }),
    );
    const { status } = stepBudget({
      budget: budget(spec),
      pods,
      scaleOf: () => ({ uid: 'rs', replicas }),
      now_ms: NOW,
    });
    assert.equal(status.disruptionsAllowed, allowed);
  });

test('a budget over pods without a controller allows nothing by percentage and says why', () => {
  const { status } = stepBudget({
    budget: budget({ maxUnavailable: 1 }),
    pods: [pod('p', { status: ready() })],
    scaleOf: () => undefined,
    now_ms: NOW,
  });
  assert.equal(status.disruptionsAllowed, 0);
  assert.equal(status.conditions?.[0]?.reason, 'SyncFailed');
});

const node = (conditions: object[], spec: object = {}): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n', creationTimestamp: at(500) },
    spec,
    status: { conditions },
  }) as unknown as Node;

test('a silent node becomes unknown after fifty seconds, once', () => {
  const fresh = node([{ type: 'Ready', status: 'True' }]);
  assert.equal(silentConditions(fresh, 49_999, NOW), undefined);
  const lost = silentConditions(fresh, 50_000, NOW);
  assert.equal(lost?.[0]?.message, 'Kubelet stopped posting node status.');
  assert.equal(silentConditions(node(lost ?? []), 90_000, NOW), undefined);
});

test('conditions become taints and go with them; taints of others stay', () => {
  const own = { key: 'mine', effect: 'NoSchedule' };
  const keys = (each: Node): string[] => taintsOf(each, NOW).map(taint => `${taint.key}:${taint.effect}`);
  assert.deepEqual(keys(node([{ type: 'Ready', status: 'False' }], { taints: [own] })), [
    'mine:NoSchedule',
    'node.kubernetes.io/not-ready:NoSchedule',
    'node.kubernetes.io/not-ready:NoExecute',
  ]);
  assert.deepEqual(
    keys(
      node([{ type: 'Ready', status: 'True' }], {
        taints: [own, { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }],
      }),
    ),
    ['mine:NoSchedule'],
  );
  assert.deepEqual(
    keys(
      node(
        [
          { type: 'Ready', status: 'True' },
          { type: 'DiskPressure', status: 'True' },
        ],
        { unschedulable: true },
      ),
    ),
    ['node.kubernetes.io/disk-pressure:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule'],
  );
});

for (const [tolerations, want] of [
  [[], 0],
  [[{ key: 'k', operator: 'Exists', effect: 'NoExecute' }], undefined],
  [[{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }], 20_000],
  [[{ operator: 'Exists' }], undefined],
  [[{ key: 'other', operator: 'Exists' }], 0],
] as const)
  test(`with ${JSON.stringify(tolerations)} a pod may stay ${want}`, () =>
    assert.equal(
      mayStay(pod('p', { spec: { tolerations } }), [{ key: 'k', effect: 'NoExecute' }], () => NOW - 10_000, NOW),
      want,
    ));

test('the collector never touches what has a living or an unknown owner', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'c',
      namespace: 'd',
      uid: 'c',
      ownerReferences: [
        { apiVersion: 'v1', kind: 'X', name: 'a', uid: 'a' },
        { apiVersion: 'v1', kind: 'X', name: 'b', uid: 'b' },
      ],
    },
  } as KubeObject;
  const ref = { group: '', version: 'v1', resource: 'configmaps' };
  const act = (a: 'absent' | 'unknown', b: 'absent' | 'unknown'): string[] =>
    stepGarbage({
      node: { ref, object },
      dependents: [],
      circular: false,
      ownerOf: ({ uid }) => (uid === 'a' ? a : b),
    }).map(effect => effect.do);
  assert.deepEqual(act('absent', 'absent'), ['delete']);
  assert.deepEqual(act('absent', 'unknown'), ['patch']);
  assert.deepEqual(act('unknown', 'unknown'), []);
});

test('selectors and hostile keys', () => {
  assert.ok(!matchesSelector({ matchLabels: { constructor: 'x' } }, {}));
  assert.ok(!matchesSelector({ matchExpressions: [{ key: '__proto__', operator: 'Exists' }] }, {}));
  assert.ok(matchesSelector({}, {}));
  assert.ok(!matchesSelector(undefined, { a: 'b' }));
  assert.ok(sameJson({ a: 1, b: undefined }, { a: 1 }));
  assert.ok(!sameJson({}, { constructor: 1 }));
  assert.equal(canonicalJson({ b: [1, null], a: undefined, c: 'x' }), '{"b":[1,null],"c":"x"}');
});

test('a work queue hands a key to one worker at a time, earliest delay first, with growing back-off', async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  queue.add('a');
  queue.add('a');
  assert.equal(await queue.take(), 'a');
  queue.add('a');
  let second: string | undefined;
  const waiting = queue.take().then(key => {
    second = key;
  });
  await Promise.resolve();
  assert.equal(second, undefined, 'not while the first worker has it');
  queue.done('a');
  await waiting;
  assert.equal(second, 'a');
  queue.done('a');
  queue.addAfter('late', 1_000);
  queue.addAfter('soon', 10);
  queue.addAfter('late', 20);
  clock.advance(10);
  assert.equal(await queue.take(), 'soon');
  clock.advance(10);
  assert.equal(await queue.take(), 'late');
  queue.done('late');
  queue.done('soon');
  for (const delay_ms of [5, 10, 20, 40]) {
    queue.addRateLimited('f');
    clock.advance(delay_ms - 1);
    assert.equal(queue.size, 0);
    clock.advance(1);
    assert.equal(await queue.take(), 'f');
    queue.done('f');
  }
  const last = queue.take();
  queue.close();
  assert.equal(await last, undefined);
});

test('a Job whose deadline is over waits for its last pods, and does not ask again at once meanwhile', () => {
  const late = job({ activeDeadlineSeconds: 10 }, { startTime: at(50) });
  const step = stepJob({ job: late, pods: [jobPod('p', 'Running')], now_ms: NOW });
  assert.ok(step.effects.some(each => each.do === 'delete'));
  assert.equal(step.again_ms, undefined);
  const early = stepJob({ job: job({ activeDeadlineSeconds: 60 }, { startTime: at(50) }), pods: [], now_ms: NOW });
  assert.equal(early.again_ms, 10_000);
});
