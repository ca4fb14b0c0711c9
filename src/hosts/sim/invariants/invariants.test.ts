import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INITIAL_EVENTS_END } from '../../../kernel/index.ts';
import { type Fields, History } from '../testing/history.ts';

const owner = (kind: string, uid: string, name: string): Fields => ({
  ownerReferences: [{ apiVersion: 'v1', kind, uid, name, controller: true }],
});
const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const pod = (metadata: Fields, spec: Fields = {}, status: Fields = READY): Fields => ({
  kind: 'Pod',
  metadata,
  spec,
  status,
});
const GOING = { deletionTimestamp: '1970-01-01T00:03:20Z' };
const SET = 'apps/replicasets/s/web-1';
const cpu = (amount: string): Fields => ({ containers: [{ name: 'c', resources: { requests: { cpu: amount } } }] });
const EVICTED = {
  ...READY,
  conditions: [...READY.conditions, { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }],
};

const deployed = (history: History, sizes: readonly [number, number]): History =>
  history
    .put('apps/deployments', 's/web', {
      kind: 'Deployment',
      spec: { replicas: 4, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
    })
    .put(
      'apps/replicasets',
      's/web-1',
      {
        kind: 'ReplicaSet',
        metadata: owner('Deployment', 'apps/deployments/s/web', 'web'),
        spec: { replicas: sizes[0] },
      },
      10_000,
    )
    .put(
      'apps/replicasets',
      's/web-2',
      {
        kind: 'ReplicaSet',
        metadata: owner('Deployment', 'apps/deployments/s/web', 'web'),
        spec: { replicas: sizes[1] },
      },
      10_000,
    );

/** An autoscaled Deployment under a constant demand goes from 4 to another count. */
const autoscaled = (history: History, demand: number, to: number): History =>
  history
    .put('autoscaling/horizontalpodautoscalers', 's/web', {
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 6 },
    })
    .put('apps/deployments', 's/web', { kind: 'Deployment', spec: { replicas: 4 } })
    .demand(demand)
    .later(200_000)
    .put('apps/deployments', 's/web', { kind: 'Deployment', metadata: { generation: 2 }, spec: { replicas: to } })
    .call({ by: 'scaling', verb: 'update', collection: 'apps/deployments', path: 's/web' });

/** A pod on a node that repels it, and how long it has stayed. */
const repelled = (history: History, stays_ms: number): History => {
  const taints = [{ key: 'gone', effect: 'NoExecute' }];
  return history
    .put('nodes', 'n', { kind: 'Node', spec: {} })
    .put(
      'pods',
      's/a',
      pod({}, { nodeName: 'n', tolerations: [{ key: 'gone', operator: 'Exists', tolerationSeconds: 20 }] }),
    )
    .put('nodes', 'n', { kind: 'Node', spec: { taints } })
    .later(stays_ms);
};

const job = (status: Fields): Fields => ({ kind: 'Job', metadata: {}, spec: { completions: 3 }, status });
/** An index of a Job ran, was let go of while it went or not, ended well, and is run again. */
const again = (history: History, letGo: boolean): History => {
  const of = (more: Fields): Fields => ({
    ...owner('Job', 'batch/jobs/s/j', 'j'),
    annotations: { 'batch.kubernetes.io/job-completion-index': '0' },
    ...more,
  });
  const tracked = { finalizers: ['batch.kubernetes.io/job-tracking'] };
  return history
    .put('batch/jobs', 's/j', { kind: 'Job', metadata: {}, spec: { completions: 3, completionMode: 'Indexed' } })
    .put('pods', 's/j-0', pod(of(tracked)))
    .later(100_000)
    .put('pods', 's/j-0', pod(of({ ...GOING, ...(letGo ? {} : tracked) }), {}, { phase: 'Succeeded' }))
    .later(100_000)
    .put('pods', 's/j-1', pod(of(tracked)));
};
const cron = (history: History, finished: boolean): History =>
  history
    .put('batch/cronjobs', 's/tick', { kind: 'CronJob', spec: { concurrencyPolicy: 'Forbid' } })
    .put('batch/jobs', 's/tick-1', {
      kind: 'Job',
      metadata: owner('CronJob', 'batch/cronjobs/s/tick', 'tick'),
      status: { conditions: finished ? [{ type: 'Complete', status: 'True' }] : [] },
    })
    .put('batch/jobs', 's/tick-2', { kind: 'Job', metadata: owner('CronJob', 'batch/cronjobs/s/tick', 'tick') });
