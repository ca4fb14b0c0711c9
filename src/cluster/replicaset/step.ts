import { claim } from '../claim.ts';
import { setCondition, withoutCondition } from '../conditions.ts';
import { deleting, type Effect, soonest, type Step } from '../effect.ts';
import {
  availableIn,
  generatePrefix,
  isActive,
  isReady,
  isTerminated,
  isTerminating,
  podFromTemplate,
} from '../pods.ts';
import { PODS } from '../refs.ts';
import { matchesLabels } from '../selector.ts';
import type { Condition, Pod, ReplicaSet } from '../types.ts';
import { rankForDeletion } from './rank.ts';

/** Pods one pass creates or deletes at most (BurstReplicas). */
const BURST_MAX = 500;

export interface ReplicaSetInput {
  readonly set: ReplicaSet;
  /** Pods it controls and orphans its selector matches. */
  readonly pods: readonly Pod[];
  /** Pods of every ReplicaSet of the same owner: those that share a node are deleted first. */
  readonly related: readonly Pod[];
  /** What made the last effects fail. */
  readonly failure?: { readonly reason: 'FailedCreate' | 'FailedDelete'; readonly message: string };
  readonly now_ms: number;
}

export type ReplicaSetStatus = NonNullable<ReplicaSet['status']>;

/** One ReplicaSet brought nearer to its count of pods. */
export function stepReplicaSet(input: ReplicaSetInput): Step<ReplicaSetStatus> {
  const { set } = input;
  const claimed = claim(PODS, set, set.spec.selector, input.pods);
  const active = claimed.owned.filter(isActive);
  const manage = set.metadata.deletionTimestamp ? [] : scale(input, active);
  return {
    effects: [...claimed.effects, ...manage],
    status: statusOf(input, claimed.owned, active),
    ...availability(input, active),
  };
}

function scale({ set, related, now_ms }: ReplicaSetInput, active: readonly Pod[]): Effect[] {
  const wanted = set.spec.replicas ?? 1;
  const missing = wanted - active.length;
  if (missing > 0) {
    const object = podFromTemplate(set.spec.template, set, { generateName: generatePrefix(set.metadata.name) });
    return Array.from({ length: Math.min(missing, BURST_MAX) }, () => creation(set, object));
  }
  const surplus = Math.min(-missing, BURST_MAX);
  if (surplus === 0) return [];
  const victims = rankForDeletion(active, related.filter(isActive), now_ms).slice(0, surplus);
  return victims.map(pod =>
    deleting(PODS, pod, {
      done: { about: set, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
      failed: { about: set, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
    }),
  );
}

/** A pod's creation with the events every workload controller tells of it. */
export const creation = (owner: ReplicaSet | Parameters<typeof podFromTemplate>[1], object: Pod): Effect => ({
  do: 'create',
  ref: PODS,
  object,
  done: { about: owner as ReplicaSet, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
  failed: { about: owner as ReplicaSet, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
});

function statusOf(input: ReplicaSetInput, owned: readonly Pod[], active: readonly Pod[]): ReplicaSetStatus {
  const { set, now_ms } = input;
  const labels = set.spec.template.metadata?.labels;
  const ready = active.filter(isReady);
  const conditions = failureConditions((set.status?.conditions ?? []) as Condition[], input);
  return {
    replicas: active.length,
    ...positive('fullyLabeledReplicas', active.filter(pod => matchesLabels(labels, pod.metadata.labels)).length),
    ...positive('readyReplicas', ready.length),
    ...positive(
      'availableReplicas',
      ready.filter(pod => availableIn(pod, set.spec.minReadySeconds, now_ms) === 0).length,
    ),
    terminatingReplicas: owned.filter(pod => isTerminating(pod) && !isTerminated(pod)).length,
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(conditions.length > 0 ? { conditions: conditions as NonNullable<ReplicaSetStatus['conditions']> } : {}),
  };
}

const positive = (field: string, count: number): { [field: string]: number } => (count > 0 ? { [field]: count } : {});

function failureConditions(conditions: Condition[], { failure, now_ms }: ReplicaSetInput): Condition[] {
  if (!failure) return withoutCondition(conditions, 'ReplicaFailure');
  if (conditions.some(condition => condition.type === 'ReplicaFailure')) return conditions;
  return setCondition(conditions, { type: 'ReplicaFailure', status: 'True', ...failure }, now_ms);
}

function availability({ set, now_ms }: ReplicaSetInput, active: readonly Pod[]): { again_ms?: number } {
  const waits = active.map(pod => availableIn(pod, set.spec.minReadySeconds, now_ms)).filter(wait => wait !== 0);
  const again_ms = soonest(...waits);
  return again_ms === undefined ? {} : { again_ms };
}
