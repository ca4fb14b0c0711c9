import { type Draft, ensure, fill, fillAbsent, isDraft, part, parts } from './fill.ts';
import { podSpec, template } from './pod.ts';

const number = (draft: Draft, field: string, value: number): void => {
  if (draft[field] === undefined) draft[field] = value;
};

export function replicationController(object: Draft): void {
  const spec = part(object, 'spec');
  if (spec === undefined) return;
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels');
  if (labels) {
    if (spec.selector === undefined) spec.selector = { ...labels };
    const metadata = ensure(object, 'metadata');
    if (metadata.labels === undefined) metadata.labels = { ...labels };
  }
  number(spec, 'replicas', 1);
  template(spec);
}

export function deployment(object: Draft): void {
  const spec = ensure(object, 'spec');
  number(spec, 'replicas', 1);
  const strategy = ensure(spec, 'strategy');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    const rolling = ensure(strategy, 'rollingUpdate');
    fill(rolling, 'maxUnavailable', '25%');
    fill(rolling, 'maxSurge', '25%');
  }
  number(spec, 'revisionHistoryLimit', 10);
  number(spec, 'progressDeadlineSeconds', 600);
  template(spec);
}

export function replicaSet(object: Draft): void {
  const spec = ensure(object, 'spec');
  number(spec, 'replicas', 1);
  template(spec);
}

export function daemonSet(object: Draft): void {
  const spec = ensure(object, 'spec');
  const strategy = ensure(spec, 'updateStrategy');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    const rolling = ensure(strategy, 'rollingUpdate');
    number(rolling, 'maxUnavailable', 1);
    number(rolling, 'maxSurge', 0);
  }
  number(spec, 'revisionHistoryLimit', 10);
  template(spec);
}

export function persistentVolumeClaim(object: Draft): void {
  fill(ensure(object, 'spec'), 'volumeMode', 'Filesystem');
  fill(ensure(object, 'status'), 'phase', 'Pending');
}

export function statefulSet(object: Draft): void {
  const spec = ensure(object, 'spec');
  fill(spec, 'podManagementPolicy', 'OrderedReady');
  const strategy = ensure(spec, 'updateStrategy');
  // Who names the type and nothing more is given nothing more (apps/v1 SetDefaults_StatefulSet).
  if (!strategy.type) ensure(strategy, 'rollingUpdate');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate' && isDraft(strategy.rollingUpdate))
    number(strategy.rollingUpdate, 'partition', 0);
  const retention = ensure(spec, 'persistentVolumeClaimRetentionPolicy');
  fill(retention, 'whenDeleted', 'Retain');
  fill(retention, 'whenScaled', 'Retain');
  number(spec, 'replicas', 1);
  number(spec, 'revisionHistoryLimit', 10);
  for (const claim of parts(spec, 'volumeClaimTemplates')) {
    fill(claim, 'apiVersion', 'v1');
    fill(claim, 'kind', 'PersistentVolumeClaim');
    persistentVolumeClaim(claim);
  }
  template(spec);
}

const BACKOFF_UNLIMITED = 2 ** 31 - 1;

export function job(object: Draft): void {
  const spec = ensure(object, 'spec');
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  number(spec, 'parallelism', 1);
  number(spec, 'backoffLimit', spec.backoffLimitPerIndex === undefined ? 6 : BACKOFF_UNLIMITED);
  fillAbsent(spec, 'completionMode', 'NonIndexed');
  if (spec.suspend === undefined) spec.suspend = false;
  if (spec.manualSelector === undefined) spec.manualSelector = false;
  const failurePolicy = part(spec, 'podFailurePolicy');
  fillAbsent(spec, 'podReplacementPolicy', failurePolicy ? 'Failed' : 'TerminatingOrFailed');
  for (const rule of parts(failurePolicy, 'rules')) {
    for (const condition of parts(rule, 'onPodConditions')) fill(condition, 'status', 'True');
  }
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels');
  const metadata = ensure(object, 'metadata');
  if (labels && metadata.labels === undefined) metadata.labels = { ...labels };
  template(spec);
}

export function cronJob(object: Draft): void {
  const spec = ensure(object, 'spec');
  fill(spec, 'concurrencyPolicy', 'Allow');
  if (spec.suspend === undefined) spec.suspend = false;
  number(spec, 'successfulJobsHistoryLimit', 3);
  number(spec, 'failedJobsHistoryLimit', 1);
  podSpec(part(part(part(part(spec, 'jobTemplate'), 'spec'), 'template'), 'spec'));
}

export function podTemplate(object: Draft): void {
  podSpec(part(part(object, 'template'), 'spec'));
}

export function autoscalerV1(object: Draft): void {
  const spec = ensure(object, 'spec');
  number(spec, 'minReplicas', 1);
  const annotations = part(part(object, 'metadata'), 'annotations');
  if (annotations?.['autoscaling.alpha.kubernetes.io/metrics'] === undefined) {
    number(spec, 'targetCPUUtilizationPercentage', 80);
  }
}

export function autoscalerV2(object: Draft): void {
  const spec = ensure(object, 'spec');
  number(spec, 'minReplicas', 1);
  if (!Array.isArray(spec.metrics) || spec.metrics.length === 0) {
    spec.metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ];
  }
  const behavior = part(spec, 'behavior');
  if (behavior === undefined) return;
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
  const up = ensure(behavior, 'scaleUp');
  number(up, 'stabilizationWindowSeconds', 0);
  fill(up, 'selectPolicy', 'Max');
  fill(up, 'policies', [{ type: 'Pods', value: 4, periodSeconds: 15 }, { ...percent }]);
  const down = ensure(behavior, 'scaleDown');
  fill(down, 'selectPolicy', 'Max');
  fill(down, 'policies', [{ ...percent }]);
}