const quota = (history: History, pods: number): History => {
  history.put('resourcequotas', 's/all', { spec: { hard: { pods: '2' } } });
  for (let at = 0; at < pods; at++) history.put('pods', `s/p${at}`, pod({}));
  return history;
};
const node = (history: History, asked: string): History =>
  history
    .put('nodes', 'n1', { status: { allocatable: { cpu: '2' }, conditions: [{ type: 'Ready', status: 'True' }] } })
    .put('pods', 's/a', pod({}, { ...cpu('1'), nodeName: 'n1' }))
    .put('pods', 's/b', pod({}, { ...cpu(asked), nodeName: 'n1' }));
/** A pod that was refused, and half a minute later the one that had its room is gone. */
const waits = (history: History, asked: string, ms: number): History =>
  history
    .put('nodes', 'n1', {
      status: { allocatable: { cpu: '2', memory: '1Gi', pods: '9' }, conditions: [{ type: 'Ready', status: 'True' }] },
    })
    .put('pods', 's/a', pod({}, { ...cpu('1500m'), nodeName: 'n1' }))
    .put(
      'pods',
      's/b',
      pod({}, cpu(asked), { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False' }] }),
    )
    .later(30_000)
    .put('pods', 's/a', undefined)
    .later(ms / 2)
    .later(ms / 2);
const budget = (history: History, minAvailable: number): History =>
  history
    .put('policy/poddisruptionbudgets', 's/web', { spec: { selector: { matchLabels: { a: 'b' } }, minAvailable } })
    .put('pods', 's/a', pod({ labels: { a: 'b' } }))
    .put('pods', 's/b', pod({ labels: { a: 'b' } }, {}, EVICTED))
    .put('pods', 's/b', pod({ labels: { a: 'b' }, ...GOING }, {}, EVICTED));
const service =
  (name: string, clusterIP: string): ((history: History) => History) =>
  history =>
    history.put('services', `s/${name}`, { spec: { clusterIP } });
const lease = (renewTime: string): Fields => ({ spec: { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime } });
const lost = (history: History, silent_ms: number): History =>
  history
    .put('nodes', 'n1', { status: { conditions: [{ type: 'Ready', status: 'True' }] } })
    .put('coordination.k8s.io/leases', 'kube-node-lease/n1', lease('now'))
    .put('nodes', 'n1', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }, silent_ms);
/** Daemons on three nodes, none on n1; the one of n3 goes, whose node has these taints. */
const daemonGoes = (history: History, taints: readonly Fields[]): History => {
  const set = { ...owner('DaemonSet', 'apps/daemonsets/s/agent', 'agent') };
  const nodeStatus = { conditions: [{ type: 'Ready', status: 'True' }] };
  for (const name of ['n1', 'n2']) history.put('nodes', name, { spec: {}, status: nodeStatus });
  history.put('nodes', 'n3', { spec: { taints }, status: nodeStatus });
  history.put('apps/daemonsets', 's/agent', {
    kind: 'DaemonSet',
    spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 1 } } },
  });
  return history
    .put('pods', 's/agent-2', pod(set, { nodeName: 'n2' }))
    .put('pods', 's/agent-3', pod(set, { nodeName: 'n3' }))
    .later(10_000)
    .put('pods', 's/agent-3', pod({ ...set, ...GOING }, { nodeName: 'n3' }))
    .call({ verb: 'delete', path: 's/agent-3' });
};
/** A surging DaemonSet of one full node: the old pod serves, the new one of a core waits while others ask for so much. */
const surging = (history: History, asked: string): History => {
  const set = owner('DaemonSet', 'apps/daemonsets/s/fleet', 'fleet');
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['n1'] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  const daemon = (image: string): Fields => ({
    containers: [{ name: 'c', image, resources: { requests: { cpu: '1' } } }],
  });
  const status = {
    observedGeneration: 1,
    desiredNumberScheduled: 1,
    currentNumberScheduled: 1,
    numberReady: 1,
    numberAvailable: 1,
  };
  return history
    .put('nodes', 'n1', { status: { allocatable: { cpu: '2' }, conditions: [{ type: 'Ready', status: 'True' }] } })
    .put('apps/daemonsets', 's/fleet', {
      kind: 'DaemonSet',
      spec: { template: { spec: daemon('a:2') }, updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      status,
    })
    .put('pods', 's/other', pod({}, { ...cpu(asked), nodeName: 'n1' }))
    .put('pods', 's/fleet-1', pod(set, { ...daemon('a:1'), nodeName: 'n1' }))
    .put('pods', 's/fleet-2', pod(set, { ...daemon('a:2'), affinity }, { phase: 'Pending' }))
    .end();
};
const three = (history: History): History =>
  history.put('pods', 's/a', pod({})).put('pods', 's/b', pod({})).put('pods', 's/a', undefined);

/** Invariant, a history it must tell of, and one much like it that is as it should be. */
const ROWS: readonly (readonly [string, (history: History) => History, (history: History) => History])[] = [
  [
    'lifecycle',
    history => history.put('pods', 's/a', pod(GOING)).put('pods', 's/a', pod({})),
    history => history.put('pods', 's/a', pod({})).put('pods', 's/a', pod(GOING)),
  ],
  [
    'lifecycle',
    history => history.put('namespaces', 's', {}).put('configmaps', 's/m', {}).put('namespaces', 's', undefined),
    history =>
      history
        .put('namespaces', 's', {})
        .put('configmaps', 's/m', {})
        .put('configmaps', 's/m', undefined)
        .put('namespaces', 's', undefined),
  ],
  [
    'lifecycle',
    history =>
      history
        .put('configmaps', 's/m', { metadata: { finalizers: ['x/y'] } })
        .put('configmaps', 's/m', undefined)
        .call({ verb: 'delete', collection: 'configmaps', path: 's/m' })
        .later(1),
    history =>
      history
        .put('configmaps', 's/m', { metadata: { finalizers: ['x/y'] } })
        .put('configmaps', 's/m', undefined)
        .call({ verb: 'delete', collection: 'configmaps', path: 's/m' })
        .call({ verb: 'patch', collection: 'configmaps', path: 's/m', code: 0 })
        .later(1),
  ],
  ['eviction', history => repelled(history, 60_000), history => repelled(history, 30_000)],
  ['autoscale', history => autoscaled(history, 4, 6), history => autoscaled(history, 5.5, 6)],
  ['autoscale', history => autoscaled(history, 4, 2), history => autoscaled(history, 1, 2)],
  ['autoscale', history => autoscaled(history, 9, 8), history => autoscaled(history, 9, 6)],
  [
    'denied',
    history => history.traffic('denied').traffic('ok').traffic('denied'),
    history =>
      history
        .traffic('denied')
        .put('networking.k8s.io/networkpolicies', 's/p', { spec: { ingress: [] } })
        .traffic('ok')
        .put('networking.k8s.io/networkpolicies', 's/p', undefined)
        .traffic('denied'),
  ],
  [
    'writes',
    history => three(history).call({ verb: 'update', path: 's/a', revision: 2 }),
    history => three(history).call({ verb: 'update', path: 's/b', revision: 2 }),
  ],
  [
    'writes',
    history =>
      history
        .put('pods', 's/a', pod({}))
        .put('pods', 's/a', pod({}))
        .put('pods', 's/a', pod({}))
        .call({ verb: 'update', path: 's/a', revision: 3, expected: '1' }),
    history =>
      history
        .put('pods', 's/a', pod({}))
        .put('pods', 's/a', pod({}))
        .call({ verb: 'update', path: 's/a', revision: 2, expected: '1' }),
  ],
  [
    'valid',
    history => history.call({ verb: 'update', path: 's/a', code: 422 }),
    history => history.call({ verb: 'update', path: 's/a', code: 409 }),
  ],
  [
    'watch',
    history =>
      three(history).watch(0, [
        ['ADDED', 's/a', 1],
        ['DELETED', 's/a', 3],
      ]),
    history =>
      three(history).watch(0, [
        ['ADDED', 's/a', 1],
        ['ADDED', 's/b', 2],
        ['DELETED', 's/a', 3],
      ]),
  ],
  [
    'watch',
    history => three(history).watch(1, [['ADDED', 's/a', 1]]),
    history => three(history).watch(1, [['ADDED', 's/b', 2]]),
  ],
  [
    'watch',
    history =>
      three(history).watch(0, [
        ['ADDED', 's/a', 1],
        ['ADDED', 's/a', 1],
      ]),
    history => three(history).watch(0, [['ADDED', 's/a', 1]]),
  ],
  [
    'watch',
    history => three(history).watch(0, [['BOOKMARK', '', 2]]),
    history =>
      three(history).watch(1, [
        ['ADDED', 's/b', 2],
        ['BOOKMARK', '', 2],
      ]),
  ],
  [
    'watch',
    history => three(history).watch(3, [['BOOKMARK', '', 4]]),
    history => three(history).watch(3, [['BOOKMARK', '', 3]]),
  ],
  ['rollout', history => deployed(history, [4, 2]), history => deployed(history, [4, 1])],
  [
    'counts',
    history =>
      deployed(history, [1, 0])
        .put('pods', 's/x', pod(owner('ReplicaSet', SET, 'web-1')), 10_000)
        .put('pods', 's/y', pod(owner('ReplicaSet', SET, 'web-1')), 10_000),
    history =>
      deployed(history, [2, 0])
        .put('pods', 's/x', pod(owner('ReplicaSet', SET, 'web-1')), 10_000)
        .put('pods', 's/y', pod(owner('ReplicaSet', SET, 'web-1')), 10_000),
  ],
  ['budget', history => budget(history, 2), history => budget(history, 1)],
  [
    'identity',
    history => history.ran('s/db-0', 'u1', true).ran('s/db-0', 'u2', true),
    history => history.ran('s/db-0', 'u1', true).ran('s/db-0', 'u1', false).ran('s/db-0', 'u2', true),
  ],
  ['job', history => again(history, false), history => again(history, true)],
  [
    'job',
    history => history.put('batch/jobs', 's/j', job({ succeeded: 1 })),
    history => history.put('batch/jobs', 's/j', job({})),
  ],
  ['cronjob', history => cron(history, false), history => cron(history, true)],
  ['quota', history => quota(history, 3), history => quota(history, 2)],
  [
    'address',
    history => service('b', '10.0.0.1')(service('a', '10.0.0.1')(history)),
    history => service('b', '10.0.0.2')(service('a', '10.0.0.1')(history)),
  ],
  ['placement', history => node(history, '1500m'), history => node(history, '1')],
  ['waiting', history => waits(history, '1', 140_000), history => waits(history, '3', 140_000)],
  ['waiting', history => waits(history, '1', 140_000), history => waits(history, '1', 20_000)],
  [
    'daemonset',
    history => daemonGoes(history, []),
    history => daemonGoes(history, [{ key: 'off', effect: 'NoExecute' }]),
  ],
  ['convergence', history => surging(history, '0'), history => surging(history, '500m')],
  ['nodes', history => lost(history, 5_000), history => lost(history, 60_000)],
  [
    'convergence',
    history =>
      history
        .put('apps/replicasets', 's/lone', {
          kind: 'ReplicaSet',
          spec: { replicas: 1 },
          status: { observedGeneration: 1 },
        })
        .end(),
    history =>
      history
        .put('apps/replicasets', 's/lone', {
          kind: 'ReplicaSet',
          spec: { replicas: 0 },
          status: { observedGeneration: 1 },
        })
        .end(),
  ],
  [
    'convergence',
    history => history.put('configmaps', 's/m', { metadata: owner('Deployment', 'gone', 'web') }).end(),
    history => history.put('configmaps', 's/m', {}).end(),
  ],
];

test('every invariant tells of a history that breaks it, and of none that only looks like it', () => {
  for (const [name, broken, sound] of ROWS) {
    const found = broken(new History()).violations.map(each => each.invariant);
    assert.ok(found.includes(name), `${name}: ${broken}`);
    const alarms = sound(new History()).violations.filter(each => each.invariant === name);
    assert.deepEqual(alarms, [], `${name}: ${sound}`);
  }
});

test('a field that is turned back and forth is a fight, writes without end are churn', () => {
  const history = new History();
  for (let turn = 0; turn < 30; turn++) history.put('configmaps', 's/m', { data: { a: String(turn % 2) } }, 100);
  assert.deepEqual(new Set(history.violations.map(each => each.invariant)), new Set(['fight']));
  for (let turn = 0; turn < 300; turn++) history.put('configmaps', 's/n', { data: { a: String(turn) } }, 10);
  assert.ok(history.violations.some(each => each.invariant === 'churn'));
});

test('the state a watch begins with is whole', () => {
  for (const [events, alarms] of [
    [1, 1],
    [2, 0],
  ] as const) {
    const history = new History().put('pods', 's/a', pod({})).put('pods', 's/b', pod({}));
    stateOf(history, events);
    assert.equal(history.violations.filter(each => each.invariant === 'watch').length, alarms);
  }
});

/** Tells a watch so many of two pods, then that this was the whole state. */
function stateOf(history: History, events: number): void {
  const observers = history.observers;
  for (const observer of observers)
    observer.watching?.({ t: history.t, by: 'p', watch: 2, collection: 'pods', revision: history.revision });
  const told = (
    type: 'ADDED' | 'BOOKMARK',
    path: string,
    revision: number,
    annotations: Record<string, string>,
  ): void => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { annotations } };
    for (const observer of observers)
      observer.deliver?.({ t: history.t, by: 'p', watch: 2, collection: 'pods', type, path, revision, object });
  };
  for (const [index, path] of ['s/a', 's/b'].slice(0, events).entries()) told('ADDED', path, index + 1, {});
  told('BOOKMARK', '', 2, { [INITIAL_EVENTS_END]: 'true' });
}

