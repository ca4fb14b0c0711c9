import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../kernel/index.ts';
import { summarize } from './pods.ts';

const pod = (spec: object, status: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...metadata },
  spec,
  status,
});
const ready = { name: 'c', ready: true, restartCount: 0, state: { running: {} } };
const one = { containers: [{ name: 'c' }] };
const initOne = { ...one, initContainers: [{ name: 'i' }] };
const sidecar = { ...one, initContainers: [{ name: 's', restartPolicy: 'Always' }] };

const ROWS: readonly (readonly [string, KubeObject, string, string])[] = [
  ['running', pod(one, { phase: 'Running', containerStatuses: [ready] }), '1/1', 'Running'],
  ['pending', pod(one, { phase: 'Pending' }), '0/1', 'Pending'],
  [
    'gated',
    pod(one, { phase: 'Pending', conditions: [{ type: 'PodScheduled', reason: 'SchedulingGated', status: 'False' }] }),
    '0/1',
    'SchedulingGated',
  ],
  [
    'crash loop',
    pod(one, {
      phase: 'Running',
      containerStatuses: [
        { ...ready, ready: false, restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      ],
    }),
    '0/1',
    'CrashLoopBackOff',
  ],
  [
    'exit code',
    pod(one, {
      phase: 'Failed',
      containerStatuses: [{ ...ready, ready: false, state: { terminated: { exitCode: 3 } } }],
    }),
    '0/1',
    'ExitCode:3',
  ],
  [
    'signal',
    pod(one, {
      phase: 'Failed',
      containerStatuses: [{ ...ready, ready: false, state: { terminated: { signal: 9, exitCode: 137 } } }],
    }),
    '0/1',
    'Signal:9',
  ],
  [
    'init running',
    pod(initOne, { phase: 'Pending', initContainerStatuses: [{ name: 'i', restartCount: 0, state: { running: {} } }] }),
    '0/1',
    'Init:0/1',
  ],
  [
    'init failed',
    pod(initOne, {
      phase: 'Pending',
      initContainerStatuses: [{ name: 'i', restartCount: 1, state: { terminated: { exitCode: 2 } } }],
    }),
    '0/1',
    'Init:ExitCode:2',
  ],
  [
    'init waiting',
    pod(initOne, {
      phase: 'Pending',
      initContainerStatuses: [{ name: 'i', restartCount: 0, state: { waiting: { reason: 'ErrImagePull' } } }],
    }),
    '0/1',
    'Init:ErrImagePull',
  ],
  [
    'sidecar counts',
    pod(sidecar, {
      phase: 'Running',
      initContainerStatuses: [{ name: 's', started: true, ready: true, restartCount: 0, state: { running: {} } }],
      containerStatuses: [ready],
    }),
    '2/2',
    'Running',
  ],
  [
    'completed beside running',
    pod(
      { containers: [{ name: 'c' }, { name: 'd' }] },
      {
        phase: 'Running',
        containerStatuses: [
          { name: 'd', restartCount: 0, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          ready,
        ],
      },
    ),
    '1/2',
    'NotReady',
  ],
  [
    'terminating',
    pod(one, { phase: 'Running', containerStatuses: [ready] }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    '1/1',
    'Terminating',
  ],
  [
    'node lost',
    pod(one, { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    '0/1',
    'Unknown',
  ],
];

for (const [name, object, count, status] of ROWS) {
  test(`pod status: ${name}`, () => {
    const found = summarize(object);
    assert.deepEqual([`${found.ready}/${found.total}`, found.reason], [count, status]);
  });
}
