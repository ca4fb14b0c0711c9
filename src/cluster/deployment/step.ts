import { claim } from '../claim.ts';
import { findCondition } from '../conditions.ts';
import { deleting, type Effect, type Step } from '../effect.ts';
import { nameHash, sameJson } from '../hash.ts';
import { controllerReference } from '../pods.ts';
import { DEPLOYMENTS, REPLICA_SETS } from '../refs.ts';
import { isEmptySelector } from '../selector.ts';
import type { Condition, Deployment, ReplicaSet } from '../types.ts';
import { boundsOf, newReplicas, proportionalSizes, shrinkOld } from './bounds.ts';
import * as revisions from './revision.ts';
import {
  countsOf,
  deadlineIn,
  type DeploymentStatus,
  hasDeadline,
  isComplete,
  rolloutStatus,
  setDeploymentCondition,
} from './status.ts';

const { replicasOf } = revisions;

export interface DeploymentInput {
  readonly deployment: Deployment;
  /** ReplicaSets it controls and orphans its selector matches. */
  readonly sets: readonly ReplicaSet[];
  /** True while a pod of an old ReplicaSet still runs or terminates; Recreate waits for it. */
  readonly oldPodsRun: (old: readonly ReplicaSet[]) => boolean;
  readonly now_ms: number;
}