test('the state of a watch with a selector is whole, also where most of the past is forgotten', () => {
  const COUNT = 1_500;
  for (const [missing, late, alarms] of [
    [0, false, 0],
    [1, false, 1],
    [0, true, 1],
  ] as const) {
    const history = new History();
    for (let at = 0; at < COUNT; at++)
      history.put('pods', `s/p${at}`, pod({ labels: { kind: at % 2 === 0 ? 'even' : 'odd' } }), 1);
    const { observers, t } = history;
    const watch = { t, by: 'p', watch: 3, collection: 'pods' };
    for (const observer of observers)
      observer.watching?.({ ...watch, labelSelector: 'kind=even', revision: history.revision });
    // One object leaves the selection before the state is told; the state is that of an earlier moment.
    history.put('pods', 's/p0', pod({ labels: { kind: 'odd' } }), 1);
    const tell = (type: 'ADDED' | 'BOOKMARK', path: string, revision: number, annotations = {}): void => {
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { annotations } };
      for (const observer of observers) observer.deliver?.({ ...watch, type, path, revision, object });
    };
    for (let at = 2 * missing; at < COUNT; at += 2) tell('ADDED', `s/p${at}`, at + 1);
    tell('BOOKMARK', '', late ? COUNT + 1 : COUNT, { [INITIAL_EVENTS_END]: 'true' });
    assert.equal(history.violations.filter(each => each.invariant === 'watch').length, alarms);
  }
});
