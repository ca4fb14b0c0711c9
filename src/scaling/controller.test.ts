import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../kernel/index.ts';
import { deploymentOf, TestHost } from '../cluster/testhost.ts';
import { DEPLOYMENTS } from '../cluster/refs.ts';
import { type PodMetric, type Scaling, startScaling } from './index.ts';

const AUTOSCALERS = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };

interface Told extends KubeObject {
  status?: {
    currentReplicas?: number;
    desiredReplicas?: number;
    conditions?: { type: string; status: string; reason: string; message: string }[];
    currentMetrics?: { resource: { current: { averageUtilization?: number; averageValue?: string } } }[];
  };
}

/** A host whose pods use so much, watched by an autoscaler whose wall clock is ahead by so many milliseconds. */
async function started(
  usage: () => number | undefined,
  ahead_ms: () => number = () => 0,
): Promise<{ host: TestHost; scaling: Scaling; notes: string[] }> {
  const host = await TestHost.start({ startup_ms: 500 });
  const notes: string[] = [];
  const scaling = startScaling({
    client: host.client,
    clock: {
      now: () => host.clock.now() + ahead_ms(),
      monotonic: () => host.clock.monotonic(),
      after: (delay_ms, action) => host.clock.after(delay_ms, action),
    },
    random: { next: () => 0.5, bytes: count => new Uint8Array(count) },
    catalog: host.kernel.catalog,
    metrics: {
      resource: async () => {
        const value = usage();
        if (value === undefined)
          throw new Error('unable to get metrics for resource cpu: no metrics returned from resource metrics API');
        const { items } = await host.client.list<KubeObject>({ group: '', version: 'v1', resource: 'pods' });
        const at_ms = host.clock.now();
        return new Map(
          items.map(({ metadata }): [string, PodMetric] => [
            metadata.name!,
            { valueMilli: value, at_ms, window_ms: 15_000 },
          ]),
        );
      },
    },
    note: (_about, type, reason, message) => notes.push(`${type} ${reason}: ${message}`),
  });
  const web = deploymentOf('web', 2) as { spec: { template: { spec: { containers: object[] } } } };
  Object.assign(web.spec.template.spec.containers[0]!, { resources: { requests: { cpu: '100m' } } });
  await host.create(DEPLOYMENTS, web);
  return { host, scaling, notes };
}

const autoscaler = (extra: object = {}): KubeObject =>
  ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 2,
      maxReplicas: 10,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      ...extra,
    },
  }) as unknown as KubeObject;

const told = async (host: TestHost): Promise<NonNullable<Told['status']>> =>
  (await host.client.get<Told>(AUTOSCALERS, { namespace: 'default', name: 'web' })).status ?? {};

const condition = ({ conditions = [] }: NonNullable<Told['status']>, type: string): string => {
  const found = conditions.find(each => each.type === type);
  return `${found?.status} ${found?.reason}`;
};

test('load scales up at the pace of the default rules, calm scales down after the window', async () => {
  let usage = 200;
  const { host, scaling, notes } = await started(() => usage);
  await host.run(360_000);
  await host.create(AUTOSCALERS, autoscaler({ behavior: {} }));
  await host.run(60_000);
  const up = await told(host);
  assert.equal(up.desiredReplicas, 10);
  assert.equal(condition(up, 'ScalingLimited'), 'True TooManyReplicas');
  assert.equal(up.currentMetrics?.[0]?.resource.current.averageUtilization, 200);
  assert.equal(
    notes[0],
    'Normal SuccessfulRescale: New size: 6; reason: cpu resource utilization (percentage of request) above target',
  );
  usage = 10;
  await host.run(120_000);
  const waiting = await told(host);
  assert.equal(waiting.desiredReplicas, 10);
  assert.equal(condition(waiting, 'AbleToScale'), 'True ScaleDownStabilized');
  await host.run(600_000);
  assert.equal((await told(host)).desiredReplicas, 2);
  assert.match(notes.at(-1)!, /^Normal SuccessfulRescale: New size: 2; reason: All metrics below target$/);
  await scaling[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

test('without metrics nothing is scaled and the status says why', async () => {
  const { host, scaling, notes } = await started(() => undefined);
  await host.create(AUTOSCALERS, autoscaler());
  await host.run(20_000);
  const status = await told(host);
  assert.equal(condition(status, 'ScalingActive'), 'False FailedGetResourceMetric');
  assert.ok(
    notes.includes(
      'Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    ),
  );
  await scaling[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

test('bounds are kept without asking for metrics, a target that is not there is told', async () => {
  const { host, scaling } = await started(() => 0);
  await host.create(AUTOSCALERS, autoscaler({ minReplicas: 4 }));
  await host.run(20_000);
  assert.equal((await told(host)).desiredReplicas, 4);
  await host.client.patch(
    AUTOSCALERS,
    { namespace: 'default', name: 'web' },
    { type: 'merge', patch: { spec: { scaleTargetRef: { name: 'gone' } } } },
  );
  await host.run(20_000);
  assert.equal(condition(await told(host), 'AbleToScale'), 'False FailedGetScale');
  await scaling[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

test('a wall clock that was ahead for a while holds no scaling up back once it is right again', async () => {
  let [usage, ahead_ms] = [50, 0];
  const { host, scaling } = await started(
    () => usage,
    () => ahead_ms,
  );
  await host.run(360_000);
  await host.create(AUTOSCALERS, autoscaler({ behavior: { scaleUp: { stabilizationWindowSeconds: 60 } } }));
  ahead_ms = 600_000;
  await host.run(60_000);
  assert.equal((await told(host)).desiredReplicas, 2);
  ahead_ms = 0;
  usage = 200;
  await host.run(180_000);
  assert.equal((await told(host)).desiredReplicas, 10);
  await scaling[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});