interface Rollout extends DeploymentInput {
  readonly current: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

/** One Deployment brought one move nearer to its template and count. */
export function stepDeployment(input: DeploymentInput): Step<DeploymentStatus> {
  const { deployment, now_ms } = input;
  if (isEmptySelector(deployment.spec.selector)) return selectsAll(deployment);
  const claimed = claim(REPLICA_SETS, deployment, deployment.spec.selector, input.sets);
  const split = revisions.splitByTemplate(deployment, claimed.owned);
  const rollout: Rollout = { ...input, ...split };
  const counts = withPause(deployment, countsOf(deployment, split.current, split.old, now_ms), now_ms);
  const effects: Effect[] = [...claimed.effects];
  if (deployment.metadata.deletionTimestamp) return { effects, status: counts };
  if (deployment.spec.paused) {
    effects.push(...alignCurrent(rollout), ...rescale(rollout), ...cleanUp(rollout, counts));
    return { effects, status: counts };
  }
  effects.push(...alignCurrent(rollout), ...advance(rollout), ...cleanUp(rollout, counts));
  const created = effects.find(effect => effect.do === 'create');
  const known = created
    ? withCreated(deployment, counts, created, now_ms)
    : withFound(deployment, counts, split.current, now_ms);
  const status =
    created || isRescaled(rollout) ? known : rolloutStatus(deployment, known, split.current, split.old, now_ms);
  const left_ms = deadlineIn(deployment, (status.conditions ?? []) as Condition[], now_ms);
  return { effects, status, ...(left_ms === undefined ? {} : { again_ms: Math.max(1000, left_ms + 1) }) };
}

function selectsAll(deployment: Deployment): Step<DeploymentStatus> {
  const message = 'This deployment is selecting all pods. A non-empty selector is required.';
  return {
    effects: [{ do: 'note', note: { about: deployment, type: 'Warning', reason: 'SelectingAll', message } }],
    status: {
      ...deployment.status,
      ...(deployment.metadata.generation ? { observedGeneration: deployment.metadata.generation } : {}),
    },
  };
}

/** Pausing and resuming is told by the Progressing condition, so that paused time does not count against the deadline. */
function withPause(deployment: Deployment, status: DeploymentStatus, now_ms: number): DeploymentStatus {
  if (!hasDeadline(deployment)) return status;
  const conditions = (status.conditions ?? []) as Condition[];
  const progress = findCondition(conditions, 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded') return status;
  const paused = progress?.reason === 'DeploymentPaused';
  const unknown = (reason: string, message: string): DeploymentStatus =>
    withProgress(status, { type: 'Progressing', status: 'Unknown', reason, message }, now_ms);
  if (deployment.spec.paused && !paused) return unknown('DeploymentPaused', 'Deployment is paused');
  if (!deployment.spec.paused && paused) return unknown('DeploymentResumed', 'Deployment is resumed');
  return status;
}

function withProgress(status: DeploymentStatus, condition: Condition, now_ms: number): DeploymentStatus {
  const conditions = setDeploymentCondition((status.conditions ?? []) as Condition[], condition, now_ms);
  return { ...status, conditions: conditions as NonNullable<DeploymentStatus['conditions']> };
}

function withCreated(
  deployment: Deployment,
  status: DeploymentStatus,
  created: Effect & { do: 'create' },
  now_ms: number,
): DeploymentStatus {
  if (!hasDeadline(deployment)) return status;
  const message = `Created new replica set "${created.object.metadata.name}"`;
  return withProgress(status, { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message }, now_ms);
}

function withFound(
  deployment: Deployment,
  status: DeploymentStatus,
  current: ReplicaSet | undefined,
  now_ms: number,
): DeploymentStatus {
  if (!current || !hasDeadline(deployment) || findCondition(status.conditions, 'Progressing')) return status;
  const message = `Found new replica set "${current.metadata.name}"`;
  return withProgress(status, { type: 'Progressing', status: 'True', reason: 'FoundNewReplicaSet', message }, now_ms);
}

/** Keeps the new ReplicaSet's annotations and the Deployment's revision as they should be. */
function alignCurrent({ deployment, current, old }: Rollout): Effect[] {
  if (!current) return [];
  const effects: Effect[] = [];
  const revision = revisions.larger(revisions.revisionOf(current), revisions.nextRevision(old));
  const annotations = revisions.annotationsFor(deployment, current, revision);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  if (
    !sameJson(annotations, current.metadata.annotations ?? {}) ||
    (current.spec.minReadySeconds ?? 0) !== minReadySeconds
  )
    effects.push({
      do: 'patch',
      ref: REPLICA_SETS,
      key: { namespace: current.metadata.namespace ?? '', name: current.metadata.name },
      patch: { metadata: { annotations }, spec: { minReadySeconds } },
    });
  if (deployment.metadata.annotations?.[revisions.REVISION] !== String(revision))
    effects.push(writeRevision(deployment, revision));
  return effects;
}

const writeRevision = (deployment: Deployment, revision: bigint): Effect => ({
  do: 'patch',
  ref: DEPLOYMENTS,
  key: { namespace: deployment.metadata.namespace ?? '', name: deployment.metadata.name },
  patch: { metadata: { annotations: { [revisions.REVISION]: String(revision) } } },
});

const isActive = (set: ReplicaSet): boolean => replicasOf(set) > 0;

/** spec.replicas moved since the ReplicaSets were last sized: that comes before any rollout. */
function isRescaled({ deployment, current, old }: Rollout): boolean {
  const wanted = String(deployment.spec.replicas ?? 1);
  return [...old, ...(current ? [current] : [])]
    .filter(isActive)
    .some(set => (set.metadata.annotations?.[revisions.DESIRED_REPLICAS] ?? wanted) !== wanted);
}

function advance(rollout: Rollout): Effect[] {
  if (isRescaled(rollout)) return rescale(rollout);
  return rollout.deployment.spec.strategy?.type === 'Recreate' ? recreate(rollout) : roll(rollout);
}

function roll(rollout: Rollout): Effect[] {
  const { deployment, current, old } = rollout;
  if (!current) return [...createCurrent(rollout)];
  const wanted = deployment.spec.replicas ?? 1;
  const size = replicasOf(current) > wanted ? wanted : newReplicas(deployment, [...old, current], current);
  if (size !== replicasOf(current)) return resize(deployment, current, size);
  return [...shrinkOld(deployment, current, old)].flatMap(([set, smaller]) => resize(deployment, set, smaller));
}

function recreate(rollout: Rollout): Effect[] {
  const { deployment, current, old } = rollout;
  const running = old.filter(isActive);
  if (running.length > 0) return running.flatMap(set => resize(deployment, set, 0));
  if (rollout.oldPodsRun(old)) return [];
  if (!current) return createCurrent(rollout);
  return resize(deployment, current, deployment.spec.replicas ?? 1);
}

/** Sizes follow spec.replicas: one active ReplicaSet takes it all, several share it. */
function rescale({ deployment, current, old }: Rollout): Effect[] {
  const wanted = deployment.spec.replicas ?? 1;
  const all = [...old, ...(current ? [current] : [])];
  const active = all.filter(isActive);
  if (active.length <= 1) {
    const only = active[0] ?? current ?? all.sort(revisions.newestFirst)[0];
    return only ? resize(deployment, only, wanted) : [];
  }
  if (current && isSaturated(deployment, current))
    return old.filter(isActive).flatMap(set => resize(deployment, set, 0));
  if (deployment.spec.strategy?.type === 'Recreate') return [];
  return [...proportionalSizes(deployment, active)].flatMap(([set, size]) => resize(deployment, set, size));
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    replicasOf(set) === wanted &&
    Number(set.metadata.annotations?.[revisions.DESIRED_REPLICAS]) === wanted &&
    (set.status?.availableReplicas ?? 0) === wanted
  );
}

const sizeAnnotations = (deployment: Deployment): { [key: string]: string } => {
  const { wanted, maxSurge } = boundsOf(deployment);
  return { [revisions.DESIRED_REPLICAS]: String(wanted), [revisions.MAX_REPLICAS]: String(wanted + maxSurge) };
};

function resize(deployment: Deployment, set: ReplicaSet, size: number): Effect[] {
  const from = replicasOf(set);
  const annotations = { ...set.metadata.annotations, ...sizeAnnotations(deployment) };
  if (from === size && sameJson(annotations, set.metadata.annotations ?? {})) return [];
  const object = { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, replicas: size } };
  const direction = size > from ? 'up' : 'down';
  const message = `Scaled ${direction} replica set ${set.metadata.name} from ${from} to ${size}`;
  return [
    {
      do: 'update',
      ref: REPLICA_SETS,
      object,
      ...(from === size
        ? {}
        : { done: { about: deployment, type: 'Normal' as const, reason: 'ScalingReplicaSet', message } }),
    },
  ];
}

