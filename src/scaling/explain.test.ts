import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../kernel/index.ts';
import { explainReplicas } from './index.ts';

const autoscaler = (status?: object): KubeObject =>
  ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: {},
    status,
  }) as unknown as KubeObject;

test('what was decided is told with its reasons; nothing is told before', () => {
  assert.equal(explainReplicas(autoscaler(), 3), undefined);
  const message =
    'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)';
  const decided = autoscaler({
    desiredReplicas: 3,
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 80, averageValue: '80m' } } },
    ],
    conditions: [{ type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message }],
  });
  assert.equal(explainReplicas(decided, 3)?.outcome, 'allow');
  const other = explainReplicas(decided, 7);
  assert.equal(other?.outcome, 'deny');
  assert.deepEqual(
    other?.because.map(({ en }) => en),
    ['It wants 3 replicas', 'cpu is at 80m (80%) a pod', `ValidMetricFound: ${message}`],
  );
});
