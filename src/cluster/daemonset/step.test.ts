import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonSet, Node, Pod } from '../types.ts';
import { daemonPod } from './pod.ts';
import { type DaemonSetStatus, stepDaemonSet } from './step.ts';

const set = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'fleet', namespace: 'shop', uid: 'set', generation: 1 },
  spec: {
    selector: { matchLabels: { app: 'fleet' } },
    template: { metadata: { labels: { app: 'fleet' } }, spec: { containers: [{ name: 'c', image: 'a:2' }] } },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  },
} as unknown as DaemonSet;
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'n1' }, spec: {} } as unknown as Node;

const step = (pods: readonly Pod[]): ReturnType<typeof stepDaemonSet> =>
  stepDaemonSet({ set, pods, nodes: [node], revisions: [], retryIn: () => 0, now_ms: 60_000 });

/** The label that the newest template gives its pods, as a first step makes them. */
const newest = (): string => {
  const made = step([]).effects.find(effect => effect.do === 'create' && effect.object.kind === 'Pod');
  assert.ok(made?.do === 'create');
  return made.object.metadata.labels?.['controller-revision-hash'] ?? '';
};

const daemon = (name: string, revision: string, second: number, on: { nodeName?: string; ready: boolean }): Pod => {
  const { metadata, spec, ...rest } = daemonPod(set, revision, 'n1');
  return {
    ...rest,
    metadata: {
      ...metadata,
      name,
      namespace: 'shop',
      uid: name,
      creationTimestamp: `1970-01-01T00:00:${String(second).padStart(2, '0')}Z`,
    },
    spec: { ...spec, ...(on.nodeName ? { nodeName: on.nodeName } : {}) },
    status: {
      phase: on.nodeName ? 'Running' : 'Pending',
      conditions: [{ type: 'Ready', status: on.ready ? 'True' : 'False' }],
    },
  } as Pod;
};
const counts = ({ updatedNumberScheduled = 0, numberReady, numberAvailable = 0 }: DaemonSetStatus): number[] => [
  updatedNumberScheduled,
  numberReady,
  numberAvailable,
];

test('a node is counted by the oldest daemon that was put on it', () => {
  const hash = newest();
  const old = daemon('old', 'before', 1, { nodeName: 'n1', ready: true });
  const waiting = daemon('new', hash, 2, { ready: false });
  const starting = daemon('new', hash, 2, { nodeName: 'n1', ready: false });
  const serving = daemon('new', hash, 2, { nodeName: 'n1', ready: true });
  const rows: readonly (readonly [string, readonly Pod[], number[]])[] = [
    ['the new one finds no room', [old, waiting], [0, 1, 1]],
    ['the new one starts', [old, starting], [0, 1, 1]],
    ['both serve', [old, serving], [0, 1, 1]],
    ['the old one is gone', [serving], [1, 1, 1]],
    ['there was no old one', [waiting], [1, 0, 0]],
  ];
  for (const [what, pods, wanted] of rows) assert.deepEqual(counts(step(pods).status), wanted, what);
});

test('the old daemon goes when the new one beside it serves, and not before', () => {
  const hash = newest();
  const old = daemon('old', 'before', 1, { nodeName: 'n1', ready: true });
  const removed = (pods: readonly Pod[]): string[] =>
    step(pods).effects.flatMap(effect => (effect.do === 'delete' ? [effect.key.name] : []));
  assert.deepEqual(removed([old, daemon('new', hash, 2, { ready: false })]), []);
  assert.deepEqual(removed([old, daemon('new', hash, 2, { nodeName: 'n1', ready: true })]), ['old']);
});

test('old daemons of nodes that take no new ones are updated away: unavailable ones at once, others as the strategy bounds it', () => {
  const hash = newest();
  const closed = {
    ...node,
    metadata: { name: 'n1', uid: 'n1' },
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
  } as Node;
  const open = { ...node, metadata: { name: 'n2', uid: 'n2' } } as Node;
  const at = (on: string, name: string, revision: string, ready: boolean): Pod =>
    daemon(name, revision, 1, { nodeName: on, ready });
  const deleted = (rollingUpdate: object, pods: readonly Pod[]): string[] =>
    stepDaemonSet({
      set: { ...set, spec: { ...set.spec, updateStrategy: { type: 'RollingUpdate', rollingUpdate } } } as DaemonSet,
      pods,
      nodes: [closed, open],
      revisions: [],
      retryIn: () => 0,
      now_ms: 60_000,
    }).effects.flatMap(effect => (effect.do === 'delete' ? [effect.key.name] : []));
  const [roll, surge] = [{ maxUnavailable: 1 }, { maxSurge: 1, maxUnavailable: 0 }];
  const rows: readonly (readonly [object, readonly [string, boolean], readonly [string, boolean], string[]])[] = [
    [roll, ['before', true], [hash, true], ['closed']],
    [roll, ['before', true], [hash, false], []],
    [roll, ['before', false], [hash, false], ['closed']],
    [roll, [hash, false], ['before', true], []],
    [roll, [hash, true], ['before', true], ['open']],
    [surge, ['before', true], [hash, true], ['closed']],
    [surge, ['before', true], [hash, false], []],
    [surge, ['before', false], [hash, true], ['closed']],
    [surge, [hash, true], [hash, true], []],
  ];
  for (const [strategy, one, two, wanted] of rows)
    assert.deepEqual(
      deleted(strategy, [at('n1', 'closed', ...one), at('n2', 'open', ...two)]),
      wanted,
      JSON.stringify([strategy, one, two]),
    );
});