function createCurrent({ deployment, old }: Rollout): Effect[] {
  const hash = nameHash(deployment.spec.template, deployment.status?.collisionCount);
  const name = `${deployment.metadata.name}-${hash}`;
  const labels = { ...deployment.spec.template.metadata?.labels, [revisions.HASH_LABEL]: hash };
  const replicas = newReplicas(deployment, old, undefined);
  const revision = revisions.nextRevision(old);
  const { selector, template, minReadySeconds } = deployment.spec;
  const object = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: { ...revisions.annotationsFor(deployment, undefined, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [revisions.HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
  const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
  return [
    {
      do: 'create',
      ref: REPLICA_SETS,
      object,
      ...(replicas > 0
        ? { done: { about: deployment, type: 'Normal' as const, reason: 'ScalingReplicaSet', message } }
        : {}),
    },
    writeRevision(deployment, revision),
  ];
}

/** Once a rollout is complete, old empty ReplicaSets beyond revisionHistoryLimit go, oldest revision first. */
function cleanUp({ deployment, old }: Rollout, status: DeploymentStatus): Effect[] {
  if (!isComplete(deployment, status)) return [];
  const kept = deployment.spec.revisionHistoryLimit ?? 10;
  const candidates = old.filter(set => !set.metadata.deletionTimestamp);
  const surplus = candidates.length - kept;
  if (surplus <= 0) return [];
  return candidates
    .sort((a, b) => Number(revisions.revisionOf(a) - revisions.revisionOf(b)) || revisions.oldestFirst(a, b))
    .slice(0, surplus)
    .filter(
      set =>
        replicasOf(set) === 0 &&
        !set.status?.replicas &&
        (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
    )
    .map(set => deleting(REPLICA_SETS, set));
}
