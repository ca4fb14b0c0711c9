import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../base/index.ts';
import { DEPLOYMENTS } from '../cluster/refs.ts';
import { deploymentOf, TestHost } from '../cluster/testhost.ts';
import type { KubeObject } from '../kernel/index.ts';
import { type MetricsSource, startScaling } from './index.ts';

const AUTOSCALERS = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };
const target = (name: string, apiVersion = 'apps/v1'): object => ({ apiVersion, kind: 'Deployment', name });
const queue = (target: object): object => ({ type: 'External', external: { metric: { name: 'queue' }, target } });
const CPU = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };

interface Told extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
    readonly currentMetrics?: readonly { readonly type: string }[] | null;
  };
}

interface Setting {
  readonly specs: Readonly<Record<string, object>>;
  readonly metrics?: Partial<MetricsSource>;
  readonly replicas?: number;
  readonly run_ms?: number;
}

/** Looks (one, where nothing else is said) at each autoscaler of Deployment `web`: Events, conditions, current metrics and the count. */
async function look({ specs, metrics, replicas = 3, run_ms = 10_000 }: Setting) {
  await using host = await TestHost.start({ startup_ms: 500 });
  const notes: string[] = [];
  await using scaling = startScaling({
    client: host.client,
    clock: host.clock,
    random: seededRandom(3),
    catalog: host.kernel.catalog,
    metrics: { resource: async () => new Map(), ...metrics },
    note: (about, _type, reason, message) => notes.push(`${about.metadata.name} ${reason}: ${message}`),
    report: error => notes.push(`error ${String(error)}`),
  });
  await scaling.whenSynced();
  await host.create(DEPLOYMENTS, deploymentOf('web', replicas));
  await host.run(2_000);
  for (const [name, spec] of Object.entries(specs))
    await host.create(AUTOSCALERS, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: { maxReplicas: 20, ...spec },
    });
  await host.run(run_ms);
  const found = await host.list<Told>(AUTOSCALERS);
  const deployment = await host.client.get(DEPLOYMENTS, { namespace: 'default', name: 'web' });
  return {
    notes,
    conditions: Object.fromEntries(
      found.map(({ metadata, status }) => [
        metadata.name,
        (status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      ]),
    ),
    current: found.map(({ status }) => (status?.currentMetrics ?? []).map(({ type }) => type)),
    replicas: (deployment.spec as { replicas: number }).replicas,
  };
}

test('two autoscalers of the same pods both say so and scale nothing', async () => {
  const spec = { scaleTargetRef: target('web'), metrics: [CPU] };
  const { notes, conditions } = await look({ specs: { a: spec, b: spec }, run_ms: 17_000 });
  const said = 'pods by selector app=web are controlled by multiple HPAs: [default/a default/b]';
  for (const name of ['a', 'b']) {
    assert.ok(notes.includes(`${name} AmbiguousSelector: ${said}`), notes.join('\n'));
    assert.ok(notes.includes(`${name} FailedComputeMetricsReplicas: ${said}`));
    assert.ok(conditions[name]!.includes('ScalingActive False AmbiguousSelector'));
  }
});

test('metrics nobody serves are told in the words of the reference, and keep their place', async () => {
  const specs = {
    a: { scaleTargetRef: target('web'), metrics: [queue({ type: 'AverageValue', averageValue: '10' }), CPU] },
  };
  const reading = { valueMilli: 1, at_ms: Number.MAX_SAFE_INTEGER, window_ms: 0 };
  const { notes, current } = await look({
    specs,
    metrics: { resource: async () => new Map([['web', reading]]) },
  });
  const missing =
    'unable to get external metric default/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)';
  assert.ok(notes.includes(`a FailedGetExternalMetric: ${missing}`), notes.join('\n'));
  const all = `failed to get queue external metric value: failed to get queue external metric: ${missing}`;
  assert.ok(
    notes.includes(`a FailedComputeMetricsReplicas: invalid metrics (2 invalid out of 2), first error is: ${all}`),
    notes.join('\n'),
  );
  assert.deepEqual(current, [['', '']]);
});

test('an external metric scales up under its own name, whatever fails beside it', async () => {
  const specs = { a: { scaleTargetRef: target('web'), metrics: [CPU, queue({ type: 'Value', value: '10' })] } };
  const { notes, replicas, current } = await look({ specs, metrics: { external: async () => 20_000 } });
  assert.equal(replicas, 6);
  assert.ok(
    notes.includes('a SuccessfulRescale: New size: 6; reason: external metric queue(nil) above target'),
    notes.join('\n'),
  );
  assert.deepEqual(current, [['', 'External']]);
});

test('the kind of a target counts, not the version it is written in; one without a scale is refused', async () => {
  const specs = {
    old: { scaleTargetRef: target('web', 'apps/v1beta1'), minReplicas: 5, metrics: [CPU] },
    none: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web' }, metrics: [CPU] },
  };
  const { conditions, replicas } = await look({ specs });
  assert.equal(replicas, 5);
  assert.ok(
    conditions.old!.includes('AbleToScale True SucceededRescale') ||
      conditions.old!.includes('AbleToScale True SucceededGetScale'),
  );
  assert.deepEqual(conditions.none, ['AbleToScale False FailedGetScale']);
});
