import { findCondition, setCondition, withoutCondition } from '../conditions.ts';
import { formatTime, parseTime } from '../time.ts';
import type { Condition, Deployment, ReplicaSet } from '../types.ts';
import { boundsOf } from './bounds.ts';

export type DeploymentStatus = NonNullable<Deployment['status']>;

/** Kubernetes' "no deadline": math.MaxInt32. */
const NO_DEADLINE = 2_147_483_647;

const total = (
  sets: readonly ReplicaSet[],
  field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas',
): number => sets.reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0);

const positive = (field: string, count: number): { [field: string]: number } => (count > 0 ? { [field]: count } : {});

/** A Deployment condition; lastUpdateTime moves with every message, lastTransitionTime with the status only. */
export function setDeploymentCondition(
  conditions: readonly Condition[],
  wanted: Condition,
  now_ms: number,
): Condition[] {
  const old = findCondition(conditions, wanted.type);
  if (old && old.status === wanted.status && old.reason === wanted.reason) return conditions as Condition[];
  return setCondition(conditions, { ...wanted, lastUpdateTime: formatTime(now_ms) }, now_ms);
}

/** Counts and the Available condition, from what the ReplicaSets report. */
export function countsOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  now_ms: number,
): DeploymentStatus {
  const all = current ? [...old, current] : old;
  const { wanted, maxUnavailable } = boundsOf(deployment);
  const replicas = total(all, 'replicas');
  const available = total(all, 'availableReplicas');
  const enough = available >= wanted - maxUnavailable;
  const conditions = setDeploymentCondition(
    (deployment.status?.conditions ?? []) as Condition[],
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    now_ms,
  );
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...positive('replicas', replicas),
    ...positive('updatedReplicas', current?.status?.replicas ?? 0),
    ...positive('readyReplicas', total(all, 'readyReplicas')),
    ...positive('availableReplicas', available),
    ...positive('unavailableReplicas', Math.max(0, replicas - available)),
    terminatingReplicas: total(all, 'terminatingReplicas'),
    ...positive('collisionCount', deployment.status?.collisionCount ?? 0),
    conditions: conditions as NonNullable<DeploymentStatus['conditions']>,
  };
}

/** All replicas are of the present template and available, and nothing of an old one is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function isProgressing(deployment: Deployment, status: DeploymentStatus): boolean {
  const before = deployment.status ?? {};
  const oldReplicas = (each: DeploymentStatus): number => (each.replicas ?? 0) - (each.updatedReplicas ?? 0);
  return (
    (status.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldReplicas(status) < oldReplicas(before) ||
    (status.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

export const hasDeadline = (deployment: Deployment): boolean =>
  deployment.spec.progressDeadlineSeconds !== undefined && deployment.spec.progressDeadlineSeconds !== NO_DEADLINE;

/** Milliseconds left of the progress deadline; undefined when none is running. */
export function deadlineIn(
  deployment: Deployment,
  conditions: readonly Condition[],
  now_ms: number,
): number | undefined {
  const progress = findCondition(conditions, 'Progressing');
  if (!progress || !hasDeadline(deployment) || deployment.spec.paused) return undefined;
  if (progress.reason === 'NewReplicaSetAvailable' || progress.reason === 'ProgressDeadlineExceeded') return undefined;
  const since_ms = parseTime(progress.lastUpdateTime) ?? parseTime(progress.lastTransitionTime) ?? now_ms;
  return since_ms + (deployment.spec.progressDeadlineSeconds ?? 600) * 1000 - now_ms;
}

/** Adds the Progressing and ReplicaFailure conditions of a rollout (Deployment, "Deployment status"). */
export function rolloutStatus(
  deployment: Deployment,
  counts: DeploymentStatus,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  now_ms: number,
): DeploymentStatus {
  let conditions = (counts.conditions ?? []) as Condition[];
  const progress = findCondition(conditions, 'Progressing');
  const settled =
    (counts.replicas ?? 0) === (counts.updatedReplicas ?? 0) && progress?.reason === 'NewReplicaSetAvailable';
  const name = current?.metadata.name ?? deployment.metadata.name;
  const subject = current ? `ReplicaSet "${name}"` : `Deployment "${name}"`;
  if (!hasDeadline(deployment)) conditions = withoutCondition(conditions, 'Progressing');
  else if (!settled) {
    const set = (status: string, reason: string, message: string): Condition[] =>
      setDeploymentCondition(conditions, { type: 'Progressing', status, reason, message }, now_ms);
    if (isComplete(deployment, counts))
      conditions = set('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`);
    else if (isProgressing(deployment, counts)) {
      const fresh = setCondition(
        withoutCondition(conditions, 'Progressing'),
        {
          type: 'Progressing',
          status: 'True',
          reason: 'ReplicaSetUpdated',
          message: `${subject} is progressing.`,
          lastUpdateTime: formatTime(now_ms),
        },
        now_ms,
      );
      conditions =
        progress?.status === 'True' && progress.lastTransitionTime
          ? keepTransition(fresh, progress.lastTransitionTime)
          : fresh;
    } else if ((deadlineIn(deployment, conditions, now_ms) ?? 1) <= 0)
      conditions = set('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`);
  }
  return {
    ...counts,
    conditions: withReplicaFailure(conditions, current, old) as NonNullable<DeploymentStatus['conditions']>,
  };
}

const keepTransition = (conditions: readonly Condition[], lastTransitionTime: string): Condition[] =>
  conditions.map(each => (each.type === 'Progressing' ? { ...each, lastTransitionTime } : each));

function withReplicaFailure(
  conditions: Condition[],
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Condition[] {
  for (const set of current ? [current, ...old] : old) {
    const failure = findCondition(set.status?.conditions, 'ReplicaFailure');
    if (failure?.status === 'True') return [...withoutCondition(conditions, 'ReplicaFailure'), failure as Condition];
  }
  return withoutCondition(conditions, 'ReplicaFailure');
}
